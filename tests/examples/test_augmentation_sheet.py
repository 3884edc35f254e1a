"""The sheet of augmentations is written, from the sample and from a picture of the user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples" / "augmentation_sheet.py"


@pytest.mark.slow
def test_sheets(tmp_path):
    Image.new("RGB", (50, 60), (255, 0, 0)).save(tmp_path / "red.png")
    sheets = []
    for options in ([], ["--picture", "red.png"]):
        done = subprocess.run(
            [sys.executable, "-W", "error", str(EXAMPLE), *options],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "THALWEG_OFFLINE": "1", "THALWEG_HOME": str(tmp_path)},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == "wrote augmentations.png\n"
        with Image.open(tmp_path / "augmentations.png") as sheet:
            sheets.append(sheet.copy())
    drawn, red = sheets
    assert drawn.size == red.size
    assert red.getpixel((230, 40)) == (255, 0, 0) != drawn.getpixel((230, 40))

"""The sheet of layers on images is written, of its own drawing and of a picture of the user's."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples" / "image_layer_sheet.py"


@pytest.mark.slow
def test_sheets(tmp_path):
    Image.new("RGB", (50, 60), (200, 0, 0)).save(tmp_path / "red.png")
    sheets = []
    for options in ([], ["--picture", "red.png"]):
        done = subprocess.run(
            [sys.executable, "-W", "error", str(EXAMPLE), *options],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == "wrote image_layers.png\n"
        with Image.open(tmp_path / "image_layers.png") as sheet:
            sheets.append(sheet.copy())
    drawn, red = sheets
    assert drawn.size == red.size
    assert red.getpixel((170, 10)) == (200, 0, 0) != drawn.getpixel((170, 10))

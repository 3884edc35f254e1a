"""Transfer learning, run as a user runs it, on pictures made here and weights made here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thalweg.applications.vgg16 import VGG16
from thalweg.models import load_model

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(folder, program, *arguments):
    """What the program prints, without any data but the sample, and without a network."""
    environment = {name: value for name, value in os.environ.items() if name != "THALWEG_DATA"}
    environment |= {"HOME": str(folder), "THALWEG_HOME": str(folder), "THALWEG_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / program), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_pictures(folder, count):
    """Dark and bright pictures, with noise, in a folder for each."""
    draw = np.random.default_rng(0)
    for part in ("train", "val"):
        for name, level in (("dark", 60), ("bright", 190)):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(draw.normal(level, 30, (40, 40, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")


@pytest.mark.slow
def test_a_folder_of_two_classes(tmp_path):
    write_pictures(tmp_path / "data", 6)
    base = VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    base.set_weights([weight * 2**0.5 for weight in base.get_weights()])  # He's: signals stay
    base.save_weights(tmp_path / "base.h5")
    options = ("--base", "base.h5", "--size", 32, "--copies", 2, "--tune", 1, "--epochs", 60)
    output = run(
        tmp_path, "transfer_learning.py", "data", *options,
        "--features", "kept.npz", "--out", "model.h5", "--scratch",
    )  # fmt: skip
    assert re.search(r"^seed 0: head [\d.]+ %, tuned [\d.]+ %, scratch [\d.]+ %$", output, re.M)
    assert float(re.search(r"^head +([\d.]+) %", output, re.M)[1]) >= 75.0  # brightness is easy
    with np.load(tmp_path / "kept.npz") as kept:
        assert kept["x"].shape == (24, 512)  # 12 pictures, twice
        assert not np.array_equal(kept["x"][:12], kept["x"][12:])  # in another form
    model = load_model(tmp_path / "model.h5")
    assert model.output_shape == (None, 2)
    for name, has_moved in (("block4_conv3", False), ("block5_conv1", True)):
        before = base.get_layer(name).get_weights()[0]
        after = model.get_layer("vgg16").get_layer(name).get_weights()[0]
        assert np.array_equal(before, after) is not has_moved


@pytest.mark.slow
def test_digits(tmp_path):
    """On the sample that comes with the package: what 0-4 taught helps with few pictures of 5-9."""
    output = run(tmp_path, "transfer_digits.py", "--each", 10, "--seeds", 1, "--steps", 80)
    means = dict(re.findall(r"^(scratch|frozen|tuned) +([\d.]+) %", output, re.M))
    assert 60 < float(means["scratch"]) < float(means["tuned"])

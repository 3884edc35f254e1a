"""`thalweg predict`."""

import importlib
import json
import os
import subprocess
import sys

import numpy as np
from PIL import Image

from thalweg.applications import sheets
from thalweg.models import load_model


def test_pictures_are_named(thalweg):
    code, out, err = thalweg("predict", "red.png", "blue.png", "--model", "model.keras")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 8)
    assert lines[0] == "red.png" and lines[4] == "blue.png"
    assert lines[1].split()[0] == "red" and lines[5].split()[0] == "blue"
    assert [line.split()[1:3] for line in (lines[1], lines[5])] == [["99.9", "%"]] * 2
    assert all(line == line.rstrip() for line in lines)


def test_json_is_for_programs(thalweg):
    code, out, err = thalweg(
        "predict", "green.png", "--model", "model.keras", "--json", "--top", "2"
    )
    data = json.loads(out)
    assert (code, err, data["model"], data["assumed"]) == (0, "", "model.keras", [])
    (prediction,) = data["predictions"]
    assert prediction["image"] == "green.png"
    (first, second) = prediction["classes"]
    assert first["name"] == "green" and first["probability"] > 0.99 > second["probability"]


def test_a_folder_stands_for_its_pictures(thalweg, folder, monkeypatch):
    monkeypatch.setattr(importlib.import_module("thalweg.applications.cli.predict"), "_AT_ONCE", 2)
    code, out, err = thalweg("predict", "pictures", "red.png", "--model", "model.keras", "--json")
    found = json.loads(out)["predictions"]
    assert (code, err, len(found)) == (0, "", 16)
    for item in found[:-1]:
        assert item["classes"][0]["name"] == os.path.basename(os.path.dirname(item["image"]))
    (folder / "none" / "below").mkdir(parents=True)
    code, _, err = thalweg("predict", "none", "--model", "model.keras")
    assert code == 1 and "there are no pictures" in err and "*.jpg" in err


def test_an_explanation_is_drawn(thalweg, folder, monkeypatch):
    tiles = []
    draw = sheets.picture_sheet
    monkeypatch.setattr(
        sheets, "picture_sheet", lambda found, path: tiles.extend(found) or draw(found, path)
    )
    words = ("predict", "red.png", "blue.png", "--model", "model.keras", "--explain", "why.png")
    code, _, err = thalweg(*words)
    assert (code, err) == (0, "wrote why.png\n")
    with Image.open(folder / "why.png") as picture:
        assert picture.width > 2 * 224
    assert [tile.lines[0].split(",")[0] for tile in tiles] == ["red", "blue"]
    assert tiles[0].lines[1] == "red.png"
    assert np.asarray(tiles[0].pictures[1]).shape == (8, 8, 3)


def test_what_is_assumed_is_told(thalweg, folder):
    load_model("model.keras").save("plain.h5")
    code, out, err = thalweg("predict", "red.png", "--model", "plain.h5")
    assert code == 0 and out.splitlines()[1].split()[:2] == ["class", "2"]
    assert err.startswith("note: the file does not say how pixels are scaled: assumed 'unit'")
    assert thalweg("predict", "red.png", "--model", "plain.h5", "--preprocess", "unit")[2] == ""


def test_errors_say_what_to_do(thalweg, folder):
    code, out, err = thalweg("predict", "gone.png", "--model", "model.keras")
    assert (code, out, err) == (1, "", "error: gone.png: No such file or directory\n")
    (folder / "text.png").write_text("no picture")
    code, _, err = thalweg("predict", "red.png", "text.png", "--model", "model.keras")
    assert code == 1
    assert err.startswith("error: load_img: cannot read the picture 'text.png'\n  expected  ")
    code, _, err = thalweg("predict", "red.png", "--model", "lnet")
    assert code == 1 and err.endswith("  hint      did you mean 'lenet'?\n")
    assert "made at" not in err and "Traceback" not in err
    code, _, err = thalweg("predict", "red.png", "--model", "red.png")
    assert code == 1 and err.startswith("error: red.png: not an HDF5 file\n")
    code, _, err = thalweg(
        *("predict", "red.png", "--model", "model.keras", "--explain", "gone/why.png")
    )
    assert code == 1 and "gone" in err


def test_a_wrong_command_line(thalweg):
    code, out, err = thalweg("predict", "--model", "model.keras")
    assert (code, out) == (2, "") and "Missing argument 'IMAGES...'" in err
    assert thalweg("predict", "red.png")[0] == 2
    assert thalweg("predict", "red.png", "--model", "model.keras", "--top", "0")[0] == 2
    code, _, err = thalweg("predict", "red.png", "--model", "model.keras", "--tpo", "1")
    assert code == 2 and "--top" in err


def test_a_pipe_gets_no_control_codes(process):
    code, out, err = process("predict", "red.png", "--model", "model.keras")
    assert (code, err) == (0, "") and "\x1b" not in out and out.startswith("red.png\n  red")


def test_streams_that_lack_signs_get_others(process):
    code, out, err = process(
        "predict", "red.png", "--model", "model.keras", PYTHONIOENCODING="latin-1"
    )
    assert (code, err) == (0, "") and out.splitlines()[1].endswith("  " + 20 * "?")


def test_little_is_imported(folder):
    """What takes long to import is imported only where it is needed."""
    code = """
import sys
from thalweg.applications.cli import main
code = main(["predict", "red.png", "--model", "model.keras"])
heavy = {"scipy", "matplotlib", "rich", "onnx", "hypothesis", "cupy"}
print(code, sorted(heavy & {name.split(".")[0] for name in sys.modules}), "numpy.ma" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout.splitlines()[-1] == "0 [] False"

"""`thalweg train` and `thalweg evaluate`."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from colours import NAMES, write_folder
from PIL import Image

from thalweg.applications.model_card import read_card

TRAIN = ("train", "pictures", "--base", "model.keras", "--rate", "0.3", "--batch-size", "4")


def test_a_folder_is_learnt_and_asked_about(thalweg, folder):
    code, out, err = thalweg(*TRAIN, "--epochs", "6", "--out", "out.keras", "--curves", "c.png")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "15 pictures of 3 classes: blue 5, green 5, red 5"
    assert lines[1] == "computing the features of 15 pictures, once"
    assert [line for line in lines if line.startswith("Epoch")] == [
        f"Epoch {i}/6" for i in range(1, 7)
    ]
    assert re.fullmatch(r"wrote out.keras: 6 epochs, accuracy .*, in validation 100.0 %", lines[-2])
    assert lines[-1] == "wrote c.png"
    with Image.open(folder / "c.png") as picture:
        assert picture.width > picture.height

    write_folder("others", {name: 3 for name in NAMES}, first=40)
    code, out, err = thalweg("evaluate", "others", "--model", "out.keras", "--json")
    data = json.loads(out)
    assert (code, err, data["accuracy"], data["pictures"]) == (0, "", 1.0, 9)
    assert data["confusion"] == [[3, 0, 0], [0, 3, 0], [0, 0, 3]]
    assert data["classes"][0] == {"name": "blue", "pictures": 3, "recall": 1.0, "precision": 1.0}


def test_the_same_command_goes_on(thalweg):
    assert thalweg(*TRAIN, "--epochs", "2", "--out", "out.keras", "--quiet")[0] == 0
    code, out, _ = thalweg(*TRAIN, "--epochs", "3", "--out", "out.keras")
    assert code == 0 and "going on after epoch 2\n" in out and "Epoch 3/3\n" in out
    code, out, _ = thalweg(*TRAIN, "--epochs", "3", "--out", "out.keras")
    assert code == 0 and out.endswith(
        "out.keras has all 3 epochs already; more with --epochs or --fine-tune\n"
    )
    code, out, _ = thalweg(
        *TRAIN, "--epochs", "3", "--out", "out.keras", "--fine-tune", "1", "--thaw", "3"
    )
    assert code == 0 and "fine-tuning look\n" in out and "4 epochs" in out
    code, _, err = thalweg(*TRAIN, "--epochs", "3", "--out", "out.keras", "--dropout", "0.5")
    assert code == 1 and "expected  dropout 0.2" in err and "--restart" in err
    code, out, _ = thalweg(
        *TRAIN, "--epochs", "1", "--out", "out.keras", "--dropout", "0.5", "--restart", "--quiet"
    )
    assert code == 0 and out.startswith("wrote out.keras: 1 epochs")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_leaves_what_can_be_used_and_gone_on_with(folder):
    words = [*TRAIN, "--augment", "--epochs", "100000", "--out", "out.h5"]
    running = subprocess.Popen(
        [sys.executable, "-m", "thalweg", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("Epoch 4/"):
                break
        time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=300)
    finally:
        running.kill()
    assert running.returncode == 130 and "Traceback" not in err
    assert re.search(r"stopped; out.h5 has epoch \d+, and the same command goes on\n$", err)
    card = read_card("out.h5")
    assert card is not None and card.training["done"] >= 3
    assert len(card.training["history"]["loss"]) == card.training["done"]


def test_interrupted_before_there_is_anything(thalweg, monkeypatch):
    from thalweg.applications.transfer import Training

    def interrupted(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "run", interrupted)
    code, _, err = thalweg(*TRAIN, "--out", "out.keras")
    assert code == 130
    assert err == "stopped before the end of the first epoch: nothing is written\n"


def test_files_that_cannot_be_read_are_told(thalweg, folder):
    (folder / "pictures" / "red" / "03.png").write_bytes(b"no picture")
    code, _, err = thalweg(*TRAIN, "--epochs", "1", "--out", "out.keras", "--quiet")
    assert code == 0 and err.startswith("skipped pictures/red/03.png: ")
    code, _, err = thalweg("evaluate", "pictures", "--model", "model.keras")
    assert code == 0 and err.startswith("skipped pictures/red/03.png: ")


def test_errors_say_what_to_do(thalweg, folder):
    code, _, err = thalweg("train", "gone", "--base", "model.keras", "--out", "out.keras")
    assert code == 1 and "there is no such folder" in err
    (folder / "empty").mkdir()
    code, _, err = thalweg("train", "empty", "--base", "model.keras", "--out", "out.keras")
    assert code == 1 and "there are no pictures" in err and "FOLDER/cats/1.jpg" in err
    code, _, err = thalweg("train", "pictures", "--base", "modl", "--out", "out.keras")
    assert code == 1 and "no network of this name, and no file" in err
    code, _, err = thalweg(*TRAIN, "--epochs", "1", "--out", "out.doc")
    assert code == 1 and "this kind of file is not written" in err
    code, _, err = thalweg(*TRAIN, "--out", "out.keras", "--size", "8xy")
    assert code == 2 and "'8xy' is no size" in err
    assert thalweg("train", "pictures", "--base", "model.keras")[0] == 2


def test_missing_matplotlib_is_told_before_the_work(thalweg, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = thalweg(*TRAIN, "--out", "out.keras", "--curves", "c.png")
    assert code == 1 and 'pip install "thalweg[plots]"' in err
    assert not (folder / "out.keras").exists()
    code, _, err = thalweg("evaluate", "pictures", "--model", "model.keras", "--confusion", "c.png")
    assert code == 1 and 'pip install "thalweg[plots]"' in err


def test_an_evaluation_is_a_table(thalweg, folder):
    os.rename(folder / "pictures" / "red" / "00.png", folder / "pictures" / "green" / "red.png")
    code, out, err = thalweg(
        *("evaluate", "pictures", "--model", "model.keras"),
        *("--confusion", "c.png", "--mistakes", "m.png"),
    )
    assert code == 0 and err == "wrote c.png\nwrote m.png\n"
    assert out.splitlines() == [
        "93.3 % right: 14 of 15 pictures in pictures",
        "",
        "class  pictures    found  right when said",
        "blue          5  100.0 %          100.0 %",
        "green         6   83.3 %          100.0 %",
        "red           4  100.0 %           80.0 %",
        "",
        "most frequent mistakes  taken for  times",
        "green                   red            1",
    ]
    assert (folder / "c.png").exists() and (folder / "m.png").exists()


def test_without_mistakes_there_is_no_picture_of_them(thalweg, folder):
    code, _, err = thalweg("evaluate", "pictures", "--model", "model.keras", "--mistakes", "m.png")
    assert (code, err) == (0, "no mistakes: m.png is not written\n")


def test_a_folder_of_other_classes(thalweg, folder):
    os.rename(folder / "pictures" / "red", folder / "pictures" / "rad")
    code, _, err = thalweg("evaluate", "pictures", "--model", "model.keras")
    assert code == 1 and "the folders are not the model's classes" in err
    assert "did you mean 'red'?" in err

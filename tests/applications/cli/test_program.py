"""The program itself, and its commands that look: help, summary, inspect, doctor, run, info."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

import thalweg as library
from thalweg.applications import health
from thalweg.applications.classifier import NAMED
from thalweg.applications.cli import main, options, program
from thalweg.applications.health import Finding
from thalweg.applications.model_card import PREPARATIONS

COMMANDS = ("predict", "train", "evaluate", "summary", "inspect", "doctor", "run", "info")


def test_help_names_all_commands(thalweg):
    code, out, err = thalweg()
    assert (code, err) == (0, "")
    assert tuple(re.findall(r"^  (\w+)  ", out.partition("Commands:")[2], re.M)) == COMMANDS
    assert "..." not in out.partition("Commands:")[2]  # no line is cut off
    assert thalweg("--help")[1] == out == thalweg("-h")[1]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "run"])
def test_each_command_has_help(command):
    done = CliRunner().invoke(program, [command, "--help"])
    assert done.exit_code == 0 and done.output.startswith(f"Usage: program {command} ")
    assert max(map(len, done.output.splitlines())) <= 100


def test_the_help_lists_the_networks_and_preparations_that_there_are():
    assert options.NETWORKS.split(", ") == list(NAMED)
    assert list(options.KINDS) == list(PREPARATIONS)


def test_version(thalweg):
    assert thalweg("--version") == (0, f"thalweg {library.__version__}\n", "")


def test_an_unknown_command(thalweg):
    code, out, err = thalweg("pedict")
    assert (code, out) == (2, "") and "pedict" in err


def test_the_script_is_this_program():
    (script,) = entry_points(group="console_scripts", name="thalweg")
    assert script.load() is main


def test_both_names_start_it(folder):
    script = Path(sys.executable).with_name("thalweg")
    for words in ([sys.executable, "-m", "thalweg"], [str(script)]):
        done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout == f"thalweg {library.__version__}\n"


def test_the_help_imports_no_network():
    code = """
import sys
from thalweg.applications.cli import main
main([])
print(sorted({"numpy", "thalweg.layers", "rich", "PIL", "h5py"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] in ("[]", "['numpy']")


def test_summary(thalweg):
    code, out, err = thalweg("summary", "model.keras")
    assert (code, err) == (0, "")
    assert "look (Conv2D)" in out and "Total params: 21" in out


def test_inspect(thalweg):
    code, out, err = thalweg("inspect", "model.keras")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    told = dict(re.match(r"(\S+(?: by)?) +(.+)", line).groups() for line in lines[:5])
    assert told["kind"] == "whole model, .keras"
    assert told["written by"].startswith(f"thalweg {library.__version__}, as Keras 3")
    assert told["classes"] == "blue, green, red"
    table = [re.split(r"  +", line) for line in lines if "  " in line]
    assert ["look", "Conv2D", "1x1x3x3", "9"] in table
    assert ["name", "Dense", "3x3, 3", "12"] in table
    assert lines[-1] == "21 parameters, 84 bytes in memory"


def test_inspect_for_programs(thalweg):
    code, out, _ = thalweg("inspect", "model.keras", "--json")
    data = json.loads(out)
    assert code == 0 and data["parameters"] == 21 and data["classes"] == ["blue", "green", "red"]
    (look,) = (layer for layer in data["layers"] if layer["name"] == "look")
    assert look["weights"] == [{"name": "0", "shape": [1, 1, 3, 3], "dtype": "float32"}]


def test_files_of_other_kinds(thalweg):
    code, out, err = thalweg("inspect", "red.png")
    assert (code, out) == (1, "") and err.startswith("error: red.png: not an HDF5 file\n")
    code, _, err = thalweg("summary", "red.png")
    assert code == 1 and "not an HDF5 file" in err
    code, _, err = thalweg("inspect", "gone.h5")
    assert code == 2 and "'gone.h5' does not exist" in err


@pytest.mark.parametrize(
    ("status", "code", "end"),
    [
        ("ok", 0, "nothing is broken"),
        ("note", 0, "nothing is broken"),
        ("broken", 1, "broken: GPU"),
    ],
)
def test_the_doctor_fails_if_something_is_broken(thalweg, monkeypatch, status, code, end):
    found = [Finding("engine", "ok", "C++"), Finding("GPU", status, "warm", "open a window")]
    monkeypatch.setattr(health, "check_installation", lambda: found)
    got, out, err = thalweg("doctor")
    assert (got, err) == (code, "")
    assert out.splitlines()[-1] == end and "→ open a window" in out
    got, out, _ = thalweg("doctor", "--json")
    assert got == code and json.loads(out)[1]["hint"] == "open a window"


def test_run_and_info(process, folder):
    (folder / "script.py").write_text("import sys\nprint(sys.argv)\nsys.exit(7)\n")
    assert process("run", "script.py", "--help", "-x") == (
        7,
        "['script.py', '--help', '-x']\n",
        "",
    )
    code, out, _ = process("run", "--help")
    assert code == 0 and out.startswith("usage: thalweg run [--tf1] script.py [arguments]\n")
    code, out, _ = process("info")
    assert code == 0 and out.startswith("thalweg   ")


def test_warnings_have_no_lines_of_code(thalweg, monkeypatch):
    import warnings

    from thalweg.applications import file_contents

    def warns(path):
        warnings.warn("thalweg: something is odd", UserWarning, stacklevel=1)
        raise OSError("and gone")

    monkeypatch.setattr(file_contents, "describe_file", warns)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert thalweg("inspect", "model.keras") == (
            1,
            "",
            "warning: something is odd\nerror: and gone\n",
        )


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_colours_are_for_terminals(folder):
    words = [sys.executable, "-m", "thalweg", "predict", "red.png", "--model", "model.keras"]
    done = subprocess.run(
        [sys.executable, "-c", f"import pty; pty.spawn({words!r})"],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
    )
    assert b"\x1b[1mred.png\x1b[0m" in done.stdout

"""What programs use around graphs: flags, logging, files, tests."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError

# Flags ------------------------------------------------------------------------------------------


@pytest.fixture
def flags() -> Iterator[Any]:
    """`tf.flags` without any flag, before and after."""
    yield tf.flags
    for name in list(tf.flags.FLAGS):
        delattr(tf.flags.FLAGS, name)
    tf.flags.FLAGS.unparse_flags()


def parsed(*arguments: str, known_only: bool = False) -> list[str]:
    return tf.flags.FLAGS(["program", *arguments], known_only)[1:]


def test_values_of_all_kinds(flags: Any) -> None:
    flags.DEFINE_string("name", "none", "A text.")
    flags.DEFINE_integer("count", 1, "An integer.", lower_bound=0)
    flags.DEFINE_float("rate", 0.5, "A number.", upper_bound=1.0)
    flags.DEFINE_boolean("fast", False, "A boolean.")
    flags.DEFINE_bool("loud", True, "A boolean.")
    flags.DEFINE_enum("mode", "train", ["train", "test"], "One of two.")
    flags.DEFINE_list("sizes", "1, 2", "Texts.")
    flags.DEFINE_multi_string("file", None, "Texts.")
    flags.DEFINE_multi_integer("layer", [3], "Integers.")
    flags.DEFINE_multi_float("weight", 1.0, "Numbers.")
    values = tf.flags.FLAGS
    assert parsed() == []
    assert values.flag_values_dict() == {
        "name": "none", "count": 1, "rate": 0.5, "fast": False, "loud": True, "mode": "train",
        "sizes": ["1", "2"], "file": None, "layer": [3], "weight": [1.0],
    }  # fmt: skip
    left = parsed(
        "--name=x y", "-count", "0x10", "--rate", "1e-3", "--fast", "--noloud", "--mode=test",
        "--sizes=a,b", "--file=a", "--file", "b", "--layer=1", "--layer=2", "rest", "--name=no",
    )  # fmt: skip
    assert left == ["rest", "--name=no"]
    assert (values.name, values.count, values.rate) == ("x y", 16, 1e-3)
    assert (values.fast, values.loud, values.mode) == (True, False, "test")
    assert (values.sizes, values.file, values.layer) == (["a", "b"], ["a", "b"], [1, 2])
    assert values["count"].present
    assert parsed("--fast=no", "--", "--name=z") == ["--name=z"]
    assert values.fast is False


def test_the_first_look_reads_the_command_line(flags: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["program", "--rate=0.25"])
    flags.DEFINE_float("rate", 0.5, "A number.")
    values = tf.app.flags.FLAGS
    assert not values.is_parsed()
    assert values.rate == 0.25
    assert values.is_parsed()
    values.unparse_flags()
    values.mark_as_parsed()
    assert values.rate == 0.5
    values.rate = 0.75
    assert values.rate == 0.75
    assert "rate" in values
    assert dir(values) == list(values) == ["rate"]
    assert len(values) == 1
    values.set_default("rate", "2")
    assert values.rate == 2.0


def test_arguments_of_old_names(flags: Any) -> None:
    flags.DEFINE_string(flag_name="folder", default_value="/tmp", docstring="A folder.")
    assert parsed() == []
    assert tf.flags.FLAGS.folder == "/tmp"
    assert tf.flags.FLAGS["folder"].help == "A folder."
    with pytest.raises(OptionError, match="one argument under two names"):
        flags.DEFINE_string("a", flag_name="b")
    with pytest.raises(OptionError, match="arguments of a flag"):
        flags.DEFINE_string()


def test_wrong_values(flags: Any) -> None:
    flags.DEFINE_integer("count", 1, "An integer.", lower_bound=0, upper_bound=9)
    flags.DEFINE_enum("mode", "train", ["train", "test"], "One of two.")
    flags.DEFINE_boolean("fast", False, "A boolean.")
    texts = {
        "--count=many": "--count: not a value of this flag\n"
        "  expected  an integer >= 0 and <= 9\n  got       'many'",
        "--count=-1": "an integer >= 0",
        "--mode=rest": "expected  one of train, test",
        "--fast=perhaps": "expected  a boolean",
        "--count": "--count: the value is missing\n  expected  an integer",
        "--rate=1": "flags: unknown flag\n  got       '--rate=1'",
        "--nofast=1": "unknown flag",
        "--fasst": "did you mean 'fast'",
    }
    for argument, text in texts.items():
        with pytest.raises(OptionError) as caught:
            parsed(argument)
        assert text in str(caught.value)
    for default in (1.5, "x"):
        with pytest.raises(OptionError, match="not a value of this flag"):
            flags.DEFINE_integer("other", default)
    with pytest.raises(OptionError, match="argv is empty"):
        tf.flags.FLAGS([])


def test_unknown_flags_may_be_left_alone(flags: Any) -> None:
    flags.DEFINE_integer("count", 1, "An integer.")
    assert parsed("--x=1", "--count=2", "-y", known_only=True) == ["--x=1", "-y"]
    assert tf.flags.FLAGS.count == 2


def test_names_of_flags(flags: Any) -> None:
    flags.DEFINE_integer("count", 1, "An integer.")
    with pytest.raises(AttributeError, match="no flag 'cuont': did you mean 'count'"):
        tf.flags.FLAGS.cuont  # noqa: B018
    with pytest.raises(OptionError, match="flags: no flag 'cuont'"):
        tf.flags.FLAGS["cuont"]
    with pytest.raises(OptionError, match="--count: the flag is defined twice"):
        flags.DEFINE_integer("count", 2, "Another.")
    for _ in range(2):  # a cell of a notebook that runs again
        flags.DEFINE_integer("again", 1, "An integer.")


def test_conditions(flags: Any) -> None:
    flags.DEFINE_string("data", None, "A folder.")
    flags.DEFINE_integer("even", 2, "An even integer.")
    flags.mark_flags_as_required(["data"])
    flags.register_validator("even", lambda value: value % 2 == 0, "the value is odd")
    with pytest.raises(OptionError, match="--data: the flag must be given\n  got       None"):
        parsed()
    with pytest.raises(OptionError, match="--even: the value is odd\n  got       3"):
        parsed("--data=x", "--even=3")
    assert parsed("--data=x", "--even=4") == []


PROGRAM = """
import thalweg.tf1 as tf

flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_integer("steps", 10, "How many steps to train.")
flags.DEFINE_boolean("fast", True, "Whether to hurry.")

def main(argv):
    print(FLAGS.steps, argv[1:])
    return 3

if __name__ == "__main__":
    tf.app.run()
"""


def started(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(PROGRAM))
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False
    )


def test_programs_are_run(tmp_path: Path) -> None:
    done = started(tmp_path, "--steps=5", "--unknown", "data")
    assert (done.stdout, done.returncode) == ("5 ['--unknown', 'data']\n", 3), done.stderr


def test_programs_show_their_flags(tmp_path: Path) -> None:
    done = started(tmp_path, "--help")
    assert done.stdout == (
        "flags of program.py:\n\n"
        "  --[no]fast: a boolean, default True\n"
        "      Whether to hurry.\n"
        "  --steps: an integer, default 10\n"
        "      How many steps to train.\n"
    )
    assert done.returncode == 1


def test_programs_refuse_wrong_flags(tmp_path: Path) -> None:
    done = started(tmp_path, "--steps=many")
    assert done.stderr == (
        "--steps: not a value of this flag\n"
        "  expected  an integer\n"
        "  got       'many'\n\n--help shows the flags.\n"
    )
    assert done.returncode == 1


def test_main_may_be_given() -> None:
    seen = []
    with pytest.raises(SystemExit) as caught:
        tf.app.run(main=lambda argv: seen.append(argv), argv=["program", "a"])
    assert seen == [["program", "a"]]
    assert caught.value.code is None


# Logging ----------------------------------------------------------------------------------------


def test_messages_above_a_level(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = logging.getLogger().handlers[:]
    logging.getLogger().handlers.clear()  # pytest's own, as a program would not have them
    tf.logging._Shared.logger = None
    try:
        assert tf.logging.get_verbosity() == tf.logging.WARN
        tf.logging.info("not shown")
        tf.logging.warn("shown %d", 1)
        tf.logging.set_verbosity("DEBUG")
        tf.logging.debug("shown %s", "2")
        tf.logging.info("3")
        tf.logging.error("4")
        tf.logging.fatal("5")
        tf.logging.log(tf.logging.INFO, "6")
        tf.logging.vlog(tf.logging.DEBUG, "7")
        tf.logging.log_if(tf.logging.INFO, "8", False)
        tf.logging.TaskLevelStatusMessage("9")
        tf.logging.flush()
    finally:
        tf.logging.set_verbosity(tf.logging.WARN)
        logger = logging.getLogger("thalweg.tf1")
        logger.handlers.clear()
        logger.propagate = True
        logging.getLogger().handlers.extend(handlers)
    assert capsys.readouterr().err.splitlines() == [
        "WARNING:thalweg:shown 1", "DEBUG:thalweg:shown 2", "INFO:thalweg:3", "ERROR:thalweg:4",
        "CRITICAL:thalweg:5", "INFO:thalweg:6", "DEBUG:thalweg:7", "ERROR:thalweg:9",
    ]  # fmt: skip


def test_messages_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for i in range(5):
            tf.logging.log_every_n(tf.logging.WARN, "every %d", 2, i)
            tf.logging.log_first_n(tf.logging.WARN, "first %d", 2, i)
    assert [record.getMessage() for record in caplog.records] == [
        "every 0", "first 0", "first 1", "every 2", "every 4",
    ]  # fmt: skip


# Files ------------------------------------------------------------------------------------------


def test_files(tmp_path: Path) -> None:
    gfile = tf.gfile
    path = str(tmp_path / "a.txt")
    with gfile.Open(path, "w") as file:
        assert (file.name, file.mode) == (path, "w")
        file.write("one\ntwo\n")
        file.flush()
        assert file.tell() == 8
    with gfile.GFile(path) as file:
        assert file.readline() == "one\n"
        assert file.readlines() == ["two\n"]
        file.seek(4)
        assert file.read(2) == "tw"
        file.seek(position=0)
        assert list(file) == ["one\n", "two\n"]
        assert file.size() == 8
    assert next(gfile.GFile(path)) == "one\n"
    assert gfile.FastGFile(Path(path), "rb").read() == b"one\ntwo\n"
    with gfile.GFile(path, "ab") as file:
        file.write(b"\xff")
    assert gfile.Stat(path).length == 9
    with gfile.GFile(str(tmp_path / "empty"), "w"):
        pass
    assert gfile.Exists(str(tmp_path / "empty"))
    assert gfile.GFile(f"file://{path}", "rb").size() == 9


def test_folders(tmp_path: Path) -> None:
    gfile = tf.gfile
    deep = tmp_path / "b" / "c"
    gfile.MakeDirs(deep)
    gfile.MakeDirs(str(deep))
    gfile.MkDir(str(tmp_path / "a"))
    for name in ("2.txt", "1.txt", "x.bin"):
        (deep / name).write_text(name)
    assert gfile.ListDirectory(str(deep)) == ["1.txt", "2.txt", "x.bin"]
    assert gfile.Glob(str(deep / "*.txt")) == [str(deep / "1.txt"), str(deep / "2.txt")]
    assert len(gfile.Glob([str(deep / "*.txt"), str(deep / "*.bin")])) == 3
    assert gfile.IsDirectory(str(deep))
    assert gfile.Stat(str(deep)).is_directory
    assert not gfile.IsDirectory(str(deep / "1.txt"))
    gfile.Copy(str(deep / "1.txt"), str(tmp_path / "copy"))
    gfile.Copy(str(deep / "2.txt"), str(tmp_path / "copy"), overwrite=True)
    assert (tmp_path / "copy").read_text() == "2.txt"
    gfile.Rename(str(tmp_path / "copy"), str(tmp_path / "renamed"))
    assert [name for name, _, _ in gfile.Walk(str(tmp_path))] == [
        str(tmp_path), str(tmp_path / "a"), str(tmp_path / "b"), str(deep),
    ]  # fmt: skip
    assert [name for name, _, _ in gfile.Walk(str(tmp_path), in_order=False)][-1] == str(tmp_path)
    gfile.Remove(str(tmp_path / "renamed"))
    gfile.DeleteRecursively(str(tmp_path / "b"))
    assert gfile.ListDirectory(str(tmp_path)) == ["a"]
    (tmp_path / "file").write_text("")
    gfile.DeleteRecursively(str(tmp_path / "file"))
    assert not gfile.Exists(str(tmp_path / "file"))


def test_errors_of_files(tmp_path: Path) -> None:
    gfile, errors = tf.gfile, tf.errors
    missing, present = str(tmp_path / "missing"), str(tmp_path / "present")
    Path(present).write_text("x")
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: gfile.GFile(missing).read(), errors.NotFoundError, f"{missing}; No such file"),
        (lambda: gfile.Remove(missing), errors.NotFoundError, "No such file"),
        (lambda: gfile.ListDirectory(missing), errors.NotFoundError, "No such file"),
        (lambda: gfile.Stat(missing), errors.NotFoundError, "No such file"),
        (lambda: gfile.DeleteRecursively(missing), errors.NotFoundError, "No such file"),
        (lambda: gfile.MkDir(present), errors.AlreadyExistsError, "File exists"),
        (lambda: gfile.Copy(present, present), errors.AlreadyExistsError, "already exists"),
        (lambda: gfile.Rename(present, present), errors.AlreadyExistsError, "already exists"),
        (lambda: gfile.GFile(str(tmp_path)).read(), errors.FailedPreconditionError, "directory"),
        (lambda: gfile.ListDirectory(present), errors.FailedPreconditionError, "directory"),
        (lambda: gfile.Exists("gs://bucket/x"), errors.UnimplementedError, "files of 'gs'"),
        (lambda: gfile.GFile(present, "rw"), errors.InvalidArgumentError, "'rw'; not a mode"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=text) as caught:
            call()
        assert isinstance(caught.value, tf.OpError)


# Tests ------------------------------------------------------------------------------------------


def test_test_cases() -> None:
    class Sample(tf.test.TestCase):
        def runTest(self) -> None:
            x = tf.constant([1.0, 2.0])
            with self.test_session() as session:
                self.assertAllClose(session.run(x), [1.0, 2.0 + 1e-7])
                self.assertAllClose({"a": x}, {"a": [1.0, 2.0]})
                self.assertAllClose([x, x], [[1.0, 2.0], [1.0, 2.0]])
                self.assertAllEqual(x, [1.0, 2.0])
                self.assertAllEqual(self.evaluate(x), [1.0, 2.0])
            self.assertShapeEqual(np.ones(2), x)
            self.assertNear(1.0, 1.05, 0.1)
            self.assertTrue(Path(self.get_temp_dir()).is_dir())
            with self.cached_session(), self.assertRaises(AssertionError):
                self.assertAllClose(x, [1.0, 3.0])
            with self.session(), self.assertRaises(AssertionError):
                self.assertAllEqual(x, [1.0])

    result = unittest.TestResult()
    Sample().run(result)
    assert result.errors == result.failures == []
    assert result.testsRun == 1


def test_main_runs_the_tests_of_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import thalweg.tf1 as tf\n\n"
        "class Test(tf.test.TestCase):\n"
        "    def test_sum(self):\n"
        "        with self.session():\n"
        "            self.assertAllEqual(tf.constant(1) + 1, 2)\n\n"
        "tf.test.main()\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert "OK (skipped=1)" in done.stderr
    assert done.returncode == 0


def test_devices_of_tests() -> None:
    name = tf.test.gpu_device_name()
    assert tf.test.is_gpu_available() == tf.test.is_built_with_cuda() == bool(name)
    assert name in ("", "/device:GPU:0")

"""`python -m thalweg run` gives a script what `python` gives it."""

import json
import os
import subprocess
import sys

import pytest

import thalweg
from thalweg.cli import main
from thalweg.core import get_instruction_set

TOLD = '''\
    """Doc."""
    import json, os, sys
    main = sys.modules["__main__"]
    print(json.dumps([sys.argv, sys.path[0], os.getcwd(), __name__, __file__, __doc__]))
    print(__package__, __spec__, main.__file__ == __file__, main.json is json)
    '''


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("path", ["told.py", os.path.join("deep", "told.py")])
def test_a_script_finds_what_python_gives(write, python, path, is_full):
    write(path, TOLD)
    name = os.path.abspath(path) if is_full else path
    expected = python(name, "a", "--b=c", "-m")
    assert expected[0] == 0 and json.loads(expected[1].splitlines()[0])[0] == [
        name,
        "a",
        "--b=c",
        "-m",
    ]
    assert python("-m", "thalweg", "run", name, "a", "--b=c", "-m") == expected


@pytest.mark.parametrize("words", [["package", "x"], ["package.inner", "-m", "--tf1"]])
def test_a_module_finds_what_python_gives(write, python, words):
    write("package/__init__.py", "")
    write("package/__main__.py", "import sys; print(sys.argv, sys.path[0], __name__, __package__)")
    write("package/inner.py", "from . import __name__ as p; import sys; print(p, sys.argv[1:])")
    expected = python("-m", *words)
    assert expected[0] == 0
    assert python("-m", "thalweg", "run", "-m", *words) == expected


@pytest.mark.parametrize("ending", ["sys.exit(7)", "sys.exit('bad')", "raise SystemExit", "1 / 0"])
def test_exit_codes_and_messages_are_passed_on(write, python, ending):
    write("ends.py", f"import sys\ndef f():\n    {ending}\n\n\nf()\n")
    expected = python("ends.py")
    assert python("-m", "thalweg", "run", "ends.py") == expected


def test_a_mistake_in_the_text_is_told_as_python_tells_it(write, python):
    write("wrong.py", "x = 1\nif x\n    pass\n")
    expected = python("wrong.py")
    assert expected[0] == 1 and "SyntaxError" in expected[2]
    assert python("-m", "thalweg", "run", "wrong.py") == expected


def test_encodings_are_those_that_the_file_declares(folder, python):
    (folder / "latin.py").write_bytes(
        "# -*- coding: latin-1 -*-\nprint(ascii('é'))\n".encode("latin-1")
    )
    assert python("-m", "thalweg", "run", "latin.py")[1] == "'\\xe9'\n"


def test_classes_of_the_script_can_be_pickled(write, run):
    write(
        "keep.py",
        """
        import pickle
        class Kept:
            pass
        print(type(pickle.loads(pickle.dumps(Kept()))) is Kept)
        """,
    )
    assert run("keep.py") == (0, "True\n", "")


def test_excepthook_of_the_script_is_asked(write, run, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    write("hook.py", "import sys\nsys.excepthook = lambda *e: print('mine', e[1])\n1 / 0\n")
    assert run("hook.py") == (1, "mine division by zero\n", "")


def test_an_interrupt_ends_it(write, run):
    write("stop.py", "raise KeyboardInterrupt\n")
    code, _, err = run("stop.py")
    assert code == 130 and err.endswith("KeyboardInterrupt\n")


def test_threads_end_before_the_names_do(write, run):
    write(
        "late.py",
        """
        import threading, time
        def late():
            time.sleep(0.1)
            import tensorflow
            print(tensorflow.nn.relu.__name__)
        threading.Thread(target=late).start()
        """,
    )
    assert run("late.py") == (0, "relu\n", "")


def test_a_pool_that_is_left_open_keeps_no_program_from_its_end(write, run):
    write(
        "pool.py",
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(2)
        print(pool.submit(pow, 2, 5).result())
        """,
    )
    assert run("pool.py") == (0, "32\n", "")


def test_the_process_is_left_as_it_was(write, run):
    before = list(sys.path), list(sys.meta_path), sys.argv, sys.modules["__main__"], os.getcwd()
    write("uses.py", "import keras.layers, tensorflow as tf; import sys; sys.path.append('x')")
    assert run("uses.py")[0] == 0
    assert before == (sys.path, sys.meta_path, sys.argv, sys.modules["__main__"], os.getcwd())
    assert not [name for name in sys.modules if name.partition(".")[0] in ("keras", "tensorflow")]


def test_errors_of_thalweg_show_the_line_of_the_script(write, run):
    write(
        "shapes.py", "import tensorflow as tf\n\ny = tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))\n"
    )
    code, _, err = run("shapes.py")
    assert code == 1
    assert err.startswith('Traceback (most recent call last):\n  File "')
    assert err.splitlines()[1].strip().endswith('shapes.py", line 3, in <module>')
    assert "made at   shapes.py:3   y = tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))" in err


# --- the command line itself --------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit) as info:
        main(["--version"])
    assert info.value.code == 0
    assert capsys.readouterr().out == f"thalweg {thalweg.__version__}\n"


def test_info(capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert main(["info"]) == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(told) == ["thalweg", "python", "numpy", "engine", "devices", "threads"]
    assert told["thalweg"] == thalweg.__version__
    assert told["threads"].startswith(f"{thalweg.get_threads()}, ")
    assert told["threads"].endswith(" processors, OMP_NUM_THREADS=3")


@pytest.mark.skipif(get_instruction_set() is None, reason="the engine is not built here")
def test_info_tells_of_the_engine(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert f"engine    C++, {get_instruction_set()}\n" in out
    assert "devices   cpu:0 C++ engine" in out


def test_info_tells_of_an_engine_that_is_off():
    done = subprocess.run(
        [sys.executable, "-m", "thalweg", "info"],
        env={**os.environ, "THALWEG_NATIVE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "engine    off (THALWEG_NATIVE=0), NumPy computes\n" in done.stdout
    assert "devices   cpu:0 NumPy" in done.stdout


def test_help_names_the_commands(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "run" in out and "info" in out
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "notebook.ipynb" in capsys.readouterr().out


def test_python_runs_the_package(python):
    assert python("-m", "thalweg", "--version") == (0, f"thalweg {thalweg.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run"], "there is nothing to run"),
        (["run", "--tf1"], "there is nothing to run"),
        (["run", "-m"], "-m needs the name of a module"),
        (["run", "gone.py"], "cannot open 'gone.py': No such file or directory"),
        (["run", "--tf2", "x.py"], "unrecognized arguments: --tf2"),
        (["walk"], "invalid choice: 'walk'"),
    ],
)
def test_wrong_commands(folder, capsys, words, told):
    with pytest.raises(SystemExit) as info:
        main(words)
    assert info.value.code == 2
    assert told in capsys.readouterr().err


def test_a_module_that_is_not_there(run):
    code, _, err = run("-m", "no_such_module_anywhere")
    assert code == 1 and "No module named" in err and "no_such_module_anywhere" in err

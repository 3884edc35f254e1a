"""Notebooks run cell by cell."""

import os
import sys

import pytest

from thalweg.cli.notebook import read_notebook
from thalweg.core import FileFormatError


def test_cells_share_names_and_print_in_turn(notebook, run):
    notebook(
        "a.ipynb", "x = 2\nprint('two')", "x + 1", "", "x; y = x * 3\ny;", "def f(): pass\nf()"
    )
    assert run("a.ipynb") == (0, "[1]\ntwo\n[2]\n3\n[4]\n[5]\n", "")


def test_old_notebooks_and_lists_of_lines(notebook, run, folder):
    notebook("old.ipynb", "print(1)", version=3)
    assert run("old.ipynb")[:2] == (0, "[1]\n1\n")
    (folder / "lines.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "source": ["a = 1\\n", "a"]}], "nbformat": 4}'
    )
    assert run("lines.ipynb")[:2] == (0, "[1]\n1\n")


def test_what_only_ipython_understands_is_skipped_with_a_notice(notebook, run):
    notebook(
        "magic.ipynb",
        """
        %matplotlib inline
        import os
        !pip install something
        if True:
            %load_ext tensorboard
        text = '''
        %d of
        ! them
        '''
        files = !ls
        os.path?
        print(text.split(), 7 % 4)
        """,
    )
    code, out, err = run("magic.ipynb")
    assert (code, out) == (0, "[1]\n['%d', 'of', '!', 'them'] 3\n")
    assert err.splitlines() == [
        f"magic.ipynb, cell 1, line {line}: skipped {text!r}"
        for line, text in [
            (1, "%matplotlib inline"),
            (3, "!pip install something"),
            (5, "%load_ext tensorboard"),
            (10, "files = !ls"),
            (11, "os.path?"),
        ]
    ]


def test_cell_magics(notebook, run):
    notebook("cell.ipynb", "%%time\nprint('timed')", "%%bash\necho no\nls -l", "print('end')")
    code, out, err = run("cell.ipynb")
    assert (code, out) == (0, "[1]\ntimed\n[2]\n[3]\nend\n")
    assert "cell 1, line 1: skipped '%%time'" in err and "skipped '%%bash'" in err


def test_an_error_names_cell_and_line_and_ends_the_run(notebook, run):
    notebook("bad.ipynb", "def f(x):\n    return 1 / x", "y = 1\nf(y - 1)", "print('never')")
    code, out, err = run("bad.ipynb")
    assert code == 1 and out == "[1]\n[2]\n"
    lines = [line for line in err.splitlines() if line.strip(" ~^")]  # 3.13 underlines
    assert lines[:4] == [
        "Traceback (most recent call last):",
        '  File "bad.ipynb, cell 2", line 2, in <module>',
        "    f(y - 1)",
        '  File "bad.ipynb, cell 1", line 2, in f',
    ]
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_a_mistake_in_the_text_names_cell_and_line(notebook, run):
    notebook("text.ipynb", "x = 1", "y = (2\nz = 3")
    code, _, err = run("text.ipynb")
    assert code == 1 and 'File "text.ipynb, cell 2", line' in err and "SyntaxError" in err


def test_errors_of_thalweg_name_cell_and_line(notebook, run):
    notebook("shapes.ipynb", "import tensorflow as tf", "a = tf.ones([2, 3])\ntf.matmul(a, a)")
    code, _, err = run("shapes.ipynb")
    assert code == 1 and "made at   shapes.ipynb, cell 2:2   tf.matmul(a, a)" in err


def test_it_runs_in_its_folder_with_its_arguments(notebook, run, folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "helper.py").write_text("word = 'found'\n")
    source = (
        "import os, sys, helper\nprint(helper.word, os.path.basename(os.getcwd()), sys.argv[1:])"
    )
    notebook("deep/n.ipynb", source, "print(__name__, '__file__' in globals())")
    before = os.getcwd()
    code, out, err = run("deep/n.ipynb", "--fast")
    sys.modules.pop("helper", None)
    assert (code, err) == (0, "")
    assert out == "[1]\nfound deep ['--fast']\n[2]\n__main__ False\n"
    assert os.getcwd() == before


def test_exit_codes_are_passed_on(notebook, run):
    notebook("exit.ipynb", "import sys\nsys.exit(3)", "print('never')")
    with pytest.raises(SystemExit) as info:
        run("exit.ipynb")
    assert info.value.code == 3


def test_display_prints(notebook, run):
    notebook("show.ipynb", "display(1, 'two', metadata={})")
    assert run("show.ipynb")[1] == "[1]\n1\n'two'\n"


@pytest.mark.parametrize(("display", "drawn_by"), [("", "Agg"), (":0", "none")])
def test_plots_are_drawn_without_a_display(notebook, python, display, drawn_by):
    notebook("plot.ipynb", "import os\nprint(os.environ.get('MPLBACKEND', 'none'))")
    code = (
        "import os, sys; os.environ.pop('MPLBACKEND', None); from thalweg.cli import main;"
        "sys.exit(main(['run', 'plot.ipynb']))"
    )
    told = python("-c", code, DISPLAY=display, WAYLAND_DISPLAY="")
    assert told == (0, f"[1]\n{drawn_by}\n", "")


def test_a_model_is_trained_in_a_notebook(notebook, run):
    notebook(
        "train.ipynb",
        "import numpy as np\nfrom keras.models import Sequential\nfrom keras.layers import Dense",
        "model = Sequential([Dense(1, input_shape=(2,))])\nmodel.compile('sgd', 'mse')",
        "model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=1, verbose=0).history.keys()",
    )
    code, out, err = run("train.ipynb")
    assert (code, out, err) == (0, "[1]\n[2]\n[3]\ndict_keys(['loss'])\n", "")


@pytest.mark.parametrize(
    "text", ["", "print(1)", "[]", "{}", '{"cells": [{}]}', '{"cells": 3}', '{"worksheets": []}']
)
def test_a_file_that_is_no_notebook(folder, run, capsys, text):
    (folder / "no.ipynb").write_text(text)
    with pytest.raises(FileFormatError) as info:
        read_notebook("no.ipynb")
    assert str(info.value).startswith("run: not a Jupyter notebook\n  expected  JSON with cells")
    with pytest.raises(SystemExit) as ended:
        run("no.ipynb")
    assert ended.value.code == 2
    assert "run: not a Jupyter notebook\n  expected" in capsys.readouterr().err

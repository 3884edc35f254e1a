"""What `tensorflow` and `keras` are while a program runs."""

import importlib
import sys

import pytest

import thalweg
import thalweg.tf1
from thalweg.cli import imports
from thalweg.cli.imports import translated_imports
from thalweg.cli.names import VERSIONS, known_names, translation


@pytest.fixture
def translated():
    with translated_imports():
        yield


SAME = {  # what a program imports, and what it gets
    "tensorflow": thalweg.tf1,
    "tensorflow.compat.v1": thalweg.tf1,
    "tensorflow.nn": thalweg.tf1.nn,
    "tensorflow.train": thalweg.tf1.train,
    "tensorflow.keras": thalweg,
    "tensorflow.keras.layers": thalweg.layers,
    "tensorflow.python.keras.layers": thalweg.layers,
    "tensorflow.compat.v1.keras.optimizers": thalweg.optimizers,
    "keras": thalweg,
    "keras.models": thalweg.models,
    "keras.layers": thalweg.layers,
    "keras.layers.core": thalweg.layers,
    "keras.layers.advanced_activations": thalweg.layers,
    "keras.callbacks": thalweg.callbacks,
    "keras.optimizers.schedules": thalweg.optimizers.schedules,
    "keras.datasets.mnist": thalweg.datasets.mnist,
    "keras.utils.np_utils": thalweg.utils,
    "keras.engine.base_layer": thalweg.layers,
    "keras.objectives": thalweg.losses,
    "keras.initializations": thalweg.initializers,
}


@pytest.mark.parametrize("name", SAME)
def test_every_name_of_a_module_is_there(translated, name):
    module, original = importlib.import_module(name), SAME[name]
    public = [n for n in original.__all__ if not n.startswith("__")]
    ours = [n for n in public if f"{name}.{n}" not in VERSIONS]  # those are modules of their own
    assert ours and all(getattr(module, n) is getattr(original, n) for n in ours)
    assert set(public) <= set(dir(module))
    assert module.__doc__ == original.__doc__


def test_the_ways_in_which_programs_import(translated):
    namespace = {}
    exec(  # the statement forms are what is tested
        "import tensorflow as tf\n"
        "import keras, keras.layers\n"
        "from keras import layers as L, models\n"
        "from keras.layers import Dense, Conv2D\n"
        "from keras.layers.core import Flatten\n"
        "from keras.utils.np_utils import to_categorical\n"
        "from keras.engine import Layer, Model\n"
        "from tensorflow.keras.models import Sequential\n"
        "from tensorflow import keras as k2\n"
        "from tensorflow.examples.tutorials.mnist import input_data\n"
        "import tensorflow.compat.v1 as v1\n"
        "from keras.datasets import mnist\n",
        namespace,
    )
    assert namespace["Dense"] is thalweg.layers.Dense is namespace["L"].Dense
    assert namespace["keras"].layers.Dense is namespace["k2"].layers.Dense
    assert namespace["tf"].keras.layers.Dense is namespace["tf"].compat.v1.keras.layers.Dense
    assert namespace["Layer"] is thalweg.layers.Layer and namespace["Model"] is thalweg.Model
    assert namespace["input_data"] is thalweg.tf1.examples.tutorials.mnist.input_data
    assert namespace["mnist"].load_data is thalweg.datasets.mnist.load_data


def test_versions_are_those_whose_names_are_spoken(translated):
    import keras
    import tensorflow as tf

    assert (tf.__version__, keras.__version__) == ("1.15.0", "2.3.1")
    assert tf.keras.__version__.startswith("2.2")


def test_stars_bring_the_public_names(translated):
    namespace = {}
    exec("from keras.layers import *", namespace)
    assert set(thalweg.layers.__all__) <= set(namespace)


def test_names_set_on_an_alias_stay_there(translated):
    import keras

    keras.mine = 3
    assert keras.mine == 3 and not hasattr(thalweg, "mine")
    assert not hasattr(thalweg.utils, "np_utils")


@pytest.mark.parametrize(
    ("module", "name", "told"),
    [
        ("tensorflow.nn", "rely", "did you mean 'relu'?"),
        ("keras.layers", "Dens", "did you mean 'Dense'?"),
        ("keras", "model", "did you mean 'models'?"),
        ("tensorflow", "mul", "since 1.0 it is 'multiply'"),
    ],
)
def test_a_missing_name_suggests_the_nearest(translated, module, name, told):
    with pytest.raises(AttributeError) as info:
        getattr(importlib.import_module(module), name)
    assert str(info.value) == f"module {module!r} has no attribute {name!r}: {told}"


def test_a_missing_module_suggests_the_nearest(translated):
    with pytest.raises(ModuleNotFoundError) as info:
        importlib.import_module("keras.optimisers")
    assert str(info.value) == (
        "thalweg has no module that stands for 'keras.optimisers': did you mean 'keras.optimizers'?"
    )
    assert info.value.name == "keras.optimisers"
    with pytest.raises(ImportError, match=r"stands for 'tensorflow\.contrib\.slim'"):
        importlib.import_module("tensorflow.contrib.slim.nets")


def test_a_program_is_told_the_nearest_name(write, run):
    write("wrong.py", "\nfrom keras.layers import Dens\n")
    code, _, err = run("wrong.py")
    assert code == 1
    assert err.splitlines()[1].endswith('wrong.py", line 2, in <module>')
    assert err.endswith("thalweg has no keras.layers.Dens: did you mean 'Dense'?\n")
    assert "highlevel" not in "".join(err.splitlines()[:-2])


def test_what_has_no_public_counterpart_is_not_reached():
    assert translation("keras.cli") is translation("keras.core.graph") is None
    assert translation("kerasfoo") is translation("numpy") is None


def test_all_known_names_have_a_translation():
    assert all(translation(name) is not None for name in known_names())


def test_after_the_run_the_names_are_gone():
    with translated_imports():
        import keras  # noqa: F401
    assert "keras" not in sys.modules
    finders = [type(finder).__name__ for finder in sys.meta_path]
    assert "_Finder" not in finders


def test_what_was_imported_before_is_there_again(monkeypatch):
    real = type(sys)("tensorflow")
    monkeypatch.setitem(sys.modules, "tensorflow", real)
    with translated_imports():
        import tensorflow as tf

        assert tf is not real
    assert sys.modules["tensorflow"] is real


@pytest.mark.parametrize("everywhere", [False, True])
def test_installed_packages_see_what_is_installed(write, run, monkeypatch, folder, everywhere):
    site = f"{folder}/site/"
    monkeypatch.setattr(imports, "_installed_folders", lambda: (site,))
    monkeypatch.setattr(sys, "path", ["", site, *sys.path])
    write(
        "site/logger.py",
        """
        try:
            import tensorflow as tf
            found = tf.__version__
        except ImportError:
            found = "none"
        """,
    )
    write("beside.py", "import tensorflow as tf\n")
    write("uses.py", "import logger, beside\nprint(logger.found, beside.tf.__version__)\n")
    options = ["--tf1"] if everywhere else []
    code, out, err = run(*options, "uses.py")
    sys.modules.pop("logger", None), sys.modules.pop("beside", None)
    assert (code, out) == (0, f"{'1.15.0' if everywhere else 'none'} 1.15.0\n"), err


TRAINS = """\
    import numpy as np
    {imports}

    x = np.random.RandomState(0).rand(64, 4).astype("float32")
    {body}
    print("ok")
    """
PROGRAMS = {
    "keras": (
        "from keras.models import Sequential\nfrom keras.layers import Dense, Activation\n"
        "from keras.utils import np_utils",
        "model = Sequential()\nmodel.add(Dense(8, input_dim=4))\nmodel.add(Activation('relu'))\n"
        "model.add(Dense(2, activation='softmax'))\n"
        "y = np_utils.to_categorical((x.sum(1) > 2).astype(int), 2)\n"
        "model.compile(loss='categorical_crossentropy', optimizer='sgd', metrics=['accuracy'])\n"
        "model.fit(x, y, epochs=2, verbose=0)\nassert model.predict(x).shape == (64, 2)",
    ),
    "tf1": (
        "import tensorflow as tf",
        "p = tf.placeholder(tf.float32, [None, 4])\nw = tf.Variable(tf.zeros([4, 1]))\n"
        "loss = tf.reduce_mean(tf.square(tf.matmul(p, w) - 1.0))\n"
        "step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)\n"
        "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n"
        "    first = sess.run(loss, {p: x})\n    sess.run(step, feed_dict={p: x})\n"
        "    assert sess.run(loss, {p: x}) < first",
    ),
    "tf.keras": (
        "import tensorflow as tf\nfrom tensorflow.keras import layers",
        "model = tf.keras.Sequential([layers.Dense(1, input_shape=(4,))])\n"
        "model.compile('adam', 'mse')\nmodel.fit(x, x[:, :1], epochs=1, verbose=0)",
    ),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_unchanged_programs_run(write, run, kind):
    import textwrap

    parts = [textwrap.indent(part, "    ").strip() for part in PROGRAMS[kind]]
    write("train.py", TRAINS.format(imports=parts[0], body=parts[1]))
    code, out, err = run("train.py")
    assert (code, out) == (0, "ok\n"), err

"""Configurations that are damaged or mean harm.

Nothing of them is run, imported or even looked up; each message says what is wrong.
"""

from __future__ import annotations

import builtins
import copy
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_rows import double
from model_entries import JSON, dense_entry, functional, message

from thalweg.core.errors import FileFormatError
from thalweg.layers import Add, Dense, Input, Layer, LeakyReLU
from thalweg.models import Model, Sequential, model_from_config, model_from_json
from thalweg.saving import model_reader


@pytest.mark.parametrize(
    "name", ["eval", "exec", "open", "__import__", "os.system", "builtins.eval", "type"]
)
def test_names_of_python(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("called")

    entry = {**dense_entry(), "class_name": name, "module": "builtins"}
    text = json.dumps(functional(entry))
    model_from_config(functional(dense_entry()))  # the library's own modules are loaded by exec
    with monkeypatch.context() as patched, pytest.raises(FileFormatError) as error:
        for builtin in ("eval", "exec", "compile"):
            patched.setattr(builtins, builtin, forbidden)
        model_from_json(text)
    assert message(error).startswith(f"model_from_config: unknown class {name!r}\n")


@pytest.mark.parametrize("key", ["module", "registered_name", "class_name"])
def test_modules_are_not_imported(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = {**dense_entry("n"), "registered_name": None, key: "trap"}
    entry["config"]["kernel_initializer"] = {
        "module": "trap",
        "class_name": "Trap",
        "config": {},
        "registered_name": "trap>Trap",
    }
    with pytest.raises(FileFormatError, match=r"unknown (class|initializer) 'T?t?rap'"):
        model_from_config(functional(entry))
    assert not (tmp_path / "sprung").exists()


def test_nearest_name() -> None:
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional({**dense_entry(), "class_name": "Dens"}))
    assert message(error) == (
        "model_from_config: unknown class 'Dens'\n"
        "  expected  a class of thalweg, or one under @register_keras_serializable()\n"
        "  hint      did you mean 'Dense'?"
    )


def test_classes_that_are_no_layers() -> None:
    with pytest.raises(FileFormatError, match="unknown class 'HeNormal'"):
        model_from_config(functional({**dense_entry(), "class_name": "HeNormal"}))
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional({**dense_entry(), "class_name": "double"}), {
            "double": double
        })  # fmt: skip
    assert "'double' is no layer" in message(error)


@pytest.mark.parametrize(
    "function",
    [
        ["4wEAAAAAAAAA", None, None],
        {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA"}},
        ["code", [], []],
        7,
    ],
)
def test_code_of_a_lambda(function: Any) -> None:
    config = {"name": "l", "function": function, "function_type": "lambda"}
    entry = {
        "class_name": "Lambda",
        "config": config,
        "name": "l",
        "inbound_nodes": [[["x", 0, 0, {}]]],
    }
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional(entry))
    assert message(error) == (
        "model_from_config: the layer holds Python code, which is never run\n"
        "  expected  the name of a registered function\n"
        "  node      layer Lambda 'l'\n"
        "  hint      give the function a name under @register_keras_serializable() and save it "
        "again; or build the model anew and load_weights() from the file"
    )


def test_deep_nesting() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, '{"a":' * 101 + "0" + "}" * 101):
        with pytest.raises(FileFormatError) as error:
            model_from_json(text)
        assert message(error) == (
            "model_from_json: the text is nested too deeply\n  expected  at most 100 levels"
        )


def test_models_nested_deeply() -> None:
    config = functional(dense_entry())
    for i in range(40):
        inner = {**config, "name": f"m{i}", "inbound_nodes": [[["x", 0, 0, {}]]]}
        config = functional(inner, outputs=[[f"m{i}", 1, 0]])
    with pytest.raises(FileFormatError, match="nested too deeply"):
        model_from_json(json.dumps(config))


def test_calls_that_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten calls of a model of ten calls of a model …"""
    monkeypatch.setattr(model_reader, "_MAX_CALLS", 2000)
    chain = [dense_entry(units=3, inbound=[[["x", 0, 0, {}]]])]
    config = functional(*chain)
    for level in range(12):
        nodes = [[["x", 0, 0, {}]], *([[f"m{level}", i, 0, {}]] for i in range(1, 10))]
        inner = {**config, "name": f"m{level}", "inbound_nodes": nodes}
        config = functional(inner, outputs=[[f"m{level}", 10, 0]])
    with pytest.raises(FileFormatError, match=r"called too often\n  expected  at most \d+"):
        model_from_config(config)


def test_too_many_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_reader, "_MAX_LAYERS", 20)
    entries = [dense_entry(f"d{i}", units=3) for i in range(30)]
    with pytest.raises(FileFormatError, match=r"too many layers\n  expected  at most 20"):
        model_from_config({"class_name": "Sequential", "config": entries})
    config = functional(*entries)
    with pytest.raises(FileFormatError, match="too many layers"):
        model_from_config(config)


def test_sizes_beyond_memory_are_not_allocated() -> None:
    entry = dense_entry(units=10**12)
    model = model_from_config(functional(entry))
    assert model.count_params() == 4 * 10**12


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expecting value at character 0 of 0"),
        ('{"class_name": "Sequential", "con', "Unterminated string starting at"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes"),
        ("[1]", "is no JSON object"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"a": "\\ud800"}', "holds half a character"),
    ],
)
def test_broken_text(text: str, told: str) -> None:
    with pytest.raises(FileFormatError) as error:
        model_from_json(text)
    assert told in message(error)


def test_too_long_text() -> None:
    with pytest.raises(FileFormatError, match=r"too large\n  expected  at most 8388608 char"):
        model_from_json(" " * (1 << 23) + "{}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"class_name": None}, "not the configuration of a layer"),
        ({"class_name": ["Dense"]}, "not the configuration of a layer"),
        ({"config": "Dense"}, "not the configuration of a layer"),
        ({"config": []}, "a configuration is no object"),
        ({"inbound_nodes": "x"}, "the connections of the layers make no sense"),
        ({"inbound_nodes": [[]]}, "the connections of the layers make no sense"),
        ({"inbound_nodes": [[["x", 0]]]}, "the connections of the layers make no sense"),
        ({"inbound_nodes": [[["x", "0", 0, {}]]]}, "make no sense"),
        ({"inbound_nodes": [[["_CONSTANT_VALUE", -1, 0.5, {}]]]}, "make no sense"),
        ({"inbound_nodes": [{"args": [], "kwargs": {}}]}, "make no sense"),
        ({"inbound_nodes": [[["y", 0, 0, {}]]]}, "the connections of the layers lead nowhere"),
        ({"inbound_nodes": [[["x", 1, 0, {}]]]}, "the connections of the layers lead nowhere"),
        ({"inbound_nodes": [[["x", -1, 0, {}]]]}, "lead nowhere"),
        ({"inbound_nodes": [[["x", 0, 1, {}]]]}, "lead nowhere"),
        ({"inbound_nodes": [[["x", 0, -1, {}]]]}, "lead nowhere"),
        ({"inbound_nodes": [[["head", 0, 0, {}]]]}, "need each other in a circle"),
        ({"inbound_nodes": [[["x", 0, 0, {"self": 1}]]]}, "the configuration makes no sense"),
        ({"inbound_nodes": [[["x", 0, 0, {"inputs": 1}]]]}, "makes no sense"),
        ({"name": "x", "config": {"units": 2}}, "two layers are called 'x'"),
    ],
)
def test_entries_that_make_no_sense(change: JSON, told: str) -> None:
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional({**dense_entry(), **change}, outputs=[["head", 0, 0]]))
    assert told in message(error)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"units": "many"}, "units"),
        ({"units": -3}, "units"),
        ({"units": True}, "units"),
        ({"activation": {"class_name": "eval", "config": {}}}, "unknown activation 'eval'"),
        ({"activation": "rleu"}, "did you mean 'relu'?"),
        ({"kernel_initializer": {"class_name": "eval", "config": {}}}, "unknown initializer"),
        ({"kernel_regularizer": {"class_name": "Dense", "config": {}}}, "unknown regularizer"),
        ({"kernel_constraint": 3}, "constraint"),
        ({"dtype": "complex64"}, "complex64"),
        ({"dtype": {"class_name": "Policy", "config": []}}, "unknown class 'Policy'"),
    ],
)
def test_arguments_that_make_no_sense(config: JSON, told: str) -> None:
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional(dense_entry(**config)))
    assert told in message(error)


def test_error_keeps_what_the_layer_said() -> None:
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional(dense_entry(units=-3)))
    assert message(error) == (
        "model_from_config: the configuration makes no sense: Dense: bad units\n"
        "  expected  an integer >= 1\n"
        "  got       -3\n"
        "  node      layer Dense 'head'"
    )


def test_circle() -> None:
    entries = [
        dense_entry("a", [[["b", 0, 0, {}]]], units=3),
        dense_entry("b", [[["a", 0, 0, {}]]], units=3),
        dense_entry("c", units=3),
    ]
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional(*entries))
    assert message(error) == (
        "model_from_config: the layers need each other in a circle\n  got       'a', 'b'"
    )


def test_layers_in_any_order() -> None:
    entries = [dense_entry(f"d{i}", [[[f"d{i - 1}", 0, 0, {}]]], units=3) for i in range(1, 30)]
    entries.append(dense_entry("d0", units=3))
    config = functional(*entries[::-1], outputs=[["d29", 0, 0]])
    assert model_from_config(config).layers[-1].name == "d29"


@pytest.mark.parametrize("key", ["input_layers", "output_layers"])
def test_missing_ends(key: str) -> None:
    for value in (None, [], [["head", 9, 0]], "x", [[["x"]]]):
        config = copy.deepcopy(functional(dense_entry()))
        config["config"][key] = value
        with pytest.raises(FileFormatError, match=r"make no sense|makes no sense|lead nowhere"):
            model_from_config(config)


def test_layers_of_another_kind() -> None:
    for value in (None, 3, "abc", {"a": 1}):
        config = functional()
        config["config"]["layers"] = value
        with pytest.raises(FileFormatError, match="'layers' is no list"):
            model_from_config(config)


def test_error_in_a_users_layer_keeps_its_cause() -> None:
    class Broken(Layer):
        """Fails when it is made."""

        def __init__(self, **kwargs: Any) -> None:
            raise RuntimeError("no luck")

    entry = {**dense_entry(), "class_name": "Broken"}
    with pytest.raises(FileFormatError) as error:
        model_from_config(functional(entry), {"Broken": Broken})
    assert "RuntimeError: no luck" in message(error)
    assert isinstance(error.value.__cause__, RuntimeError)


JUNK: list[Any] = [
    *(None, True, -1, 0, 3, 10**30, 1.5, float("nan"), "", "x", "relu", "eval", "a/b", "\x00"),
    *([], {}, ["x", 0, 0], [[["x", 0, 0, {}]]], {"class_name": "Dense", "config": {}}),
    {"class_name": "Sequential", "config": {"layers": []}},
    {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all parts of JSON data."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inner = enumerate(value)
    found = [path] if path else []
    for key, item in inner:
        found += places(item, (*path, key))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_changed_at_random(seed: int) -> None:
    """Whatever is exchanged: a model, or the error of files; nothing else."""
    x = Input((3,), name="x")
    inner = Sequential([Dense(3, "tanh", input_shape=(3,)), LeakyReLU()], name="inner")
    model = Model(x, [Dense(2)(inner(inner(x))), Add()([inner(x), x])])
    original = json.loads(model.to_json())
    paths = places(original)
    random = np.random.default_rng(seed)
    refused = 0
    for _ in range(40):
        config = copy.deepcopy(original)
        *way, last = paths[random.integers(len(paths))]
        part = config
        for key in way:
            part = part[key]
        part[last] = copy.deepcopy(JUNK[random.integers(len(JUNK))])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model_from_config(config)
        except FileFormatError as error:
            refused += 1
            assert str(error)
    assert 10 < refused < 40

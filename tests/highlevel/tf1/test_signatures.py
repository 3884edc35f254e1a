"""Every function takes the arguments that TensorFlow 1.15's documentation lists, in its order."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Any

import pytest
from tf1_signatures import TABLES
from tf1_signatures.namespaces import ALIASES

import thalweg.tf1 as tf
from thalweg.tf1.examples.tutorials.mnist import input_data
from thalweg.tf1.initializer_classes import Initializer

SIGNATURES = {name: arguments for table in TABLES for name, arguments in table.items()}
READ_DATA_SETS = (
    "train_dir, fake_data=False, one_hot=False, dtype=float32, reshape=True, validation_size=5000, "
    "seed=None, source_url='https://storage.googleapis.com/cvdf-datasets/mnist/'"
)
# Names that are not called, have a Python class's own arguments, or are filled with attributes.
OTHERS = {
    "AggregationMethod", "ConfigProto", "DType", "Dimension", "GPUOptions", "GraphKeys",
    "GraphOptions", "OpError", "Operation", "OptimizerOptions", "RunMetadata", "RunOptions",
    "Tensor", "TensorShape", "UnconnectedGradients", "VariableAggregation",
    "VariableSynchronization", "data.Dataset", "data.Iterator", "image.ResizeMethod",
    "losses.Reduction", "test.TestCase", "train.NanLossDuringTrainingError",
}  # fmt: skip


# Not `tf.flags`: it is absl's, and takes the names of arguments that TF1 had before.
NAMESPACES = (
    "app",
    "bitwise",
    "compat",
    "contrib.layers",
    "contrib.rnn",
    "data",
    "data.experimental",
    "debugging",
    "errors",
    "gfile",
    "image",
    "initializers",
    "io",
    "layers",
    "linalg",
    "logging",
    "losses",
    "manip",
    "math",
    "metrics",
    "nn",
    "nn.rnn_cell",
    "random",
    "strings",
    "summary",
    "test",
    "train",
)


def spelled(default: Any) -> str:
    if isinstance(default, Enum):
        return f"{type(default).__name__}.{default.name}"
    if isinstance(default, tf.DType):
        return default.name
    if isinstance(default, Initializer):
        return f"{type(default).__name__}()"
    if type(default) is object:
        return "USE_DEFAULT"
    return default.__name__ if inspect.isfunction(default) else repr(default)


def signature_of(function: Any) -> str:
    """`x, name=None`, without the first argument of a method."""
    parts = []
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        assert parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
        name = str(parameter.replace(annotation=parameter.empty, default=parameter.empty))
        has_default = parameter.default is not parameter.empty
        parts.append(f"{name}={spelled(parameter.default)}" if has_default else name)
    return ", ".join(part for part in parts if part != "self")


def found(path: str) -> Any:
    item: Any = tf
    for part in path.split("."):
        item = getattr(item, part)
    return item


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    assert signature_of(found(name)) == SIGNATURES[name]


def test_signature_of_the_mnist_reader() -> None:
    assert signature_of(input_data.read_data_sets) == READ_DATA_SETS
    batch = signature_of(input_data.DataSet.next_batch)
    assert batch == "batch_size, fake_data=False, shuffle=True"


def test_every_function_has_a_row() -> None:
    functions = {name for name in tf.__all__ if callable(getattr(tf, name))} - OTHERS
    for space in NAMESPACES:
        names = found(space).__all__
        functions |= {f"{space}.{n}" for n in names if callable(found(f"{space}.{n}"))}
    assert sorted(functions - set(SIGNATURES) - OTHERS) == []


@pytest.mark.parametrize("name", ALIASES)
def test_second_addresses(name: str) -> None:
    assert found(name) is found(ALIASES[name])


def test_no_row_stands_twice() -> None:
    assert sum(map(len, TABLES)) == len(SIGNATURES)


def test_wrong_signatures_are_seen() -> None:
    assert signature_of(lambda x, y=0: x) == "x, y=0"
    with pytest.raises(AssertionError):
        signature_of(lambda x, *, name=None: x)

"""Registries: names, classes and configurations, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from thalweg import constraints, initializers, regularizers
from thalweg.core.errors import OptionError
from thalweg.registry import Registry
from thalweg.saving.config import Configurable, custom_object_scope


class Scale(Configurable):
    """A class with one argument."""

    def __init__(self, factor: float = 2.0) -> None:
        self.factor = factor

    def __call__(self, x: Any) -> Any:
        return x * self.factor


def triple(x: Any) -> Any:
    return 3 * x


@pytest.fixture
def registry() -> Registry:
    return Registry("function", {"Scale": Scale, "triple": triple})


def test_get(registry: Registry) -> None:
    scale = Scale(5.0)
    assert registry.get(None) is None
    assert registry.get("triple") is triple
    assert registry.get("Scale").factor == 2.0
    assert registry.get(Scale).factor == 2.0
    assert registry.get(scale) is scale
    assert registry.get(triple) is triple
    assert registry.get({"class_name": "Scale", "config": {"factor": 4.0}}).factor == 4.0
    assert registry.get({"class_name": "Scale"}).factor == 2.0


def test_round_trip(registry: Registry) -> None:
    assert registry.deserialize(registry.serialize(Scale(7.0))).factor == 7.0
    assert registry.deserialize(registry.serialize(triple)) is triple
    assert registry.deserialize(registry.serialize(None)) is None


def test_custom_objects(registry: Registry) -> None:
    class Other(Scale):
        pass

    data = registry.serialize(Other(1.5))
    with pytest.raises(OptionError, match="unknown function 'Other'"):
        registry.deserialize(data)
    assert registry.deserialize(data, {"Other": Other}).factor == 1.5
    with custom_object_scope({"Other": Other}):
        assert isinstance(registry.get("Other"), Other)
    with pytest.raises(OptionError):
        registry.get("Other")


def test_unknown_name(registry: Registry) -> None:
    with pytest.raises(OptionError) as error:
        registry.get("tripel")
    lines = str(error.value).split("\n")
    assert lines[0] == "function: unknown function 'tripel'"
    assert lines[1] == "  expected  one of Scale, triple"
    assert lines[-1] == "  hint      did you mean 'triple'?"


def test_other_objects(registry: Registry) -> None:
    with pytest.raises(OptionError) as error:
        registry.get(3)
    lines = str(error.value).split("\n")
    assert lines[0] == "function: not one of the functions"
    assert lines[1:3] == [
        "  expected  a name, an object that can be called, or None",
        "  got       3",
    ]


@pytest.mark.parametrize("module", [initializers, regularizers, constraints])
def test_every_public_class_is_registered(module: Any) -> None:
    bases = {initializers.Initializer, regularizers.Regularizer, constraints.Constraint}
    for name in module.__all__:
        item = getattr(module, name)
        if isinstance(item, type) and item not in bases:
            made = module.get(name)
            assert type(made) is item
            again = module.deserialize(module.serialize(made))
            assert type(again) is item
            assert again.get_config() == made.get_config()


@pytest.mark.parametrize("module", [initializers, regularizers, constraints])
def test_none_stays_none(module: Any) -> None:
    assert module.get(None) is None

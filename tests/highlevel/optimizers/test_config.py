"""Names, options and configurations: from strings and files to optimizers and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import thalweg.optimizers
from thalweg.core import OptionError, SgdRule, UpdateRule
from thalweg.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Nadam,
    Optimizer,
    RMSprop,
    deserialize,
    get,
    serialize,
)
from thalweg.saving.config import register_keras_serializable

COMMON = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
}
DEFAULTS: dict[type[Optimizer], dict[str, Any]] = {  # Keras 3's
    SGD: {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    Adam: {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "amsgrad": False,
    },
    AdamW: {
        "learning_rate": 0.001,
        "weight_decay": 0.004,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "amsgrad": False,
    },
    Adadelta: {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7},
    Adagrad: {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
    Adamax: {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    Nadam: {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    Ftrl: {
        "learning_rate": 0.001,
        "learning_rate_power": -0.5,
        "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "l2_shrinkage_regularization_strength": 0.0,
        "beta": 0.0,
    },
    RMSprop: {
        "learning_rate": 0.001,
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-7,
        "centered": False,
    },
}
each_class = pytest.mark.parametrize("cls", DEFAULTS)


@each_class
def test_defaults(cls: type[Optimizer]) -> None:
    assert cls().get_config() == {**COMMON, "name": cls.__name__.lower(), **DEFAULTS[cls]}


@each_class
def test_round_trip(cls: type[Optimizer]) -> None:
    changed = {
        name: not value if isinstance(value, bool) else math.copysign(0.25, value)
        for name, value in DEFAULTS[cls].items()
    }
    config = {
        **COMMON,
        **changed,
        "name": "mine",
        "clipnorm": 2.0,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 3,
        "decay": 0.125,
    }
    optimizer = cls.from_config(config)
    assert optimizer.get_config() == config
    data = json.loads(json.dumps(serialize(optimizer)))
    assert data == {"class_name": cls.__name__, "config": config}
    again = deserialize(data)
    assert type(again) is cls
    assert again.get_config() == config
    assert again.rule == optimizer.rule


@each_class
def test_names_in_any_case(cls: type[Optimizer]) -> None:
    name = cls.__name__
    for spelling in (name, name.lower(), name.upper()):
        assert type(get(spelling)) is cls


def test_get() -> None:
    optimizer = Adam(0.5)
    assert get(optimizer) is optimizer
    assert get(None) is None
    assert type(get(Adam)) is Adam
    assert get({"class_name": "sgd", "config": {"lr": 0.5}}).learning_rate == 0.5
    assert get({"class_name": "sgd"}).learning_rate == pytest.approx(0.01)


def test_config_has_the_rate_of_the_session() -> None:
    optimizer = Adam(0.001)
    optimizer.learning_rate = 0.0003
    assert optimizer.get_config()["learning_rate"] == 0.0003
    assert optimizer.get_config() == {**Adam().get_config(), "learning_rate": 0.0003}


def test_config_of_keras_3() -> None:
    config = {
        "name": "sgd",
        "learning_rate": 0.10000000149011612,
        "weight_decay": None,
        "clipnorm": None,
        "global_clipnorm": None,
        "clipvalue": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "ema_overwrite_frequency": None,
        "loss_scale_factor": None,
        "gradient_accumulation_steps": None,
        "momentum": 0.9,
        "nesterov": True,
    }
    found = deserialize({"class_name": "SGD", "config": config, "module": "keras.optimizers"})
    assert found.rule == SGD(0.1, 0.9, nesterov=True).rule
    assert found.get_config()["learning_rate"] == 0.1


def test_config_of_keras_2() -> None:
    config = {"lr": 0.5, "beta_1": 0.8, "decay": 0.25, "epsilon": None, "amsgrad": False}
    found = Adam.from_config(config)
    assert found.learning_rate == 0.5
    assert found.decay == 0.25
    assert found.rule == Adam(beta_1=0.8).rule
    tf_keras = {"learning_rate": 0.5, "jit_compile": True, "is_legacy_optimizer": False}
    assert Adam.from_config(tf_keras).learning_rate == 0.5


def test_optimizer_of_a_user() -> None:
    @register_keras_serializable("mine")
    class Halving(Optimizer):
        """Follows SGD's rule."""

        def __init__(self, learning_rate: float = 0.5, **common: Any) -> None:
            super().__init__(learning_rate, **common)

        @property
        def rule(self) -> UpdateRule:
            return SgdRule()

    data = serialize(Halving(0.25, clipvalue=1.0))
    assert data["class_name"] == "mine>Halving"
    again = get(data)
    assert type(again) is Halving
    assert again.get_config()["clipvalue"] == 1.0
    assert deserialize({"class_name": "Other"}, {"Other": Halving}).learning_rate == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: get("adm"),
            "optimizer: unknown optimizer 'adm'\n"
            "  expected  one of adadelta, adagrad, adam, adamax, adamw, ftrl, nadam, rmsprop, "
            "sgd\n",
        ),
        (
            lambda: thalweg.optimizers.Ftrl(0.0),
            "Ftrl: bad learning_rate\n  expected  a number > 0\n  got       0.0",
        ),
        (
            lambda: get(0.1),
            "optimizer: not an optimizer\n"
            "  expected  an Optimizer, its name or its configuration\n"
            "  got       0.1",
        ),
        (
            lambda: Adam(learning_rat=0.1),
            "Adam: has no argument 'learning_rat'\n  hint      did you mean 'learning_rate'?",
        ),
        (
            lambda: Adam(clipnorms=0.1),
            "Adam: has no argument 'clipnorms'\n  hint      did you mean 'clipnorm'?",
        ),
        (
            lambda: deserialize({"class_name": "SGD", "config": {"momentun": 0.5}}),
            "SGD: has no argument 'momentun'\n  hint      did you mean 'momentum'?",
        ),
        (
            lambda: SGD(loss_scale_factor=2.0),
            "SGD: loss_scale_factor is not available\n  expected  None\n  got       2.0",
        ),
        (
            lambda: SGD(clipnorm=1.0, clipvalue=0.5),
            "SGD: gradients can be clipped in one way only\n"
            "  expected  one of clipnorm, clipvalue, global_clipnorm\n"
            "  got       clipnorm=1, clipvalue=0.5",
        ),
        (
            lambda: SGD("fast"),
            "SGD: bad learning_rate\n"
            "  expected  a number, 0 <= learning_rate < inf, or a LearningRateSchedule\n"
            "  got       'fast'\n",
        ),
        (
            lambda: SGD(momentum=1.5),
            "SGD: bad momentum\n  expected  a number, 0 <= momentum <= 1\n  got       1.5\n",
        ),
        (
            lambda: SGD(clipvalue=0.0),
            "SGD: bad clipvalue\n  expected  a number > 0\n  got       0.0\n",
        ),
        (
            lambda: SGD(weight_decay=-1.0),
            "SGD: bad weight_decay\n  expected  a number >= 0; or None\n  got       -1.0\n",
        ),
        (
            lambda: SGD(decay=-1.0),
            "SGD: bad decay\n  expected  a number, 0 <= decay < inf\n  got       -1.0\n",
        ),
        (
            lambda: SGD(ema_momentum=2.0),
            "SGD: bad ema_momentum\n"
            "  expected  a number, 0 <= ema_momentum <= 1\n"
            "  got       2.0\n",
        ),
        (
            lambda: SGD(ema_overwrite_frequency=0),
            "SGD: bad ema_overwrite_frequency\n"
            "  expected  an integer >= 1; or None\n"
            "  got       0\n",
        ),
        (
            lambda: Adam(beta_1=1.0),
            "Adam: bad beta_1\n  expected  a number, 0 <= beta_1 < 1\n  got       1.0\n",
        ),
        (
            lambda: Adam(beta_2=-0.1),
            "Adam: bad beta_2\n  expected  a number, 0 <= beta_2 < 1\n  got       -0.1\n",
        ),
        (
            lambda: Adam(epsilon=-1.0),
            "Adam: bad epsilon\n  expected  a number >= 0\n  got       -1.0\n",
        ),
        (
            lambda: AdamW(weight_decay=None),  # type: ignore[arg-type]
            "AdamW: bad weight_decay\n  expected  a number >= 0\n  got       None\n",
        ),
        (
            lambda: Adadelta(rho=2.0),
            "Adadelta: bad rho\n  expected  a number, 0 <= rho <= 1\n  got       2.0\n",
        ),
        (
            lambda: Adagrad(initial_accumulator_value=-1.0),
            "Adagrad: bad initial_accumulator_value\n  expected  a number >= 0\n  got       -1.0\n",
        ),
        (
            lambda: RMSprop(rho=-1.0),
            "RMSprop: bad rho\n  expected  a number, 0 <= rho <= 1\n  got       -1.0\n",
        ),
        (
            lambda: RMSprop(momentum=-1.0),
            "RMSprop: bad momentum\n  expected  a number, 0 <= momentum <= 1\n  got       -1.0\n",
        ),
    ],
)
def test_errors(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_unknown_name_hints_at_the_nearest() -> None:
    with pytest.raises(OptionError) as caught:
        get("RMSPorp")
    assert caught.value.hint == "did you mean 'rmsprop'?"


def test_module_is_lazy() -> None:
    assert set(dir(thalweg.optimizers)) == set(thalweg.optimizers.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Adamm'"):
        thalweg.optimizers.Adamm  # noqa: B018

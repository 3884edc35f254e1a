"""Keras 1's names of arguments, as programs of 2015 to 2017 write them; Keras 2 read them, too.

`Convolution2D(32, 3, 3, border_mode="same")` makes `Conv2D(32, (3, 3), padding="same")`, and a
warning says so. Where a value has another form as well, `_VALUES` and `_sizes` bring it to today's.
Arguments that mean something else today stay errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from thalweg.core import Site, user_site
from thalweg.core.errors import OptionError

__all__ = ["modern_arguments", "modern_steps", "warn_of_call", "warn_of_names"]

_WEIGHTS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_IMAGES = {"dim_ordering": "data_format"}
_WINDOWS = {"border_mode": "padding", **_IMAGES}
_CONVOLUTION = {"nb_filter": "filters", "subsample": "strides", **_WINDOWS, **_WEIGHTS}
_RECURRENT = {
    **_WEIGHTS,
    "output_dim": "units",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "forget_bias_init": "unit_forget_bias",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "consume_less": "implementation",
}
_RATE = {"p": "rate"}
_NAMES: dict[str, dict[str, str]] = {
    "Dense": {"output_dim": "units", **_WEIGHTS},
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    "Conv1D": {**_CONVOLUTION, "filter_length": "kernel_size", "subsample_length": "strides"},
    **{name: _CONVOLUTION for name in ("Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D")},
    **{name: _RECURRENT for name in ("SimpleRNN", "GRU", "LSTM")},
    **{
        f"{kind}Pooling1D": {
            "pool_length": "pool_size",
            "stride": "strides",
            "border_mode": "padding",
        }
        for kind in ("Max", "Average")
    },
    **{f"{kind}Pooling{rank}D": _WINDOWS for kind in ("Max", "Average") for rank in (2, 3)},
    **{f"Global{kind}Pooling{rank}D": _IMAGES for kind in ("Max", "Average") for rank in (2, 3)},
    **{
        f"{kind}{rank}D": _IMAGES
        for kind in ("ZeroPadding", "Cropping", "UpSampling")
        for rank in (2, 3)
    },
    "UpSampling1D": {"length": "size"},
    "Dropout": _RATE,
    "GaussianDropout": _RATE,
    "SpatialDropout1D": _RATE,
    "SpatialDropout2D": {**_RATE, **_IMAGES},
    "SpatialDropout3D": {**_RATE, **_IMAGES},
    "GaussianNoise": {"sigma": "stddev"},
    "BatchNormalization": {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    "PReLU": {"init": "alpha_initializer"},
}
_VALUES: dict[str, Mapping[Any, Any]] = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None},
    "forget_bias_init": {"one": True, "zero": False},
    "consume_less": {"cpu": 0, "mem": 1, "gpu": 2},
}
# What asked for what is always done today.
_GONE: dict[str, dict[str, Any]] = {"BatchNormalization": {"mode": 0}}
# Sizes that were arguments of their own.
_SIZES = {
    **{name: ("nb_row", "nb_col") for name in ("Conv2D", "Conv2DTranspose", "SeparableConv2D")},
    "Conv3D": ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
}
_OF_SEQUENCES = {"SimpleRNN", "GRU", "LSTM", "Conv1D"}  # input_dim is the size of a step


def modern_arguments(
    cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A layer's arguments by today's names; as they are, unless one has an old one.

    Args:
        cls: the layer's class.
        args, kwargs: of its constructor.

    Raises:
        OptionError: for an argument under both names.
    """
    known, sizes = _NAMES.get(cls.__name__, {}), _SIZES.get(cls.__name__, ())
    gone = _GONE.get(cls.__name__, {})
    dropped = {name for name, value in gone.items() if name in kwargs and kwargs[name] == value}
    kwargs, is_sequence = _sequence(cls, kwargs)
    if not (dropped or is_sequence) and not any(name in known or name in sizes for name in kwargs):
        return args, kwargs
    args, made = _sizes(sizes, args, kwargs)
    for name, value in kwargs.items():
        new = known.get(name, name)
        if name in sizes or name in dropped:
            continue
        if new in made or (new != name and new in kwargs):
            raise OptionError(cls.__name__, f"{new} is given twice", got=f"{name} and {new}")
        made[new] = _VALUES[name].get(value, value) if name in _VALUES else value
    written = [repr(value) for value in args] + [f"{n}={_text(v)}" for n, v in made.items()]
    _warn(f"arguments of Keras 1, read as {cls.__name__}({', '.join(written)})")
    return args, made


def _sequence(cls: type, kwargs: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Length and features of a sequence as `input_shape`; whether they were there."""
    given = {"input_length", "input_dim"} & set(kwargs)
    shapes = {"input_shape", "batch_input_shape", "batch_shape"} & set(kwargs)
    if cls.__name__ not in _OF_SEQUENCES or not given or shapes:
        return kwargs, False
    rest = {name: value for name, value in kwargs.items() if name not in given}
    shape = kwargs.get("input_length"), kwargs.get("input_dim")
    return {**rest, "input_shape": shape}, True


def _sizes(
    names: tuple[str, ...], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Rows and columns as one argument."""
    if names and len(args) == 1 + len(names) and all(isinstance(n, int) for n in args):
        return args[:1], {"kernel_size": args[1:]}
    if names and all(name in kwargs for name in names):
        return args, {"kernel_size": tuple(kwargs[name] for name in names)}
    return args, {}


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, str | int | float | tuple | list) else "…"


_METHODS = {
    "nb_epoch": "epochs",
    "max_q_size": "max_queue_size",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
}
_SAMPLES = {
    "samples_per_epoch": "steps_per_epoch",
    "nb_val_samples": "validation_steps",
    "val_samples": "steps",
}


def warn_of_names(where: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `fit` and its like by today's names, with a warning for old ones.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     warn_of_names("fit", {"nb_epoch": 3, "verbose": 0})
    {'epochs': 3, 'verbose': 0}
    """
    for name in kwargs:
        if name in _METHODS:
            _warn(f"{where}({name}=…) is Keras 1's; today it is {_METHODS[name]}")
    return {_METHODS.get(name, name): value for name, value in kwargs.items()}


def modern_steps(
    where: str, batches: Mapping[str, Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Numbers of samples as numbers of batches: `samples_per_epoch` and its like.

    Args:
        where: the method.
        batches: for each of the new names, the object whose `batch_size` tells how many samples a
            batch has.
        kwargs: of the method.

    Raises:
        OptionError: if the object does not say it.
    """
    made = {}
    for name, value in kwargs.items():
        new = _SAMPLES.get(name)
        if new is None or new not in batches:
            made[name] = value
            continue
        size = getattr(batches[new], "batch_size", None)
        if not isinstance(size, int):
            raise OptionError(
                where,
                f"{name} is Keras 1's, and counts samples",
                expected=f"{new}, a number of batches",
                got=f"{name}={value!r}, and batches of unknown size",
                site=user_site(),
                hint=f"{new}={value!r} / samples of a batch",
            )
        made[new] = -(-value // size)
        _warn(f"{where}({name}={value!r}) is Keras 1's, read as {new}={made[new]}")
    return made


def warn_of_call(call: str, today: str) -> None:
    """Warns of a function that only Keras 1 has.

    Args:
        call: it, as the user knows it.
        today: what does the same.
    """
    _warn(f"{call} is Keras 1's; today it is {today}")


def _warn(text: str) -> None:
    """At the user's line."""
    site = user_site() or Site("<thalweg>", 1)
    warn: Callable[..., None] = warnings.warn_explicit
    warn(f"thalweg: {text}", UserWarning, site.filename, site.line)

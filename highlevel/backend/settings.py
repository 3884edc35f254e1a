"""What holds for all of a program: number format, order of axes, session, learning phase."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from thalweg.core import Session, Tensor, current_session
from thalweg.core import set_session as _set_session

from ..layers.calls import learning_phase as _learning_phase
from ..options import OneOf, option_error
from ..utils.seeds import clear_session

__all__ = [
    "backend",
    "cast_to_floatx",
    "clear_session",
    "epsilon",
    "floatx",
    "get_session",
    "get_uid",
    "image_data_format",
    "image_dim_ordering",
    "learning_phase",
    "reset_uids",
    "set_floatx",
    "set_image_data_format",
    "set_image_dim_ordering",
    "set_session",
]

_numbers: Counter[str] = Counter()


def backend() -> str:
    """`"tensorflow"`: whose conventions hold here; programs ask for it to choose among layouts.

    >>> backend()
    'tensorflow'
    """
    return "tensorflow"


def epsilon() -> float:
    """The small number that losses keep probabilities away from 0 and 1 by.

    >>> epsilon()
    1e-07
    """
    return 1e-7


def floatx() -> str:
    """The dtype of layers that are given none.

    >>> floatx()
    'float32'
    """
    return "float32"


def set_floatx(floatx: str) -> None:
    """Accepts `"float32"`.

    Raises:
        OptionError: for any other dtype; layers take it one by one, as `dtype`.

    >>> set_floatx("float32")
    """
    if floatx != "float32":
        raise option_error(
            "set_floatx", "floatx", floatx, "'float32'", 'give it to layers: Dense(8, dtype="…")'
        )


def cast_to_floatx(x: Any) -> npt.NDArray[Any]:
    """An array of numbers in float32.

    Args:
        x: numbers of any dtype and shape.

    >>> cast_to_floatx([1, 2]).dtype.name
    'float32'
    """
    return np.asarray(x, floatx())


def image_data_format() -> str:
    """The order of axes of layers that are given none: height, width, channels.

    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accepts `"channels_last"`.

    Raises:
        OptionError: for another order; layers take it one by one, as `data_format`.

    >>> set_image_data_format("channels_last")
    """
    known = OneOf("channels_last", "channels_first")
    if known.check("set_image_data_format", "data_format", data_format) != "channels_last":
        raise option_error(
            "set_image_data_format",
            "data_format",
            data_format,
            "'channels_last'",
            'give it to layers: Conv2D(8, 3, data_format="channels_first")',
        )


def image_dim_ordering() -> str:
    """Keras 1's word for `image_data_format`.

    >>> image_dim_ordering()
    'tf'
    """
    return "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Keras 1's `set_image_data_format`, of `"tf"` or `"th"`.

    Raises:
        OptionError: for `"th"`, as there.

    >>> set_image_dim_ordering("tf")
    """
    known = OneOf("tf", "th").check("set_image_dim_ordering", "dim_ordering", dim_ordering)
    set_image_data_format({"tf": "channels_last", "th": "channels_first"}[known])


def get_session() -> Session:
    """The session that holds the variables' values; `run(fetches, feed_dict)` as in TensorFlow 1.

    >>> from thalweg.core import constant
    >>> float(get_session().run(constant(2.0)))
    2.0
    """
    return current_session()


def set_session(session: Session | None) -> None:
    """Makes a session the one that models and `get_session` use; None for a new one.

    >>> set_session(get_session())
    """
    _set_session(session)


def learning_phase() -> Tensor:
    """A boolean scalar: whether models train. To be fed to `function` or `run`; False if it is not.

    `fit`, `evaluate` and `predict` feed it themselves.

    >>> bool(get_session().run(learning_phase(), {learning_phase(): True}))
    True
    """
    return _learning_phase()


def get_uid(prefix: str = "") -> int:
    """1, 2, 3 … for each prefix.

    >>> reset_uids()
    >>> get_uid("a"), get_uid("a"), get_uid("b")
    (1, 2, 1)
    """
    _numbers[prefix] += 1
    return _numbers[prefix]


def reset_uids() -> None:
    """Lets `get_uid` count from 1 again.

    >>> reset_uids()
    """
    _numbers.clear()

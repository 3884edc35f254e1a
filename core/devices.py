"""Names of devices: `"cpu:0"`, `"gpu:1"`, and TensorFlow's longer spellings of the same."""

from __future__ import annotations

import re

from .errors import OptionError

__all__ = ["as_device"]

_NAME = re.compile(r"(?:/?(?:job|replica|task):\w+)*/?(?:device:)?([A-Za-z]\w*)(?::(\d+|\*))?")


def as_device(name: str | None) -> str | None:
    """The short name of a device; None for no choice.

    Raises:
        OptionError: if it is not the name of a device.

    >>> as_device("/gpu:1"), as_device("/job:localhost/task:0/device:GPU:1"), as_device("cpu")
    ('gpu:1', 'gpu:1', 'cpu:0')
    """
    if not name:
        return None
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise OptionError(
            "device", "not a device", expected="such as 'cpu:0' or 'gpu:1'", got=repr(name)
        )
    index = found[2] if (found[2] or "*") != "*" else "0"
    return f"{found[1].lower()}:{index}"

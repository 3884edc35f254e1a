"""How exactly the engine multiplies."""

from __future__ import annotations

from ...options import OneOf
from .extension import extension

__all__ = ["get_precision", "has_fast_bfloat16", "set_precision"]

_PRECISION = OneOf("float32", "bfloat16")


class _Chosen:
    precision = "float32"


def set_precision(precision: str) -> None:
    """Lets the engine round the operands of large products, or not, from the next run on.

    `"bfloat16"` rounds them to 8 binary digits, where the processor multiplies such numbers many
    times as fast as float32 (Intel's AMX): convolutions of 16 and more images, from and to
    multiples of 32 channels, and their gradients. Sums, variables and everything else stay float32,
    so networks train as well (Kalamkar et al., "A Study of BFLOAT16 for Deep Learning Training",
    2019), in half the time and less. The same seed still gives the same bits, with any number of
    threads; but not those of a processor that has no such instructions, where nothing is rounded.

    Args:
        precision: `"float32"`, the default, or `"bfloat16"`.

    Raises:
        OptionError: for anything else.

    >>> set_precision("bfloat16")
    >>> get_precision()
    'bfloat16'
    >>> set_precision("float32")
    """
    _Chosen.precision = _PRECISION.check("set_precision", "precision", precision)


def has_fast_bfloat16() -> bool:
    """Whether this processor and build multiply in bfloat16 if `set_precision` lets them.

    >>> has_fast_bfloat16() in (True, False)
    True
    """
    return extension is not None and bool(extension.has_fast_bfloat16())


def get_precision() -> str:
    """What `set_precision` has set.

    >>> get_precision()
    'float32'
    """
    return _Chosen.precision

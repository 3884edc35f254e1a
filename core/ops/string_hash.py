"""Hashes of strings: the same number on every machine, in every version, and in TensorFlow.

FarmHash's 64-bit fingerprint (G. Pike, 2014; its function `farmhashna::Hash64`) and SipHash-2-4
(J.-P. Aumasson, D. J. Bernstein 2012), which takes a key and so resists chosen collisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..errors import OptionError, user_site
from ..graph import Tensor
from ..opdef import apply, register
from ..types import DType, int64, uint64
from .source import convert
from .string import ElementwiseString

__all__ = [
    "string_fingerprint",
    "string_to_hash_bucket_fast",
    "string_to_hash_bucket_strong",
]

_WORD = 2**64 - 1  # numbers are kept in 64 bits by this mask
_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F


@register
class StringFingerprint(ElementwiseString):
    """FarmHash's fingerprint.  x: (...) string -> (...) uint64."""

    gives: ClassVar[DType] = uint64

    def element(self, *values: Any) -> Any:
        """One string."""
        return _farm_hash(values[0])


@register
class StringToHashBucket(ElementwiseString):
    """Which of some buckets a string belongs to.  x: (...) string -> (...) int64."""

    num_buckets: int
    key: tuple[int, int] | None  # SipHash's; None is FarmHash
    gives: ClassVar[DType] = int64

    def element(self, *values: Any) -> Any:
        """The remainder of a hash."""
        x = values[0]
        number = _farm_hash(x) if self.key is None else _sip_hash(x, self.key)
        return number % self.num_buckets


# FarmHash ---------------------------------------------------------------------------------------


def _eight(x: bytes, at: int) -> int:
    return int.from_bytes(x[at : at + 8], "little")


def _four(x: bytes, at: int) -> int:
    return int.from_bytes(x[at : at + 4], "little")


def _turned(value: int, right: int) -> int:
    value &= _WORD
    return (value >> right | value << 64 - right) & _WORD


def _mixed(value: int) -> int:
    value &= _WORD
    return value ^ value >> 47


def _folded(u: int, v: int, factor: int) -> int:
    """Two words into one."""
    u, v = u & _WORD, v & _WORD
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor & _WORD


def _farm_hash(x: bytes) -> int:
    size = len(x)
    if size > 64:
        return _long_hash(x)
    factor = _K2 + size * 2
    if size > 16:
        return _middle_hash(x, factor)
    if size >= 8:
        a, b = _eight(x, 0) + _K2, _eight(x, size - 8)
        return _folded(_turned(b, 37) * factor + a, (_turned(a, 25) + b) * factor, factor)
    if size >= 4:
        return _folded(size + (_four(x, 0) << 3), _four(x, size - 4), factor)
    if size > 0:
        y, z = x[0] + (x[size >> 1] << 8), size + (x[-1] << 2)
        return _mixed(y * _K2 ^ z * _K0) * _K2 & _WORD
    return _K2


def _middle_hash(x: bytes, factor: int) -> int:
    """17 to 64 bytes."""
    size = len(x)
    first = _K1 if size <= 32 else _K2
    a, b = _eight(x, 0) * first, _eight(x, 8)
    c, d = _eight(x, size - 8) * factor, _eight(x, size - 16) * _K2
    y = _turned(a + b, 43) + _turned(c, 30) + d
    z = _folded(y, a + _turned(b + _K2, 18) + c, factor)
    if size <= 32:
        return z
    e, f = _eight(x, 16) * factor, _eight(x, 24)
    g, h = (y + _eight(x, size - 32)) * factor, (z + _eight(x, size - 24)) * factor
    return _folded(_turned(e + f, 43) + _turned(g, 30) + h, e + _turned(f + a, 18) + g, factor)


def _pair(x: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """32 bytes and two words into two words."""
    w, first, second, z = (_eight(x, at + 8 * i) for i in range(4))
    a += w
    b = _turned(b + a + z, 21)
    c = a
    a += first + second
    return (a + z) & _WORD, (b + _turned(a, 44) + c) & _WORD


def _long_hash(x: bytes) -> int:
    """More than 64 bytes: seven words of state, 64 bytes a round."""
    seed = 81
    y = seed * _K1 + 113 & _WORD
    z = _mixed(y * _K2 + 113) * _K2 & _WORD
    state = (seed * _K2 + _eight(x, 0) & _WORD, y, z, (0, 0), (0, 0))
    last = (len(x) - 1) // 64 * 64
    for at in range(0, last, 64):
        state = _round(x, at, state, _K1, 1)
    rest = len(x) - 1 & 63
    a, b, c, v, w = state
    factor = _K1 + ((c & 0xFF) << 1)
    w = (w[0] + rest, w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    a, b, c, v, w = _round(x, last + rest - 63, (a, b, c, v, w), factor, 9)
    left = _folded(v[0], w[0], factor) + _mixed(b) * _K0 + c
    return _folded(left, _folded(v[1], w[1], factor) + a, factor)


_State = tuple[int, int, int, tuple[int, int], tuple[int, int]]


def _round(x: bytes, at: int, state: _State, factor: int, times: int) -> _State:
    a, b, c, v, w = state
    a = _turned(a + b + v[0] + _eight(x, at + 8), 37) * factor & _WORD
    b = _turned(b + v[1] + _eight(x, at + 48), 42) * factor & _WORD
    a ^= w[1] * times & _WORD
    b = b + v[0] * times + _eight(x, at + 40) & _WORD
    c = _turned(c + w[0], 33) * factor & _WORD
    v = _pair(x, at, v[1] * factor, a + w[0])
    w = _pair(x, at + 32, c + w[1], b + _eight(x, at + 16))
    return c, b, a, v, w


# SipHash ----------------------------------------------------------------------------------------


def _sip_hash(x: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4, section 2 of the paper."""
    first, second = key[0] & _WORD, key[1] & _WORD
    v = [
        first ^ 0x736F6D6570736575,
        second ^ 0x646F72616E646F6D,
        first ^ 0x6C7967656E657261,
        second ^ 0x7465646279746573,
    ]
    whole = len(x) // 8 * 8
    rest = x[whole:].ljust(7, b"\0") + bytes([len(x) & 255])
    for word in (*(_eight(x, at) for at in range(0, whole, 8)), _eight(rest, 0)):
        v[3] ^= word
        _sip_rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_rounds(v: list[int], count: int) -> None:
    a, b, c, d = v
    for _ in range(count):
        a = a + b & _WORD
        b = _turned(b, 64 - 13) ^ a
        a = _turned(a, 32)
        c = c + d & _WORD
        d = _turned(d, 64 - 16) ^ c
        a = a + d & _WORD
        d = _turned(d, 64 - 21) ^ a
        c = c + b & _WORD
        b = _turned(b, 64 - 17) ^ c
        c = _turned(c, 32)
    v[:] = a, b, c, d


# Public functions -------------------------------------------------------------------------------


def string_fingerprint(x: Any, name: str | None = None) -> Tensor:
    """FarmHash's 64-bit fingerprint of each string, the same everywhere and for ever.

    Args:
        x: (...) string.
        name: of the node.

    Returns:
        (...) uint64.

    >>> from thalweg.core import Session
    >>> hex(Session().run(string_fingerprint("")))
    '0x9ae16a3b2f90404f'
    """
    return apply(StringFingerprint(), convert(x), name=name)


def string_to_hash_bucket_fast(x: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """The bucket of each string, TensorFlow's: FarmHash's fingerprint modulo `num_buckets`.

    Who knows the function can choose strings that all fall into one bucket; a key prevents it:
    :func:`string_to_hash_bucket_strong`.

    Args:
        x: (...) string.
        num_buckets: 1 or more.
        name: of the node.

    Returns:
        (...) int64 in 0 <= bucket < num_buckets.

    Raises:
        OptionError: if there is no bucket.

    >>> from thalweg.core import Session
    >>> Session().run(string_to_hash_bucket_fast(["red", "green", "red"], 10)).tolist()
    [0, 4, 0]
    """
    _require_buckets("string_to_hash_bucket_fast", num_buckets)
    return apply(StringToHashBucket(int(num_buckets), None), convert(x), name=name)


def string_to_hash_bucket_strong(
    x: Any, num_buckets: int, key: Sequence[int], name: str | None = None
) -> Tensor:
    """The bucket of each string, TensorFlow's: SipHash-2-4 with a key, modulo `num_buckets`.

    Args:
        x: (...) string.
        num_buckets: 1 or more.
        key: two integers of 64 bits, which nobody else need know.
        name: of the node.

    Returns:
        (...) int64 in 0 <= bucket < num_buckets.

    Raises:
        OptionError: if there is no bucket, or the key is no pair of integers.

    >>> from thalweg.core import Session
    >>> Session().run(string_to_hash_bucket_strong(["red", "green"], 10, [1, 2])).tolist()
    [3, 3]
    """
    where = "string_to_hash_bucket_strong"
    _require_buckets(where, num_buckets)
    numbers = tuple(key)
    if len(numbers) != 2 or not all(isinstance(number, int) for number in numbers):
        raise OptionError(
            where, "bad key", expected="two integers", got=repr(key), site=user_site(2)
        )
    op = StringToHashBucket(int(num_buckets), (numbers[0], numbers[1]))
    return apply(op, convert(x), name=name)


def _require_buckets(where: str, num_buckets: int) -> None:
    if num_buckets < 1:
        raise OptionError(
            where,
            "there is no bucket",
            expected="num_buckets >= 1",
            got=str(num_buckets),
            site=user_site(3),
        )

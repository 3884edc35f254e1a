"""Types and errors of `core/ops/conversion.py` and `bitwise.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, Session, ShapeError, constant, gradients, placeholder


def test_shapes_of_bitcast() -> None:
    x = placeholder("float32", [None, 4])
    assert core.bitcast(x, "int32").type == core.TensorType(core.int32, (None, 4))
    assert core.bitcast(x, "uint8").shape == (None, 4, 4)
    assert core.bitcast(placeholder("uint8", [None, 4]), "float32").shape == (None,)
    assert core.bitcast(placeholder("uint8", [3, None]), "float32").shape == (3,)
    assert core.bitcast(placeholder("uint8"), "float32").shape is None
    assert core.bitcast(x, "float32") is x


def test_bitcast_of_known_integers_is_known() -> None:
    assert core.bitcast(constant([1, -1]), "uint32").type.value == (1, 2**32 - 1)


def test_bitcast_survives_a_round_trip() -> None:
    x = np.array([[0.0, -0.0], [np.inf, np.nan], [1e-310, -1.5]])
    there = core.bitcast(x, "uint16")
    back = Session().run(core.bitcast(there, "float64"))
    assert there.shape == (3, 2, 4) and back.tobytes() == x.tobytes()


def test_saturate_cast_limits_what_floats_can_hold() -> None:
    x = constant(np.array([1e300, -np.inf, np.nan, 1.0]))
    result = Session().run(core.saturate_cast(x, "float32"))
    limit = np.finfo(np.float32).max
    np.testing.assert_equal(result, [limit, -limit, np.nan, 1.0])
    whole = Session().run(core.saturate_cast([100_000, -7], "float16"))
    assert whole.tolist() == [65504.0, -7.0]
    [g] = gradients(core.saturate_cast(x, "float32"), [x])
    assert Session().run(g).tolist()[:2] == [0.0, 0.0] and Session().run(g)[3] == 1.0


def test_saturate_cast_does_nothing_where_all_fits() -> None:
    x = placeholder("uint8", [2])
    assert [op.type for op in (core.saturate_cast(x, "int32").op,)] == ["Cast"]
    assert core.saturate_cast(x, "int32").op.inputs == (x,)
    assert core.saturate_cast(x, "uint8") is x


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.bitcast(placeholder("uint8", [2, 3]), "float32"),
            ShapeError,
            [
                "Bitcast: the last axis does not hold the bytes of one element",
                "expected  x (..., 4), as 4 uint8 are one float32",
                "got       x uint8 (2, 3)",
            ],
        ),
        (
            lambda: core.bitcast(placeholder("uint8", []), "int16"),
            ShapeError,
            ["expected  x (..., 2), as 2 uint8 are one int16", "got       x uint8 ()"],
        ),
        (
            lambda: core.bitcast(placeholder("bool", [2]), "uint8"),
            DtypeError,
            ["Bitcast: takes number tensors", "x bool (2,)"],
        ),
        (
            lambda: core.bitcast(placeholder("uint8"), "bool"),
            DtypeError,
            ["Bitcast: gives numbers only", "expected  a number dtype", "got       bool"],
        ),
        (
            lambda: core.bitwise_and([1.0], [2.0]),
            DtypeError,
            ["BitwiseAnd: takes integer tensors", "a float32 (1,)"],
        ),
    ],
)
def test_errors(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in [*lines, "made at   test_conversion.py:"]:
        assert line in str(caught.value)


def test_saturate_cast_is_for_numbers() -> None:
    with pytest.raises(DtypeError) as caught:
        core.saturate_cast([True], "int32")
    assert str(caught.value).splitlines() == [
        "saturate_cast: takes and gives numbers",
        "  expected  number dtypes",
        "  got       x bool (1,), dtype int32",
    ]

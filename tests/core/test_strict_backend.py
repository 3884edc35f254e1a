"""The strict backend refuses what a device would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conformance.strict import StrictArray, StrictBackend

from thalweg.core import Session, placeholder
from thalweg.core.opdef import OpDef, apply
from thalweg.core.types import TensorType

BACKEND = StrictBackend()
XP = BACKEND.xp
HOST = np.arange(6.0).reshape(2, 3)
X = BACKEND.from_host(HOST)
ELSEWHERE = StrictBackend("strict:1").from_host(HOST)


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        np.exp,
        np.sum,
        np.concatenate,
        float,
        int,
        bool,
        list,
        lambda x: x.tolist(),
        lambda x: x.item(),
        lambda x: x + HOST,
        lambda x: HOST + x,
        lambda x: x * np.float64(2.0),
        lambda x: np.float64(2.0) * x,
        lambda x: x == HOST,
        lambda x: x[np.array([0])],
        lambda x: x + ELSEWHERE,
        lambda x: XP.concatenate([x, HOST]),
        lambda x: XP.where(x > 0, x, ELSEWHERE),
        lambda x: XP.asarray(HOST),
        lambda x: XP.array(HOST),
        lambda x: XP.exp(HOST),
        lambda x: x.sum(axis=np.int64(0)),
        lambda x: XP.linalg.svd(HOST),
        lambda x: XP.linalg.solve(XP.eye(2).reshape((1, 2, 2)), x),
        lambda x: XP.linalg.solve(XP.eye(2), x[:, 0]),
        lambda x: XP.zeros(np.array([2])),
        lambda x: BACKEND.to_host(HOST),
        lambda x: BACKEND.to_host(ELSEWHERE),
        lambda x: BACKEND.from_host(x),
        lambda x: BACKEND.from_host(2.0),
        hash,
    ],
)
def test_refused(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        use(X)


def test_only_shared_functions_exist() -> None:
    for name in ("vectorize", "frompyfunc", "errstate", "random", "save", "put_along_axis"):
        with pytest.raises(AttributeError, match=name):
            getattr(XP, name)
    for name in ("eig", "lstsq", "matrix_rank", "cross"):
        with pytest.raises(AttributeError, match=f"linalg.{name}"):
            getattr(XP.linalg, name)
    assert not hasattr(XP.add, "at")  # floats added by atomics on a device: not reproducible


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda xp, x: -x + 2 * x - 1, HOST - 1),
        (lambda xp, x: 1 / (x + 1), 1 / (HOST + 1)),
        (lambda xp, x: x.T[1:], HOST.T[1:]),
        (lambda xp, x: x[xp.asarray([1, 0])], HOST[::-1]),
        (lambda xp, x: x[:, None, ::-1], HOST[:, None, ::-1]),
        (lambda xp, x: x.sum(axis=0, keepdims=True), HOST.sum(0, keepdims=True)),
        (lambda xp, x: xp.concatenate([x, x], axis=1), np.concatenate([HOST, HOST], 1)),
        (lambda xp, x: xp.where(x > 2, x, xp.zeros((), x.dtype)), np.where(HOST > 2, HOST, 0)),
        (lambda xp, x: xp.split(x, 3, axis=1)[2], HOST[:, 2:]),
        (lambda xp, x: xp.add.reduceat(x, xp.asarray([0, 1]), axis=0), HOST),
        (lambda xp, x: x @ x.T, HOST @ HOST.T),
        (lambda xp, x: xp.einsum("ij,kj->ik", x, x), HOST @ HOST.T),
        (lambda xp, x: x.astype(xp.float32).astype("float64"), HOST),
        (lambda xp, x: xp.lib.stride_tricks.as_strided(x, (3,), (8,)), HOST[0]),
        (lambda xp, x: xp.linspace(0, 1, 3), np.linspace(0, 1, 3)),
        (lambda xp, x: xp.linalg.solve(2 * xp.eye(2), x), HOST / 2),
        (lambda xp, x: xp.linalg.slogdet(2 * xp.eye(2))[1], np.log(np.array(4.0))),
    ],
)
def test_allowed(compute: Callable[[Any, Any], Any], expected: np.ndarray) -> None:
    result = compute(XP, X)
    assert isinstance(result, StrictArray) and result.device == "strict:0"
    np.testing.assert_array_equal(BACKEND.to_host(result), expected)
    assert result.shape == expected.shape and result.dtype == expected.dtype


def test_writing_into_its_own_arrays() -> None:
    x = BACKEND.copy(X)
    x[0] = 7.0
    x[1, 1:] = X[0, :2]
    x += 1
    np.testing.assert_array_equal(BACKEND.to_host(x), [[8, 8, 8], [4, 1, 2]])
    np.testing.assert_array_equal(BACKEND.to_host(X), HOST)


def test_host_memory_is_never_shared() -> None:
    assert not np.shares_memory(BACKEND.from_host(HOST)._array, HOST)
    assert not np.shares_memory(BACKEND.to_host(X), X._array)


class Sneaky(OpDef):
    """Returns a host array."""

    def infer(self, x: TensorType) -> TensorType:
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        return np.zeros(x.shape)


def test_host_results_of_ops_are_refused() -> None:
    x = placeholder("float64", [2])
    with pytest.raises(RuntimeError, match="a ndarray is not on 'strict:0'"):
        Session(backend="strict").run(apply(Sneaky(), x), {x: [1.0, 2.0]})


def test_session_runs_on_it() -> None:
    x = placeholder("float64", [None, 3])
    result = Session(backend="strict").run(x * x + 1, {x: HOST})
    assert isinstance(result, np.ndarray)
    np.testing.assert_array_equal(result, HOST**2 + 1)

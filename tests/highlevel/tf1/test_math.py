"""Mathematics and reductions against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError

X = np.array([[-1.5, 0.25, 2.0], [0.5, -0.75, 3.0]])
POSITIVE = np.abs(X)
UNARY: dict[str, tuple[Callable[..., Any], Any]] = {
    "abs": (np.abs, X), "ceil": (np.ceil, X), "cos": (np.cos, X), "erf": (scipy.special.erf, X),
    "exp": (np.exp, X), "expm1": (np.expm1, X), "floor": (np.floor, X), "log": (np.log, POSITIVE),
    "log1p": (np.log1p, POSITIVE), "negative": (np.negative, X), "reciprocal": (np.reciprocal, X),
    "round": (np.round, X), "rsqrt": (lambda x: x**-0.5, POSITIVE), "sign": (np.sign, X),
    "sigmoid": (scipy.special.expit, X), "sin": (np.sin, X), "sqrt": (np.sqrt, POSITIVE),
    "square": (np.square, X), "tan": (np.tan, X), "tanh": (np.tanh, X),
    "is_nan": (np.isnan, X / 0.25), "is_finite": (np.isfinite, X), "is_inf": (np.isinf, X),
}  # fmt: skip
BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "truediv": np.divide, "div": np.divide, "floordiv": np.floor_divide, "floormod": np.mod,
    "mod": np.mod, "maximum": np.maximum, "minimum": np.minimum, "equal": np.equal,
    "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
    "greater": np.greater, "greater_equal": np.greater_equal,
    "squared_difference": lambda a, b: (a - b) ** 2,
}  # fmt: skip
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "reduce_sum": np.sum, "reduce_mean": np.mean, "reduce_max": np.max, "reduce_min": np.min,
    "reduce_prod": np.prod, "reduce_logsumexp": scipy.special.logsumexp,
}  # fmt: skip


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str) -> None:
    oracle, x = UNARY[name]
    np.testing.assert_allclose(run(getattr(tf, name)(x=x, name="y")), oracle(x), rtol=1e-12)


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str) -> None:
    y = np.array([0.25, 0.5, 2.0])
    result = run(getattr(tf, name)(x=X, y=y, name="z"))
    np.testing.assert_allclose(result, BINARY[name](X, y), rtol=1e-12)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_under_old_and_new_names(name: str) -> None:
    function, oracle = getattr(tf, name), REDUCTIONS[name]
    results = run([
        function(X), function(X, 1), function(X, axis=[0], keepdims=True),
        function(X, reduction_indices=[1], keep_dims=True), function(input_tensor=X, axis=-1),
    ])  # fmt: skip
    rows = oracle(X, axis=1)
    wanted = [oracle(X), rows, oracle(X, axis=0)[None], rows[:, None], rows]
    for result, want in zip(results, wanted, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-12)
        assert result.shape == np.shape(want)


def test_logic() -> None:
    a, b = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert run(tf.logical_and(a, b)).tolist() == [True, False, False, False]
    assert run(tf.logical_or(a, b)).tolist() == [True, True, True, False]
    assert run(tf.logical_xor(a, b)).tolist() == [False, True, True, False]
    assert run(tf.logical_not(a)).tolist() == [False, False, True, True]
    assert run([tf.reduce_all(a), tf.reduce_any(a, reduction_indices=0)]) == [False, True]
    assert run(tf.where(a, [1, 2, 3, 4], [5, 6, 7, 8])).tolist() == [1, 2, 7, 8]


def test_argmax_takes_the_first_axis_by_default() -> None:
    assert run(tf.argmax(X)).tolist() == [1, 0, 1]
    assert run(tf.argmax(X, 1)).tolist() == [2, 2]
    assert run(tf.argmin(X, dimension=1)).tolist() == [0, 1]
    assert tf.argmax(X).dtype == tf.int64
    assert tf.argmax(X, 1, output_type=tf.int32).dtype == tf.int32


def test_accuracy_as_courses_compute_it() -> None:
    correct = tf.equal(tf.argmax([[0.9, 0.1], [0.2, 0.8]], 1), tf.argmax([[1, 0], [1, 0]], 1))
    assert run(tf.reduce_mean(tf.cast(correct, "float"))) == 0.5


def test_division_of_integers() -> None:
    assert run(tf.div([7, -7], 2)).tolist() == [3, -4]
    assert run(tf.truediv([7, -7], 2)).tolist() == [3.5, -3.5]
    assert tf.truediv([7], 2).dtype == tf.float64
    assert tf.truediv(np.array([7], np.int8), np.array([2], np.int8)).dtype == tf.float32
    assert run(tf.div(7.0, 2.0)) == 3.5


def test_casts() -> None:
    for name in ("float", "double", "int32", "int64"):
        assert getattr(tf, f"to_{name}")([1.7]).dtype == tf.as_dtype(name)
    assert run(tf.to_int32([1.7, -1.7])).tolist() == [1, -1]
    assert run(tf.cast(x=[True], dtype=tf.float64)).dtype == np.float64


def test_matmul() -> None:
    a, b = X, X + 1.0
    assert run(tf.matmul(a, b, transpose_b=True)).tolist() == (a @ b.T).tolist()
    assert run(tf.matmul(a, b, adjoint_a=True, b_is_sparse=True)).tolist() == (a.T @ b).tolist()
    with pytest.raises(OptionError) as caught:
        tf.matmul(a, b, transpose_b=True, adjoint_b=True)
    assert str(caught.value) == (
        "matmul: an operand is transposed twice\n"
        "  expected  transpose_b or adjoint_b\n"
        "  got       both"
    )


def test_where_chooses_rows() -> None:
    rows = tf.where([True, False], [[1, 2], [3, 4]], [[5, 6], [7, 8]])
    assert run(rows).tolist() == [[1, 2], [7, 8]]
    with pytest.raises(GraphError, match="where: condition_alone is not supported"):
        tf.where([True, False])


def test_clipping() -> None:
    assert run(tf.clip_by_value(t=X, clip_value_min=-1.0, clip_value_max=1.0)).tolist() == (
        np.clip(X, -1, 1).tolist()
    )
    norm = np.linalg.norm(X)
    np.testing.assert_allclose(run(tf.clip_by_norm(X, 1.0)), X / norm)
    np.testing.assert_allclose(run(tf.clip_by_norm(X, 10.0)), X)
    rows = np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(run(tf.clip_by_norm(X, 1.0, axes=[1])), X / rows)
    np.testing.assert_allclose(run(tf.global_norm([X, None, X])), norm * np.sqrt(2))
    (a, nothing, b), before = tf.clip_by_global_norm([X, None, 2 * X], 1.0)
    assert nothing is None
    np.testing.assert_allclose(run(before), norm * np.sqrt(5))
    np.testing.assert_allclose(run([a, b]), [X / (norm * 5**0.5), 2 * X / (norm * 5**0.5)])
    (a,), _ = tf.clip_by_global_norm([X], 100.0, use_norm=norm)
    np.testing.assert_allclose(run(a), X)


def test_clipping_zero_has_a_finite_gradient() -> None:
    x = tf.placeholder(tf.float32, [2])
    [slope] = tf.gradients(tf.clip_by_norm(x, 1.0), x)
    assert run(slope, {x: [0.0, 0.0]}).tolist() == [1.0, 1.0]


def test_sums_of_many() -> None:
    assert run(tf.add_n(inputs=[X, X, X], name="sum")).tolist() == (3 * X).tolist()
    with pytest.raises(OptionError, match="there is nothing to add"):
        tf.global_norm([None])


def test_powers() -> None:
    assert run(tf.pow(POSITIVE, 2.0)).tolist() == (POSITIVE**2).tolist()

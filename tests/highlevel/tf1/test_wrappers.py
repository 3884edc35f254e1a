"""Names that are the core's with TF1's arguments: each called once, against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import thalweg.tf1 as tf
from thalweg.tf1 import (
    effects,
    linear_algebra,
    rearranging,
    sampling,
    scattering,
    segments,
    special,
)

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 3))
Y = np.random.default_rng(1).uniform(0.2, 0.9, (3, 3))
SPD = X @ X.T + np.eye(3)
V = np.array([3.0, 1.0, 2.0])
IDS = np.array([0, 0, 2])
COUNTS = np.array([1, 3, 1])

Row = tuple[Callable[[], Any], Any]
ROWS: dict[str, Row] = {
    **{
        name: (lambda name=name: getattr(tf, name)(X), function(X))
        for name, function in {
            "acos": np.arccos,
            "asin": np.arcsin,
            "asinh": np.arcsinh,
            "atan": np.arctan,
            "atanh": np.arctanh,
            "cosh": np.cosh,
            "sinh": np.sinh,
            "erfc": scipy.special.erfc,
            "lgamma": scipy.special.gammaln,
            "digamma": scipy.special.digamma,
            "log_sigmoid": lambda x: np.log(scipy.special.expit(x)),
            "rint": np.rint,
        }.items()
    },
    "acosh": (lambda: tf.acosh(X + 1), np.arccosh(X + 1)),
    "atan2": (lambda: tf.atan2(X, Y), np.arctan2(X, Y)),
    "div_no_nan": (lambda: tf.div_no_nan([4.0, 1.0], [2.0, 0.0]), [2.0, 0.0]),
    "realdiv": (lambda: tf.realdiv(X, Y), X / Y),
    "truncatediv": (lambda: tf.truncatediv([-7, 7], [2, 2]), [-3, 3]),
    "scalar_mul": (lambda: tf.scalar_mul(2.0, X), 2 * X),
    "saturate_cast": (lambda: tf.saturate_cast([300.0, -1.0, 5.0], "uint8"), [255, 0, 5]),
    "bitcast": (lambda: tf.bitcast(np.float32([1.0]), "int32"), [0x3F800000]),
    "clip_by_average_norm": (
        lambda: tf.clip_by_average_norm(X, 0.01),
        X * 0.01 / (np.linalg.norm(X) / X.size),
    ),
    "check_numerics": (lambda: tf.check_numerics(X, "fine"), X),
    "add_check_numerics_ops": (lambda: tf.constant(X) * (tf.add_check_numerics_ops() or 1), None),
    # linear algebra
    "tensordot": (lambda: tf.tensordot(X, Y, [[0], [1]]), np.tensordot(X, Y, [[0], [1]])),
    "einsum": (lambda: tf.einsum("ij,jk->ki", X, Y), (X @ Y).T),
    "trace": (lambda: tf.trace(X), np.trace(X)),
    "norm": (lambda: tf.norm(X, keep_dims=True, axis=1), np.linalg.norm(X, axis=1)[:, None]),
    "matrix_transpose": (lambda: tf.matrix_transpose(X), X.T),
    "matrix_diag": (lambda: tf.matrix_diag(V), np.diag(V)),
    "matrix_diag_part": (lambda: tf.matrix_diag_part(X), np.diag(X)),
    "matrix_set_diag": (lambda: tf.matrix_set_diag(X, V), X - np.diag(np.diag(X)) + np.diag(V)),
    "matrix_band_part": (lambda: tf.matrix_band_part(X, 0, -1), np.triu(X)),
    "matrix_inverse": (
        lambda: tf.matrix_inverse(SPD + np.triu(X), adjoint=True),
        np.linalg.inv((SPD + np.triu(X)).T),
    ),
    "matrix_determinant": (lambda: tf.matrix_determinant(SPD), np.linalg.det(SPD)),
    "matrix_solve": (lambda: tf.matrix_solve(SPD, Y), np.linalg.solve(SPD, Y)),
    "matrix_solve_ls": (
        lambda: tf.matrix_solve_ls(X[:, :2], Y),
        np.linalg.lstsq(X[:, :2], Y, rcond=None)[0],
    ),
    "matrix_triangular_solve": (
        lambda: tf.matrix_triangular_solve(SPD, Y, lower=False),
        scipy.linalg.solve_triangular(SPD, Y),
    ),
    "cholesky": (lambda: tf.cholesky(SPD), np.linalg.cholesky(SPD)),
    "cholesky_solve": (
        lambda: tf.cholesky_solve(np.linalg.cholesky(SPD), Y),
        np.linalg.solve(SPD, Y),
    ),
    "qr": (lambda: tf.matmul(*tf.qr(X)), X),
    "svd": (lambda: tf.svd(X, compute_uv=False), np.linalg.svd(X)[1]),
    "self_adjoint_eig": (lambda: tf.self_adjoint_eig(SPD)[0], np.linalg.eigvalsh(SPD)),
    "self_adjoint_eigvals": (lambda: tf.self_adjoint_eigvals(SPD), np.linalg.eigvalsh(SPD)),
    "diag": (lambda: tf.diag(V), np.diag(V)),
    "diag_part": (lambda: tf.diag_part(X), np.diag(X)),
    "cross": (lambda: tf.cross(X, Y), np.cross(X, Y)),
    "eye": (lambda: tf.eye(2, 3, batch_shape=[2]), np.stack([np.eye(2, 3)] * 2)),
    # segments
    "segment_sum": (lambda: tf.segment_sum(X, IDS), [X[0] + X[1], 0 * V, X[2]]),
    "segment_mean": (lambda: tf.segment_mean(X, IDS), [(X[0] + X[1]) / 2, 0 * V, X[2]]),
    "segment_prod": (lambda: tf.segment_prod(X, IDS), [X[0] * X[1], 0 * V + 1, X[2]]),
    "segment_min": (lambda: tf.segment_min(X[:2], [0, 0]), [np.minimum(X[0], X[1])]),
    "segment_max": (lambda: tf.segment_max(X[:2], [0, 0]), [np.maximum(X[0], X[1])]),
    "unsorted_segment_sum": (lambda: tf.unsorted_segment_sum(X, [1, 0, 1], 2), [X[1], X[0] + X[2]]),
    "unsorted_segment_mean": (
        lambda: tf.unsorted_segment_mean(X, [1, 0, 1], 2),
        [X[1], (X[0] + X[2]) / 2],
    ),
    "unsorted_segment_max": (
        lambda: tf.unsorted_segment_max(X, [1, 0, 1], 2),
        [X[1], np.maximum(X[0], X[2])],
    ),
    "unsorted_segment_min": (
        lambda: tf.unsorted_segment_min(X, [1, 0, 1], 2),
        [X[1], np.minimum(X[0], X[2])],
    ),
    "unsorted_segment_prod": (
        lambda: tf.unsorted_segment_prod(X, [1, 0, 1], 2),
        [X[1], X[0] * X[2]],
    ),
    "unsorted_segment_sqrt_n": (
        lambda: tf.unsorted_segment_sqrt_n(X, [1, 0, 1], 2),
        [X[1], (X[0] + X[2]) / np.sqrt(2)],
    ),
    "cumsum": (lambda: tf.cumsum(X, 1, exclusive=True), np.cumsum(X, 1) - X),
    "cumprod": (lambda: tf.cumprod(X, 0), np.cumprod(X, 0)),
    "histogram_fixed_width": (
        lambda: tf.histogram_fixed_width(V, [0.0, 4.0], nbins=4),
        [0, 1, 1, 1],
    ),
    "bincount": (lambda: tf.bincount(COUNTS, minlength=5), [0, 2, 0, 1, 0]),
    "confusion_matrix": (lambda: tf.confusion_matrix([0, 1, 1], [0, 1, 0]), [[1, 0], [1, 1]]),
    "count_nonzero": (lambda: tf.count_nonzero([[0, 2], [1, 1]], reduction_indices=[1]), [1, 2]),
    # shapes
    "shape_n": (lambda: tf.stack(tf.shape_n([X, X.T])), [[3, 3], [3, 3]]),
    "slice": (lambda: tf.slice(X, [1, 0], [-1, 2]), X[1:, :2]),
    "strided_slice": (
        lambda: tf.strided_slice(X, [0, 2], [3, 0], [2, -1], end_mask=2),
        X[::2, ::-1],
    ),
    "reverse": (lambda: tf.reverse(X, [0]), X[::-1]),
    "reverse_sequence": (
        lambda: tf.reverse_sequence(X, [1, 2, 3], seq_dim=1),
        [X[0], X[1, [1, 0, 2]], X[2, ::-1]],
    ),
    "roll": (lambda: tf.roll(X, 1, 0), np.roll(X, 1, 0)),
    "gather_nd": (lambda: tf.gather_nd(X, [[0, 1], [2, 2]]), [X[0, 1], X[2, 2]]),
    "batch_gather": (
        lambda: tf.batch_gather(X, [[2], [1], [0]]),
        [[X[0, 2]], [X[1, 1]], [X[2, 0]]],
    ),
    "boolean_mask": (lambda: tf.boolean_mask(X, [True, False, True]), X[[0, 2]]),
    "dynamic_partition": (lambda: tf.dynamic_partition(V, [1, 0, 1], 2)[1], [3.0, 2.0]),
    "dynamic_stitch": (lambda: tf.dynamic_stitch([[2, 0], [1]], [[5.0, 6.0], [7.0]]), [6, 7, 5]),
    "broadcast_static_shape": (lambda: list(tf.broadcast_static_shape((3, 1), (1, 4))), [3, 4]),
    "broadcast_dynamic_shape": (lambda: tf.broadcast_dynamic_shape([3, 1], [4]), [3, 4]),
    "meshgrid": (
        lambda: tf.stack(tf.meshgrid(V, V, indexing="ij")),
        np.stack(np.meshgrid(V, V, indexing="ij")),
    ),
    "searchsorted": (lambda: tf.searchsorted([1.0, 2.0, 3.0], V), [2, 0, 1]),
    "sort": (lambda: tf.sort(V, direction="DESCENDING"), [3, 2, 1]),
    "argsort": (lambda: tf.argsort(V), [1, 2, 0]),
    "unique": (lambda: tf.unique([5, 3, 5])[1], [0, 1, 0]),
    "unique_with_counts": (lambda: tf.unique_with_counts([5, 3, 5])[2], [2, 1]),
    "setdiff1d": (lambda: tf.setdiff1d([1, 2, 3], [2])[0], [1, 3]),
    "invert_permutation": (lambda: tf.invert_permutation([2, 0, 1]), [1, 2, 0]),
    "ensure_shape": (lambda: tf.ensure_shape(X, [3, None]), X),
    "depth_to_space": (
        lambda: tf.depth_to_space(np.arange(4.0).reshape(1, 1, 1, 4), 2),
        np.arange(4.0).reshape(1, 2, 2, 1),
    ),
    "space_to_depth": (
        lambda: tf.space_to_depth(np.arange(4.0).reshape(1, 2, 2, 1), 2),
        np.arange(4.0).reshape(1, 1, 1, 4),
    ),
    "space_to_batch_nd": (
        lambda: tf.space_to_batch_nd(np.arange(4.0).reshape(1, 4, 1), [2], [[0, 0]]),
        np.array([[[0], [2]], [[1], [3]]]),
    ),
    "batch_to_space_nd": (
        lambda: tf.batch_to_space_nd([[[0.0], [2.0]], [[1.0], [3.0]]], [2], [[0, 0]]),
        np.arange(4.0).reshape(1, 4, 1),
    ),
    "extract_image_patches": (
        lambda: tf.extract_image_patches(
            np.arange(9.0).reshape(1, 3, 3, 1), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
        ),
        np.array([[[[0, 1, 3, 4], [1, 2, 4, 5]], [[3, 4, 6, 7], [4, 5, 7, 8]]]]),
    ),
    "sequence_mask": (lambda: tf.sequence_mask([1, 3], 3, "int32"), [[1, 0, 0], [1, 1, 1]]),
    "linspace": (lambda: tf.linspace(0.0, 1.0, 5), [0, 0.25, 0.5, 0.75, 1]),
    # random
    "random_gamma": (lambda: tf.reduce_mean(tf.random_gamma([4000], 3.0, seed=1)) > 2.8, True),
    "random_poisson": (lambda: tf.reduce_mean(tf.random_poisson(3.0, [4000], seed=1)) > 2.8, True),
    "random_shuffle": (lambda: tf.sort(tf.random_shuffle(V, seed=1)), [1, 2, 3]),
    "random_crop": (lambda: tf.shape(tf.random_crop(X, [2, 1], seed=1)), [2, 1]),
    "multinomial": (lambda: tf.multinomial([[0.0, 50.0]], 3, seed=1), [[1, 1, 1]]),
    "scatter_nd": (lambda: tf.scatter_nd([[1], [1]], [2.0, 3.0], [3]), [0, 5, 0]),
    # effects
    "Print": (lambda: tf.Print(X, [V], "seen: "), X),
    "py_func": (lambda: tf.py_func(lambda a: a * 2, [X], tf.float64), 2 * X),
    "verify_tensor_all_finite": (lambda: tf.verify_tensor_all_finite(X, "fine"), X),
}
SCATTERED = {
    "scatter_update": [1.0, 9.0, 9.0],
    "scatter_add": [1.0, 11.0, 12.0],
    "scatter_sub": [1.0, -7.0, -6.0],
    "scatter_mul": [1.0, 18.0, 27.0],
    "scatter_div": [1.0, 2 / 9, 3 / 9],
    "scatter_min": [1.0, 2.0, 3.0],
    "scatter_max": [1.0, 9.0, 9.0],
    "scatter_nd_update": [1.0, 9.0, 9.0],
    "scatter_nd_add": [1.0, 11.0, 12.0],
    "scatter_nd_sub": [1.0, -7.0, -6.0],
}


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        yield


@pytest.mark.parametrize("name", ROWS)
def test_value(name: str) -> None:
    call, expected = ROWS[name]
    if name == "add_check_numerics_ops":
        tf.constant(X)
        with tf.Session() as session:
            session.run(tf.add_check_numerics_ops())
        return
    result = call()
    with tf.Session() as session:
        got = session.run(result) if isinstance(result, tf.Tensor) else result
    np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SCATTERED)
def test_scatter(name: str) -> None:
    w = tf.Variable([1.0, 2.0, 3.0])
    indices = [[1], [2]] if "_nd_" in name else [1, 2]
    write = getattr(tf, name)(w, indices, [9.0, 9.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(write)
        np.testing.assert_allclose(session.run(w), SCATTERED[name], rtol=1e-6)


def test_assert() -> None:
    x = tf.placeholder(tf.float32, [])
    with tf.control_dependencies([tf.Assert(x > 0, [x])]):
        y = tf.identity(x)
    with tf.Session() as session:
        assert session.run(y, {x: 1.0}) == 1.0
        with pytest.raises(Exception, match="Assert"):
            session.run(y, {x: -1.0})


def test_every_name_is_called() -> None:
    modules = (
        effects,
        linear_algebra,
        rearranging,
        sampling,
        scattering,
        segments,
        special,
    )
    names = {name for module in modules for name in module.__all__}
    elsewhere = {"Assert", "numpy_function", "print"}  # tests of their own
    assert names == set(ROWS) | set(SCATTERED) | elsewhere

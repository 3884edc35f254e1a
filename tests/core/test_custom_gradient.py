"""`custom_gradient`, `hessian_vector_product` and `jacobian`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import Session, custom_gradient, gradients, placeholder

X = np.array([0.5, -1.5, 2.0])


@custom_gradient
def clipped(x: Any) -> Any:
    """The identity, with a gradient limited to -1..1."""
    return core.identity(x), lambda g: core.clip_by_value(g, -1.0, 1.0)


def test_the_said_gradient_counts() -> None:
    x = placeholder("float64", [3])
    [dx] = gradients(clipped(x) * 5.0, [x])
    value, slope = Session().run([clipped(x), dx], {x: X})
    assert value.tolist() == X.tolist() and slope.tolist() == [1.0, 1.0, 1.0]


def test_several_arguments_and_results() -> None:
    @custom_gradient
    def both(pair: Any, y: Any) -> Any:
        a, b = pair
        return (a * b, y + 1.0), lambda g, h: (g * 10.0, None, h * 2.0)

    a, b, y = (placeholder("float64", [3]) for _ in range(3))
    p, q = both((a, b), y)
    found = gradients([p, q], [a, b, y])
    assert found[1] is None
    da, dy, product = Session().run([found[0], found[2], p], {a: X, b: X, y: X})
    assert da.tolist() == [10.0] * 3 and dy.tolist() == [2.0] * 3
    assert product.tolist() == (X * X).tolist()


def test_second_order() -> None:
    @custom_gradient
    def cube(x: Any) -> Any:
        return x * x * x, lambda g: g * 3.0 * x * x

    x = placeholder("float64", [3])
    [dx] = gradients(cube(x), [x])
    [ddx] = gradients(dx, [x])
    assert Session().run(ddx, {x: X}) == pytest.approx(6 * X)


def test_variables() -> None:
    w = core.Variable(np.float64(3.0))

    @custom_gradient
    def scaled(x: Any) -> Any:
        def gradient(g: Any, variables: Any = None) -> Any:
            assert variables == [w]
            return g * 7.0, [core.reduce_sum(g) * 100.0]

        return x * w, gradient

    x = placeholder("float64", [3])
    dx, dw = gradients(scaled(x), [x, w])
    got = Session().run([dx, dw], {x: X})
    assert got[0].tolist() == [7.0] * 3 and float(got[1]) == 300.0


def test_in_a_loop() -> None:
    x = placeholder("float64", [3])
    last, _ = core.scan(lambda s, e: (s + clipped(e * 3.0), ()), np.float64(0.0), x)
    [dx] = gradients(last, [x])
    assert Session().run(dx, {x: X}).tolist() == [3.0] * 3


def test_errors() -> None:
    w = core.Variable(np.float64(3.0))
    x = placeholder("float64", [3])
    with pytest.raises(core.GraphError, match="reads variables that its gradient function"):
        custom_gradient(lambda x: (x * w, lambda g: g))(x)
    y = custom_gradient(lambda x: (x * 2.0, lambda g: (g, g)))(x)
    with pytest.raises(core.GraphError, match="the wrong number of gradients"):
        gradients(y, [x])
    z = custom_gradient(lambda x: (x * 2.0, lambda g: core.reduce_sum(g)))(x)
    with pytest.raises(core.ShapeError, match="does not have the type of its argument"):
        gradients(z, [x])


def test_hessian_vector_product() -> None:
    x = placeholder("float64", [3])
    y = core.reduce_sum(core.sin(x)) * core.reduce_sum(x * x)
    v = np.array([1.0, 2.0, -1.0])
    [product] = core.hessian_vector_product(y, [x], [v])
    s, q = np.sin(X).sum(), (X * X).sum()
    hessian = np.diag(-np.sin(X) * q + 2 * s)
    hessian += np.outer(np.cos(X), 2 * X) + np.outer(2 * X, np.cos(X))
    np.testing.assert_allclose(Session().run(product, {x: X}), hessian @ v)
    assert core.hessian_vector_product(x * 1.0, x, v) == [None]


def test_jacobian() -> None:
    x = placeholder("float64", [None])
    y = core.reshape(core.stack([x[0] * x[1], x[2] ** 2]), [2, 1])
    found = Session().run(core.jacobian(y, x), {x: X})
    np.testing.assert_allclose(found, [[[X[1], X[0], 0]], [[0, 0, 2 * X[2]]]])
    with pytest.raises(core.ShapeError, match="the sizes of y are not all known"):
        core.jacobian(x, x)

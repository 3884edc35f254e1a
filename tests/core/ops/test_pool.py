"""What the rows of `conformance/cases_pool.py` cannot say: ties, NaN, padding, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    apply,
    avg_pool1d,
    avg_pool2d,
    constant,
    gradients,
    max_pool2d,
    max_pool3d,
    max_pool_with_argmax,
    placeholder,
    pool,
)
from thalweg.core.ops.pool import AvgPoolGrad

inf, nan = np.inf, np.nan


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def image(*shape: int | None, dtype: str = "float32") -> Any:
    return placeholder(dtype, shape, name="x")


def message(error: pytest.ExceptionInfo[ThalwegError]) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_pool.py:" in site
    return [line for line in lines if line != site]


def run(tensor: Any) -> Any:
    return Session().run(tensor)[0, :, :, 0].tolist()


def plane(rows: list[list[float]]) -> Any:
    return constant(np.array(rows, np.float32)[None, :, :, None])


# Ties, infinities and NaN ------------------------------------------------------------------------


def test_first_of_equal_maxima_gets_the_gradient() -> None:
    x = plane([[1, 5, 2, 2], [5, 0, 2, 2]])
    [g] = gradients(max_pool2d(x, 2, 2, "VALID"), [x])
    assert run(g) == [[0, 1, 1, 0], [0, 0, 0, 0]]


def test_gradients_of_overlapping_windows_add_up() -> None:
    x = plane([[1, 9, 1, 3]])
    [g] = gradients(max_pool2d(x, (1, 2), 1, "VALID"), [x], plane([[1, 10, 100]]))
    assert run(g) == [[0, 11, 0, 100]]


def test_padding_never_wins() -> None:
    x = plane([[-5, -inf, -inf]])
    y = max_pool2d(x, (1, 2), (1, 2), ((0, 0), (1, 0)))
    assert run(y) == [[-5, -inf]]
    [g] = gradients(y, [x], plane([[1, 2]]))
    assert run(g) == [[1, 2, 0]]


def test_infinite_gradients_stay_where_they_are() -> None:
    x = plane([[1, 2, 4, 3]])
    [g] = gradients(max_pool2d(x, (1, 2), (1, 2), "VALID"), [x], plane([[inf, nan]]))
    np.testing.assert_array_equal(run(g), [[0, inf, nan, 0]])


def test_nan_wins_and_passes_nothing_on() -> None:
    x = plane([[nan, 2, 4, 3]])
    y = max_pool2d(x, (1, 2), (1, 2), "VALID")
    np.testing.assert_array_equal(run(y), [[nan, 4]])
    assert run(gradients(y, [x])[0]) == [[0, 0, 1, 0]]


def test_average_counts_real_cells_only() -> None:
    x = plane([[1, 2, 6], [1, 2, 8]])
    y = avg_pool2d(x, 2, 2, "SAME")
    assert run(y) == [[1.5, 7]]
    [g] = gradients(y, [x], plane([[4, 2]]))
    assert run(g) == [[1, 1, 1], [1, 1, 1]]


def test_types_of_unknown_sizes() -> None:
    x = image(None, None, 7, 3)
    y = max_pool2d(x, 2, (2, 3), "SAME")
    assert y.shape == (None, None, 3, 3)
    [g] = gradients(y, [x])
    assert g is not None and g.shape == (None, None, 7, 3)
    assert avg_pool2d(placeholder("float32"), 2, 2, "SAME").shape == (None,) * 4


def test_types_of_signals_and_volumes() -> None:
    assert avg_pool1d(image(None, 7, 3), 2, 2, "SAME").shape == (None, 4, 3)
    assert max_pool3d(image(1, 3, 8, None, 4), 2, 2, "VALID", "NCDHW").shape == (1, 3, 4, None, 2)
    assert pool(placeholder("float32"), (2,), "MAX").shape == (None,) * 3


def test_argmax_of_ties_infinities_and_nan() -> None:
    x = plane([[1, 5, -inf, -inf, nan, 7], [5, 0, -inf, -inf, 9, nan]])
    largest, places = Session().run(max_pool_with_argmax(x, 2, 2, "VALID"))
    np.testing.assert_array_equal(largest.reshape(-1), [5, -inf, nan])
    assert places.reshape(-1).tolist() == [1, 2, 4]


def test_argmax_counts_images_or_the_batch() -> None:
    x = np.zeros((2, 2, 2, 3), np.float32)
    x[1, 1, 0, 2] = 1
    for is_in_batch, index in ((False, 8), (True, 20)):
        _, places = Session().run(max_pool_with_argmax(x, 2, 2, "SAME", is_in_batch))
        assert places[1, 0, 0, 2] == index


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pool", "label"), [(max_pool2d, "MaxPool"), (avg_pool2d, "AvgPool")])
def test_rank(pool: Any, label: str) -> None:
    with pytest.raises(ShapeError) as error:
        pool(image(None, 784), 2, 2, "SAME")
    assert message(error) == [
        f"{label}: takes a batch of images",
        "  expected  x (batch, height, width, channels)",
        "  got       x float32 (None, 784), windows (2, 2)",
        f"  node      '{label}'",
    ]


def test_window_larger_than_the_images() -> None:
    with pytest.raises(ShapeError) as error:
        avg_pool2d(image(None, 28, 2, 1), 3, 1, "VALID")
    assert message(error) == [
        "AvgPool: the window does not fit into the width",
        "  expected  width >= 3",
        "  got       x float32 (None, 28, 2, 1), windows (3, 3)",
        "  node      'AvgPool'",
        '  hint      padding="SAME" fits windows to any size',
    ]


def test_integers() -> None:
    with pytest.raises(DtypeError) as error:
        max_pool2d(image(None, 28, 28, 1, dtype="int32"), 2, 2, "VALID")
    assert message(error) == [
        "MaxPool: takes float tensors",
        "  expected  float dtypes",
        "  got       x int32 (None, 28, 28, 1)",
        "  node      'MaxPool'",
        "  hint      cast(x, 'float32') converts",
    ]


def test_window_size() -> None:
    with pytest.raises(OptionError) as error:
        max_pool2d(image(None, 28, 28, 1), [1, 2, 2, 1], 2, "VALID")
    assert message(error) == [
        "max_pool2d: ksize must be one size, or one for each axis",
        "  expected  an integer >= 1, or (height, width)",
        "  got       [1, 2, 2, 1]",
    ]


def test_windows_of_padding() -> None:
    with pytest.raises(OptionError) as error:
        avg_pool2d(image(None, 28, 28, 1), (2, 3), 2, ((0, 2), (0, 0)))
    assert message(error) == [
        "avg_pool2d: a window would hold nothing but padding",
        "  expected  padding smaller than the windows (2, 3)",
        "  got       ((0, 2), (0, 0))",
    ]


def test_gradient_of_other_images() -> None:
    with pytest.raises(ShapeError) as error:
        apply(
            AvgPoolGrad((2, 2), (2, 2), "VALID", (1, 1)), image(1, 2, 2, 3), constant([1, 4, 6, 3])
        )
    assert message(error) == [
        "AvgPoolGrad: these images do not give such an output",
        "  expected  g (1, 2, 3, 3)",
        "  got       g float32 (1, 2, 2, 3), shape of the images (1, 4, 6, 3), windows (2, 2)",
        "  node      'AvgPoolGrad'",
    ]


def test_windows_of_padding_between_two_cells() -> None:
    with pytest.raises(ShapeError) as error:
        pool(image(None, 2, 3), 2, "MAX", 1, "SAME", 3)
    assert message(error) == [
        "MaxPool: a window holds nothing but padding along the width",
        "  expected  a larger width, or smaller dilations",
        "  got       x float32 (None, 2, 3), windows (2,), dilations (3,)",
        "  node      'MaxPool'",
    ]


def test_windows_of_padding_around_nothing() -> None:
    with pytest.raises(ShapeError, match="nothing but padding along the height"):
        avg_pool2d(image(None, 0, 8, 3), 2, 1, ((1, 1), (0, 0)))


def test_pooling_type() -> None:
    with pytest.raises(OptionError) as error:
        pool(image(None, 8, 3), 2, "max")
    assert message(error) == [
        "pool: unknown pooling_type",
        "  expected  'MAX' or 'AVG'",
        "  got       'max'",
    ]


def test_rank_of_the_pool_is_unknown() -> None:
    with pytest.raises(ShapeError) as error:
        pool(placeholder("float32"), 2, "MAX")
    assert message(error) == [
        "pool: the rank is unknown",
        "  expected  input (batch, ..., channels) with one, two or three axes between",
        "  got       input float32 (...)",
    ]
    with pytest.raises(ShapeError, match="pool: no rank of images"):
        pool(image(3, 4), 2, "AVG")


def test_data_format() -> None:
    with pytest.raises(OptionError) as error:
        max_pool3d(image(1, 8, 8, 8, 1), 2, 2, "SAME", "NCHW")
    assert message(error) == [
        "max_pool3d: unknown data_format",
        "  expected  'NDHWC' or 'NCDHW'",
        "  got       'NCHW'",
        "  hint      did you mean 'NCDHW'?",
    ]


def test_window_shape() -> None:
    with pytest.raises(OptionError) as error:
        pool(image(None, 8, 3), (2, 2), "MAX")
    assert message(error) == [
        "pool: window_shape must be one size, or one for each axis",
        "  expected  an integer >= 1, or (width,)",
        "  got       (2, 2)",
    ]

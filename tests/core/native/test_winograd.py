"""Winograd's convolutions against sums in float64, over sizes around every blocking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.backends.native.lowered import Lowered
from thalweg.core.backends.native.rules.winograd import Layer, is_transposed, suits, tile_size
from thalweg.core.lower import lower
from thalweg.core.ops.conv import Convolution
from thalweg.core.plan import make_plan

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

# largest error over the largest value
FORWARD, GRADIENT = 5e-6, 2e-5
GUARD = 64  # floats around every result, which must stay as they are

FILTERS = [(2, 3), (4, 3), (2, 5)]  # m, window
each_filter = pytest.mark.parametrize(("m", "window"), FILTERS)
PLAIN, TURNED, TRANSPOSED = 0, 1, 2

# images (batch, height, width, in), out, zeros above and before (of windows of 3: larger ones take
# as many more as keep the sizes)
CASES = [
    ((1, 3, 3, 1), 1, 0, 0),
    ((1, 1, 1, 3), 2, 1, 1),
    ((2, 7, 9, 3), 5, 1, 1),
    ((1, 10, 6, 16), 16, 0, 0),
    ((3, 13, 11, 17), 33, 1, 1),
    ((1, 5, 40, 15), 31, 2, 0),
    ((2, 8, 8, 64), 48, 1, 1),
    ((1, 14, 14, 130), 40, 1, 1),
    ((1, 4, 4, 520), 17, 1, 1),  # more channels than zeros stand ready for
    ((1, 14, 14, 200), 200, 1, 1),  # tasks are panels of outputs
    ((130, 4, 4, 48), 40, 1, 0),
    ((16, 32, 32, 16), 24, 1, 1),  # kernel gradient: many partial sums
    ((24, 16, 16, 100), 70, 1, 1),  # one sum over several spans
    ((5, 12, 12, 20), 50, -1, -1),  # 8 x 8 outputs, with windows of 5 without padding
]


@pytest.fixture(autouse=True)
def _same_thread_count() -> Iterator[None]:
    count = extension.thread_count()
    yield
    extension.set_thread_count(count)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


def layer_of(images: tuple[int, ...], out: int, top: int, left: int, window: int = 3) -> Layer:
    """A layer whose bottom and right are padded as its top and left are."""
    batch, height, width, _ = images
    outputs = (batch, height + 2 * top - 2, width + 2 * left - 2, out)
    more = (window - 3) // 2
    return Layer(images, outputs, top + more, left + more, window)


def kernel_of(layer: Layer) -> np.ndarray:
    return normal(layer.window, layer.window, layer.images[3], layer.outputs[3])


def call(kernel: str, inputs: Sequence[np.ndarray], shape: Sequence[int], ints: Sequence[int]):
    """A kernel's result; nothing beside it may be written."""
    size = int(np.prod(shape))
    guarded = np.full(size + 2 * GUARD, 7.5, np.float32)
    executor = extension.Executor(
        [*((i, 0) for i in range(len(inputs))), (len(inputs), 4 * GUARD)], 64
    )
    executor.add(kernel, list(range(len(inputs) + 1)), [int(n) for n in ints], [])
    executor.finish()
    executor.run([*map(np.ascontiguousarray, inputs), guarded])
    assert (guarded[:GUARD] == 7.5).all() and (guarded[GUARD + size :] == 7.5).all()
    return guarded[GUARD : GUARD + size].reshape(shape)


def transform(
    layer: Layer, m: int, kernel: np.ndarray, channels: int, out: int, form: int
) -> np.ndarray:
    size = (m + layer.window - 1) ** 2 * channels * -(-out // 16) * 16
    return call("winograd_kernel", [kernel], [size], [m, layer.window, channels, out, form])


def convolve(
    layer: Layer,
    m: int,
    images: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    activation: int = 0,
    pool: bool = False,
    form: int = PLAIN,
) -> np.ndarray:
    made = transform(layer, m, kernel, layer.images[3], layer.outputs[3], form)
    batch, height, width, out = layer.outputs
    shape = (batch, height // 2, width // 2, out) if pool else layer.outputs
    inputs = [images, made, *([] if bias is None else [bias])]
    return call("winograd", inputs, shape, [*layer.ints(m), bias is not None, activation, pool])


def transposed(layer: Layer, m: int, g: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    made = transform(layer, m, kernel, layer.outputs[3], layer.images[3], TRANSPOSED)
    return call("winograd_transposed", [g, made], layer.images, layer.ints(m))


def kernel_gradient(layer: Layer, m: int, images: np.ndarray, g: np.ndarray) -> np.ndarray:
    shape = (layer.window, layer.window, layer.images[3], layer.outputs[3])
    return call("winograd_kernel_grad", [images, g], shape, layer.ints(m))


def taps(layer: Layer, images: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """For each tap of the window the cells that it meets, in float64."""
    _, height, width, _ = layer.outputs
    around = [(max(n, 0), layer.window + max(n, 0)) for n in (layer.top, layer.left)]
    padded = np.pad(images.astype(np.float64), ((0, 0), *around, (0, 0)))
    padded = padded[:, max(-layer.top, 0) :, max(-layer.left, 0) :]
    for i in range(layer.window):
        for j in range(layer.window):
            yield i, j, padded[:, i : i + height, j : j + width]


def exact_outputs(layer: Layer, images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return sum(cells @ kernel[i, j].astype(np.float64) for i, j, cells in taps(layer, images))


def exact_kernel_gradient(layer: Layer, images: np.ndarray, g: np.ndarray) -> np.ndarray:
    rows = g.reshape(-1, g.shape[-1]).astype(np.float64)
    result = np.empty((layer.window, layer.window, layer.images[3], layer.outputs[3]))
    for i, j, cells in taps(layer, images):
        result[i, j] = cells.reshape(-1, cells.shape[-1]).T @ rows
    return result


def assert_near(result: np.ndarray, exact: np.ndarray, limit: float) -> None:
    assert np.abs(result - exact).max() <= limit * np.abs(exact).max()


@each_filter
@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs(case, m: int, window: int) -> None:
    layer = layer_of(*case, window)
    images, kernel = normal(*layer.images), kernel_of(layer)
    assert_near(convolve(layer, m, images, kernel), exact_outputs(layer, images, kernel), FORWARD)


@each_filter
@pytest.mark.parametrize("case", CASES, ids=str)
def test_input_gradient(case, m: int, window: int) -> None:
    layer = layer_of(*case, window)
    g, kernel = normal(*layer.outputs), kernel_of(layer)
    turned = np.ascontiguousarray(kernel[::-1, ::-1].swapaxes(2, 3))
    exact = exact_outputs(layer.turned, g, turned)
    assert exact.shape == layer.images
    assert_near(convolve(layer.turned, m, g, kernel, form=TURNED), exact, GRADIENT)
    assert_near(transposed(layer, m, g, kernel), exact, GRADIENT)


@each_filter
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernel_gradient(case, m: int, window: int) -> None:
    layer = layer_of(*case, window)
    images, g = normal(*layer.images), normal(*layer.outputs)
    exact = exact_kernel_gradient(layer, images, g)
    assert_near(kernel_gradient(layer, m, images, g), exact, GRADIENT)


@each_filter
@pytest.mark.parametrize("case", [CASES[2], CASES[4], CASES[6], CASES[9]], ids=str)
def test_bias_activation_and_pooling(case, m: int, window: int) -> None:
    layer = layer_of(*case, window)
    images, kernel = normal(*layer.images), kernel_of(layer)
    bias = normal(case[1])
    exact = np.maximum(exact_outputs(layer, images, kernel) + bias, 0)
    assert_near(convolve(layer, m, images, kernel, bias, 1), exact, FORWARD)
    batch, height, width, out = exact.shape
    cells = exact[:, : height // 2 * 2, : width // 2 * 2]
    pooled = cells.reshape(batch, height // 2, 2, width // 2, 2, out).max((2, 4))
    assert_near(convolve(layer, m, images, kernel, bias, 1, pool=True), pooled, FORWARD)
    without = exact_outputs(layer, images, kernel)[:, : height // 2 * 2, : width // 2 * 2]
    pooled = without.reshape(batch, height // 2, 2, width // 2, 2, out).max((2, 4))
    assert_near(convolve(layer, m, images, kernel, pool=True), pooled, FORWARD)


@pytest.mark.parametrize(("m", "window"), FILTERS[1:])
@pytest.mark.parametrize("case", [CASES[6], *CASES[9:]], ids=str)
def test_any_number_of_threads_gives_the_same_bits(case, m: int, window: int) -> None:
    layer = layer_of(*case, window)
    images, g, kernel = normal(*layer.images), normal(*layer.outputs), kernel_of(layer)
    results = []
    for count in (1, 2, 3, 4):
        extension.set_thread_count(count)
        outputs = convolve(layer, m, images, kernel)
        back = convolve(layer.turned, m, g, kernel, form=TURNED)
        added = transposed(layer, m, g, kernel)
        results.append((outputs, back, added, kernel_gradient(layer, m, images, g)))
    for others in results[1:]:
        for first, other in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(first, other)


def test_large_results_that_pass_the_caches_are_whole() -> None:
    layer = layer_of((2, 130, 130, 16), 64, 1, 1)
    images, kernel = normal(*layer.images), normal(3, 3, 16, 64)
    assert_near(convolve(layer, 4, images, kernel), exact_outputs(layer, images, kernel), FORWARD)


@each_filter
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_spoils_the_tiles_that_see_it(
    value: float, m: int, window: int
) -> None:
    layer = layer_of((1, 16, 16, 16), 16, 1, 1, window)
    images, kernel = normal(*layer.images), kernel_of(layer)
    expected = convolve(layer, m, images, kernel)
    images[0, 5, 6, 2] = value
    result = convolve(layer, m, images, kernel, pool=False)
    assert not np.isfinite(result[0, 4:7, 5:8]).any()
    distance = m + window
    assert (result[:, 5 + distance :] == expected[:, 5 + distance :]).all()
    pooled = convolve(layer, m, images, kernel, activation=1, pool=True)
    assert np.isnan(pooled[0, 2:4, 3:4]).all()
    g = normal(*layer.outputs)
    assert not np.isfinite(kernel_gradient(layer, m, images, g)[:, :, 2]).any()


def test_no_images() -> None:
    layer = layer_of((0, 6, 6, 16), 16, 1, 1)
    images, kernel = normal(*layer.images), normal(3, 3, 16, 16)
    assert convolve(layer, 4, images, kernel).shape == (0, 6, 6, 16)
    g = normal(*layer.outputs)
    assert (kernel_gradient(layer, 4, images, g) == 0).all()
    assert transposed(layer, 4, g, kernel).shape == images.shape


def test_what_suits() -> None:
    def layer(*shape: int, op: Convolution | None = None, window: int = 3) -> Layer | None:
        op = op or Convolution((1, 1), "SAME", (1, 1), 1)
        return Layer.of(op, shape, (window, window, shape[-1] // op.groups, 64))

    def size(*shape: int) -> int:
        found = layer(*shape)
        return tile_size(found) if found is not None and suits(found) else 0

    assert [size(128, n, n, 64) for n in (32, 8, 4, 2)] == [4, 4, 4, 2]
    assert [size(1, 224, 224, n) for n in (7, 8)] == [0, 4]  # few channels
    assert [size(n, 8, 8, 64) for n in (1, 2)] == [0, 4]  # few tiles
    assert size(99, 1, 1, 64) == 0  # nothing saved
    assert layer(8, 8, 8, 64, op=Convolution((2, 2), "SAME", (1, 1), 1)) is None
    assert layer(8, 8, 8, 64, op=Convolution((1, 1), "SAME", (2, 2), 1)) is None
    assert layer(8, 8, 8, 64, op=Convolution((1, 1), "SAME", (1, 1), 2)) is None
    found = layer(8, 8, 9, 64, op=Convolution((1, 1), ((2, 0), (1, 3)), (1, 1), 1))
    assert found == Layer((8, 8, 9, 64), (8, 8, 11, 64), 2, 1)
    assert found.turned == Layer((8, 8, 11, 64), (8, 8, 9, 64), 0, 1)
    assert layer(8, 8, 8, 64, window=4) is None
    five = layer(8, 12, 12, 64, window=5)
    assert five == Layer((8, 12, 12, 64), (8, 12, 12, 64), 2, 2, 5)
    assert suits(five) and tile_size(five) == 2


def test_where_gradients_are_added_up() -> None:
    """By the number of tiles: where outputs are much smaller than the images."""
    assert is_transposed(layer_of((128, 12, 12, 20), 50, -1, -1, 5))
    assert not is_transposed(layer_of((128, 12, 12, 20), 50, 1, 1, 5))
    assert not is_transposed(layer_of((128, 26, 26, 32), 64, 1, 1))


@pytest.mark.parametrize("window", [3, 5])
@pytest.mark.parametrize("padding", ["SAME", "VALID", ((1, 1), (0, 0))])
def test_in_a_graph(padding, window: int) -> None:
    images, kernel = normal(4, 12, 12, 32), normal(window, window, 32, 32)
    layer = Layer.of(Convolution((1, 1), padding, (1, 1), 1), images.shape, kernel.shape)
    assert suits(layer) and suits(layer.turned)
    g = normal(*layer.outputs)
    x, k = core.placeholder("float32", images.shape), core.placeholder("float32", kernel.shape)
    y = core.conv2d(x, k, padding=padding)
    fetches = [y, *core.gradients(core.reduce_sum(y * g), [x, k])]
    session = core.Session(backend="native")
    outputs, input_gradient, kernel_gradients = session.run(fetches, {x: images, k: kernel})
    m = tile_size(layer)
    np.testing.assert_array_equal(outputs, convolve(layer, m, images, kernel))
    if is_transposed(layer):
        back = transposed(layer, m, g, kernel)
    else:
        back = convolve(layer.turned, tile_size(layer.turned), g, kernel, form=TURNED)
    np.testing.assert_array_equal(input_gradient, back)
    np.testing.assert_array_equal(kernel_gradients, kernel_gradient(layer, m, images, g))


@pytest.mark.parametrize(
    ("batch", "channels", "is_kept"),
    [(1, 256, True), (32, 256, False), (32, 16, True)],  # few tiles, many tiles, small kernels
    ids=str,
)
def test_kernels_stay_transformed_where_that_saves_time(
    batch: int, channels: int, is_kept: bool
) -> None:
    x = core.placeholder("float32", [batch, 16, 16, channels])
    kernel = core.Variable(normal(3, 3, channels, channels))
    y = core.conv2d(x, kernel, padding="SAME")
    lowered = Lowered(make_plan(lower([y], [x]), [x.shape]))
    hoisted = [call.kernel for call in lowered.hoisted]
    assert hoisted == (["winograd_kernel"] if is_kept else [])
    [item] = lowered.items
    assert [call.kernel for call in item.calls or ()] == ["winograd_kernel", "winograd"][is_kept:]

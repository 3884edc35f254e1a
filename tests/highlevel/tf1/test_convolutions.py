"""`tf.nn`'s convolutions, pools, statistics and CTC, against sums over windows written out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError

RANDOM = np.random.default_rng(3)
SIGNAL = RANDOM.normal(size=(2, 9, 3))
IMAGES = RANDOM.normal(size=(2, 6, 7, 3))
VOLUME = RANDOM.normal(size=(2, 4, 5, 4, 2))


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def correlated(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Every position of a whole kernel, in any number of dimensions, by SciPy."""
    return np.stack(
        [
            [
                sum(
                    scipy.signal.correlate(one[..., c], kernel[..., c, o], "valid", "direct")
                    for c in range(x.shape[-1])
                )
                for one in x
            ]
            for o in range(kernel.shape[-1])
        ],
        axis=-1,
    )


def spread(kernel: np.ndarray, rate: int) -> np.ndarray:
    """A kernel of two spatial axes with zeros between its taps."""
    height, width = kernel.shape[:2]
    wide = np.zeros(((height - 1) * rate + 1, (width - 1) * rate + 1, *kernel.shape[2:]))
    wide[::rate, ::rate] = kernel
    return wide


def first(x: np.ndarray) -> np.ndarray:
    """Channels moved before the sizes."""
    return np.moveaxis(x, -1, 1)


def test_signals_and_volumes() -> None:
    narrow, cube = RANDOM.normal(size=(3, 3, 4)), RANDOM.normal(size=(2, 3, 2, 2, 3))
    expected = correlated(SIGNAL, narrow)
    for result in run(
        [
            tf.nn.conv1d(SIGNAL, narrow, 1, "VALID"),
            tf.nn.convolution(SIGNAL, narrow, "VALID"),
            tf.nn.conv1d(input=SIGNAL, filters=narrow, stride=1, padding="VALID"),
        ]
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-9)
    steps = tf.nn.conv1d(first(SIGNAL), narrow, 2, "VALID", data_format="NCHW")
    np.testing.assert_allclose(run(steps), first(expected[:, ::2]), rtol=1e-9)
    expected = correlated(VOLUME, cube)
    last = tf.nn.conv3d(VOLUME, cube, [1, 2, 1, 1, 1], "VALID")
    other = tf.nn.conv3d(first(VOLUME), cube, [1, 1, 1, 2, 1], "VALID", data_format="NCDHW")
    a, b = run([last, other])
    np.testing.assert_allclose(a, expected[:, ::2], rtol=1e-9)
    np.testing.assert_allclose(b, first(expected[:, :, ::2]), rtol=1e-9)


def test_holes_and_channels_apart() -> None:
    kernel = RANDOM.normal(size=(2, 2, 3, 4))
    expected = correlated(IMAGES, spread(kernel, 2))
    for result in run(
        [
            tf.nn.atrous_conv2d(IMAGES, kernel, 2, "VALID"),
            tf.nn.convolution(IMAGES, kernel, "VALID", dilation_rate=[2, 2]),
        ]
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-9)
    apart = RANDOM.normal(size=(2, 2, 3, 2))
    mix = RANDOM.normal(size=(1, 1, 6, 4))
    channels = [correlated(IMAGES[..., c : c + 1], apart[:, :, c : c + 1]) for c in range(3)]
    expected = np.concatenate(channels, axis=-1)
    one = [1, 1, 1, 1]
    a, b, c, d = run(
        [
            tf.nn.depthwise_conv2d(IMAGES, apart, one, "VALID"),
            tf.nn.depthwise_conv2d_native(IMAGES, apart, one, "VALID"),
            tf.nn.depthwise_conv2d(first(IMAGES), apart, one, "VALID", data_format="NCHW"),
            tf.nn.separable_conv2d(IMAGES, apart, mix, one, "VALID"),
        ]
    )
    np.testing.assert_allclose(a, expected, rtol=1e-9)
    np.testing.assert_allclose(b, expected, rtol=1e-9)
    np.testing.assert_allclose(c, first(expected), rtol=1e-9)
    np.testing.assert_allclose(d, expected @ mix[0, 0], rtol=1e-9)


TRANSPOSES: dict[str, tuple[Any, tuple[int, ...], int, Callable[..., Any], Callable[..., Any]]] = {
    "conv1d": (SIGNAL, (3, 3, 4), 2, tf.nn.conv1d, tf.nn.conv1d_transpose),
    "conv2d": (IMAGES, (3, 2, 3, 4), 2, tf.nn.conv2d, tf.nn.conv2d_transpose),
    "conv3d": (VOLUME, (2, 3, 2, 2, 3), 1, tf.nn.conv3d, tf.nn.conv3d_transpose),
}


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("name", TRANSPOSES)
def test_transposes_are_adjoint(name: str, padding: str) -> None:
    """<convolution(x), y> = <x, transpose(y)> for all y defines the transpose."""
    x, sizes, step, forward, backward = TRANSPOSES[name]
    kernel = RANDOM.normal(size=sizes)
    there = run(forward(x, kernel, step, padding))
    y = RANDOM.normal(size=there.shape)
    back = run(backward(y, kernel, list(x.shape), step, padding))
    np.testing.assert_allclose((there * y).sum(), (x * back).sum(), rtol=1e-9)


def test_what_leads_back_is_the_gradient() -> None:
    kernel = RANDOM.normal(size=(2, 2, 3, 4))
    one = [1, 1, 1, 1]
    there = run(tf.nn.conv2d(IMAGES, kernel, one, "VALID"))
    y = RANDOM.normal(size=there.shape)
    images = tf.nn.conv2d_backprop_input(list(IMAGES.shape), kernel, y, one, "VALID")
    weights = tf.nn.conv2d_backprop_filter(IMAGES, list(kernel.shape), y, one, "VALID")
    rate = tf.nn.atrous_conv2d(IMAGES, kernel, 2, "SAME")
    back = tf.nn.atrous_conv2d_transpose(rate, kernel, list(IMAGES.shape), 2, "SAME")
    a, b, c, d = run([images, weights, rate, back])
    np.testing.assert_allclose((there * y).sum(), (IMAGES * a).sum(), rtol=1e-9)
    np.testing.assert_allclose((there * y).sum(), (kernel * b).sum(), rtol=1e-9)
    np.testing.assert_allclose((c * c).sum(), (IMAGES * d).sum(), rtol=1e-9)


def windows(x: np.ndarray, sizes: tuple[int, ...], step: int) -> np.ndarray:
    """(batch, *positions, channels, cells): whole windows, by NumPy's view of them."""
    axes = tuple(range(1, x.ndim - 1))
    view = np.lib.stride_tricks.sliding_window_view(x, sizes, axes)
    view = view[(slice(None), *[slice(None, None, step) for _ in axes])]
    return view.reshape(*view.shape[: x.ndim], -1)


@pytest.mark.parametrize(
    ("x", "rank"), [(SIGNAL, 1), (IMAGES, 2), (VOLUME, 3)], ids=["signal", "image", "volume"]
)
def test_pools(x: np.ndarray, rank: int) -> None:
    cells = windows(x, (2,) * rank, 2)
    sizes = [1, *[2] * rank, 1]
    for kind, expected in (("max", cells.max(-1)), ("avg", cells.mean(-1))):
        pool = getattr(tf.nn, f"{kind}_pool{rank}d")
        first_format = "NC" + "DHW"[3 - rank :]
        first_sizes = [1, 1, *[2] * rank]
        a, b, c = run(
            [
                pool(x, sizes, sizes, "VALID"),
                pool(first(x), first_sizes, first_sizes, "VALID", first_format),
                tf.nn.pool(x, [2] * rank, kind.upper(), "VALID", strides=[2] * rank),
            ]
        )
        np.testing.assert_allclose(a, expected, rtol=1e-9)
        np.testing.assert_allclose(b, first(expected), rtol=1e-9)
        np.testing.assert_allclose(c, expected, rtol=1e-9)


def test_places_of_the_largest() -> None:
    one = IMAGES[:1]
    found = tf.nn.max_pool_with_argmax(
        one, [1, 2, 2, 1], [1, 2, 2, 1], "VALID", output_dtype=tf.int32
    )
    largest, places = run(found)
    assert places.dtype == np.int32
    np.testing.assert_array_equal(one.reshape(-1)[places], largest)
    np.testing.assert_array_equal(largest, windows(one, (2, 2), 2).max(-1))
    with pytest.raises(GraphError, match="data_format is not supported"):
        tf.nn.max_pool_with_argmax(IMAGES, 2, 2, "VALID", data_format="NCHW")


def test_fused_batch_norm() -> None:
    scale, offset = RANDOM.normal(size=(2, 3))
    mean, variance = IMAGES.mean((0, 1, 2)), IMAGES.var((0, 1, 2))
    expected = (IMAGES - mean) / np.sqrt(variance + 0.001) * scale + offset
    y, got_mean, got_variance = run(tf.nn.fused_batch_norm(IMAGES, scale, offset))
    np.testing.assert_allclose(y, expected, rtol=1e-7)
    np.testing.assert_allclose(got_mean, mean, atol=1e-12)
    n = IMAGES.size // 3
    np.testing.assert_allclose(got_variance, variance * n / (n - 1), rtol=1e-9)
    given = tf.nn.fused_batch_norm(
        first(IMAGES), scale, offset, mean, variance, data_format="NCHW", is_training=False
    )
    np.testing.assert_allclose(run(given[0]), first(expected), rtol=1e-7)


def test_statistics() -> None:
    weights = RANDOM.integers(0, 3, size=(2, 9, 1)).astype(float)
    counts, sums, squares, shift = tf.nn.sufficient_statistics(SIGNAL, [0, 1], shift=0.5)
    both = tf.nn.normalize_moments(counts, sums, squares, shift)
    weighed = tf.nn.weighted_moments(SIGNAL, [0, 1], weights, keep_dims=True)
    (mean, variance), (mean_w, variance_w) = run([both, weighed])
    np.testing.assert_allclose(mean, SIGNAL.mean((0, 1)), rtol=1e-9)
    np.testing.assert_allclose(variance, SIGNAL.var((0, 1)), rtol=1e-9)
    rows = np.repeat(SIGNAL.reshape(-1, 3), weights.reshape(-1).astype(int), axis=0)
    assert mean_w.shape == (1, 1, 3)
    np.testing.assert_allclose(mean_w[0, 0], rows.mean(0), rtol=1e-9)
    np.testing.assert_allclose(variance_w[0, 0], rows.var(0), rtol=1e-9)


def path_sum(p: np.ndarray, label: tuple[int, ...]) -> float:
    """The probability of a label sequence: all paths, one after the other."""
    times, classes = p.shape
    total = 0.0
    for path in itertools.product(range(classes), repeat=times):
        merged = [c for c, _ in itertools.groupby(path)]
        if tuple(c for c in merged if c != classes - 1) == label:
            total += float(np.prod([p[t, c] for t, c in enumerate(path)]))
    return total


def test_ctc_loss() -> None:
    logits = RANDOM.normal(size=(4, 2, 3))
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    labels = [[0, 1, -1], [1, 1, 0]]
    lengths = [3, 4]
    loss = tf.nn.ctc_loss(labels, logits, lengths)
    moved = tf.nn.ctc_loss(labels, logits.swapaxes(0, 1), lengths, time_major=False)
    blank_first = np.roll(logits, 1, axis=2)
    second = tf.nn.ctc_loss_v2([[1, 2, 0], [2, 2, 1]], blank_first, [2, 3], lengths)
    expected = [-np.log(path_sum(p[:3, 0], (0, 1))), -np.log(path_sum(p[:, 1], (1, 1, 0)))]
    for result in run([loss, moved, second]):
        np.testing.assert_allclose(result, expected, rtol=1e-7)
    short = run(tf.nn.ctc_loss(labels, logits, [1, 4], ignore_longer_outputs_than_inputs=True))
    np.testing.assert_allclose(short, [0, expected[1]], rtol=1e-7)


def test_ctc_decoders() -> None:
    logits = RANDOM.normal(size=(3, 1, 3))
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    [best], score = run(tf.nn.ctc_greedy_decoder(logits, [3]))
    top = logits[:, 0].argmax(-1)
    merged = [int(c) for c, _ in itertools.groupby(top) if c != 2]
    assert [c for c in best[0].tolist() if c >= 0] == merged
    np.testing.assert_allclose(score, [[-logits[:, 0].max(-1).sum()]])
    labels, log_p = run(tf.nn.ctc_beam_search_decoder(logits, [3], top_paths=2))
    every = [s for n in range(4) for s in itertools.product(range(2), repeat=n)]
    ranked = sorted(every, key=lambda s: -path_sum(p[:, 0], s))[:2]
    assert [tuple(c for c in rows[0].tolist() if c >= 0) for rows in labels] == ranked
    np.testing.assert_allclose(np.exp(log_p[0]), [path_sum(p[:, 0], s) for s in ranked])


def test_errors() -> None:
    class Sparse:
        indices = values = dense_shape = None

    with pytest.raises(OptionError) as caught:
        tf.nn.ctc_loss(Sparse(), IMAGES, [1])
    assert str(caught.value) == (
        "ctc_loss: labels are sparse\n"
        "  expected  (batch, longest) integers, -1 behind the last label of each row\n"
        "  got       Sparse\n"
        "  hint      there are no sparse tensors here; fill rows up with -1"
    )
    with pytest.raises(GraphError, match="preprocess_collapse_repeated is not supported"):
        tf.nn.ctc_loss([[0]], SIGNAL, [1, 1, 1], preprocess_collapse_repeated=True)
    with pytest.raises(OptionError, match="conv1d: stride is missing"):
        tf.nn.conv1d(SIGNAL, SIGNAL)
    with pytest.raises(OptionError, match="convolution: not a kernel"):
        tf.nn.convolution(SIGNAL, [1.0], "SAME")
    with pytest.raises(OptionError, match="pool: not a window"):
        tf.nn.pool(SIGNAL, [1, 1, 1, 1], "MAX", "SAME")
    with pytest.raises(OptionError) as caught:
        tf.nn.conv3d(VOLUME, VOLUME, [2, 1, 1, 1, 1], "SAME")
    assert str(caught.value) == (
        "conv3d: strides do not fit the axes\n"
        "  expected  one number, 3 spatial ones, or 5 with 1 for batch and channels\n"
        "  got       [2, 1, 1, 1, 1]"
    )

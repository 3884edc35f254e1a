"""Rows of what `core/ops/image` makes of other ops, and of its boxes."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.ndimage import correlate, map_coordinates, sobel

from thalweg.core import apply, image
from thalweg.core.ops.image.boxes import NonMaxSuppression

from .case import Case, Input

SIZES = {"n": (1, 2), "h": (2, 4), "w": (2, 4), "c": (1, 3), "p": (1, 4)}
IMAGES = Input("nhwc")
COLORS = Input(("p", 3), low=0.05, high=0.95, distinct=True)  # two equal channels are a kink
BYTES = Input(("p", 3), "uint8", high=255)


def case(
    name: str, covers: str, function: Callable[..., Any], inputs: Any, oracle: Any, **more: Any
) -> Case:
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return Case(name, (covers,), function, inputs, oracle, **{"sizes": SIZES, **more})


# Turns --------------------------------------------------------------------------------------------


def turn(k: int, x: str = "nhwc") -> Case:
    return case(
        f"rot90 {k} {x}",
        "Reverse" if k % 4 else "Identity",
        lambda x: image.rot90(x, k),
        Input(x),
        lambda x: np.rot90(x, k, axes=(-3, -2)),
        exact=True,
        needs_rank=k % 2 == 1,
    )


# Colours ------------------------------------------------------------------------------------------


def each_color(function: Callable[[float, float, float], Any], x: np.ndarray) -> np.ndarray:
    """A function of three numbers, of one colour after another."""
    return np.array([function(*color) for color in x.reshape(-1, 3)]).reshape(x.shape)


def hues(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Colours whose hues lie between the corners of the colour hexagon."""
    x = generator.uniform(0.1, 0.9, shape)
    x[..., 0] = (generator.integers(0, 6, shape[:-1]) + x[..., 0]) / 6
    return x.astype(dtype)


def with_hue(delta: float) -> Callable[[float, float, float], Any]:
    def function(r: float, g: float, b: float) -> Any:
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        return colorsys.hsv_to_rgb((h + delta) % 1.0, s, v)

    return function


def with_saturation(factor: float) -> Callable[[float, float, float], Any]:
    def function(r: float, g: float, b: float) -> Any:
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        return colorsys.hsv_to_rgb(h, min(s * factor, 1.0), v)

    return function


def contrast(x: np.ndarray, factor: float) -> np.ndarray:
    result = np.empty(x.shape)
    for place in np.ndindex(*x.shape[:-3], x.shape[-1]):
        plane = (*place[:-1], slice(None), slice(None), place[-1])
        result[plane] = np.mean(x[plane]) + factor * (x[plane] - np.mean(x[plane]))
    return result


def rounded_down(x: np.ndarray) -> np.ndarray:
    """Floats in 0..1 as bytes: 256 levels, equally wide but for the last half of one."""
    return np.clip(np.floor(x * 255.5), 0, 255).astype(np.uint8)


def converted(name: str, dtype: str, given: str, high: float, oracle: Any, **more: Any) -> Case:
    x = Input("nh", given, low=-50 if given.startswith("int") else 0, high=high)
    if given == "float":
        x = Input("nh", "float64", low=0.001, high=high)
    saturate = more.pop("saturate", False)
    return case(
        f"convert_image_dtype {name}",
        "Cast",
        lambda x: image.convert_image_dtype(x, dtype, saturate),
        x,
        oracle,
        gradient=False,
        **more,
    )


# Likeness -----------------------------------------------------------------------------------------


def similarity(x: np.ndarray, y: np.ndarray, size: int, sigma: float, most: float) -> np.ndarray:
    """One pixel's window after another, its moments computed around their means."""
    axis = np.exp(-(((np.arange(size) - (size - 1) / 2) / sigma) ** 2) / 2)
    window = np.outer(axis, axis) / axis.sum() ** 2
    c1, c2 = (0.01 * most) ** 2, (0.03 * most) ** 2
    values = []
    for row, column, c in np.ndindex(x.shape[0] - size + 1, x.shape[1] - size + 1, x.shape[2]):
        place = slice(row, row + size), slice(column, column + size), c
        a, b = x[place], y[place]
        ma, mb = (window * a).sum(), (window * b).sum()
        va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
        cov = (window * (a - ma) * (b - mb)).sum()
        luminance = (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)
        values.append(luminance * (2 * cov + c2) / (va + vb + c2))
    return np.mean(values)


def slopes(x: np.ndarray) -> np.ndarray:
    """SciPy's Sobel filter of each plane, mirrored at the edge pixels' centres."""
    result = np.empty((*x.shape, 2))
    for b, c in np.ndindex(x.shape[0], x.shape[-1]):
        for axis in (0, 1):
            result[b, :, :, c, axis] = sobel(x[b, :, :, c], axis, mode="mirror")
    return result


def neighbours(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    down, right = np.array([[[[0.0]], [[-1.0]], [[1.0]]]]), np.array([[[[0.0], [-1.0], [1.0]]]])
    return tuple(correlate(x, mask, mode="nearest") for mask in (down, right))  # type: ignore[return-value]


# Boxes --------------------------------------------------------------------------------------------


def sampled(
    x: np.ndarray,
    boxes: np.ndarray,
    indices: np.ndarray,
    size: tuple[int, int],
    order: int,
    outside: float,
) -> np.ndarray:
    """SciPy's interpolation at the places of each box."""
    result = np.empty((len(boxes), *size, x.shape[-1]))
    for number, ((y1, x1, y2, x2), index) in enumerate(zip(boxes, indices, strict=True)):
        rows, columns = (
            (np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])) * last
            for low, high, count, last in (
                (y1, y2, size[0], x.shape[1] - 1),
                (x1, x2, size[1], x.shape[2] - 1),
            )
        )
        places = np.meshgrid(rows, columns, indexing="ij")
        is_out = np.zeros(size, bool)
        for place, last in zip(places, (x.shape[1] - 1, x.shape[2] - 1), strict=True):
            is_out |= (place < 0) | (place > last)
        for c in range(x.shape[-1]):
            plane = map_coordinates(x[index, :, :, c], places, order=order, mode="nearest")
            result[number, :, :, c] = np.where(is_out, outside, plane)
    return result


def boxes_row(size: tuple[int, int], method: str, outside: float, **more: Any) -> Case:
    order = 1 if method == "bilinear" else 0
    index = Input("p", "int32", values=lambda rng, n, dtype: rng.integers(0, 2, n).astype(dtype))
    return case(
        f"crop_and_resize {size} {method}",
        "Gather",
        lambda x, boxes, indices: image.crop_and_resize(x, boxes, indices, size, method, outside),
        (Input((2, "h", "w", "c")), Input(("p", 4), low=-0.1, high=1.1), index),
        lambda x, boxes, indices: sampled(x, boxes, indices, size, order, outside),
        **more,
    )


def best(
    boxes: np.ndarray, scores: np.ndarray, limit: int, overlap: float, least: float
) -> np.ndarray:
    """Box by box in the order of scores, each against all that were kept."""

    def area(box: Any) -> float:
        return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)

    ordered = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in boxes]
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        is_alone = True
        for j in kept:
            a, b = ordered[i], ordered[j]
            common = area((*np.maximum(a, b)[:2], *np.minimum(a, b)[2:]))
            union = area(a) + area(b) - common
            is_alone = is_alone and not (union > 0 and common / union > overlap)
        if is_alone and scores[i] > least and len(kept) < limit:
            kept.append(i)
    return np.array(kept, np.int32)


def suppression(name: str, limit: int, overlap: float, least: float, **more: Any) -> Case:
    return case(
        name,
        "NonMaxSuppression",
        lambda boxes, scores: image.non_max_suppression(boxes, scores, limit, overlap, least),
        (Input(("k", 4), low=0.0), Input("k", distinct=True)),
        lambda boxes, scores: best(boxes, scores, limit, overlap, least),
        sizes={"k": (1, 12)},
        gradient=False,
        data_sizes=True,
        **more,
    )


# `order=1`: long compositions of ops whose own rows go further.
CASES = (
    case(
        "flip_left_right", "Reverse", image.flip_left_right, IMAGES, lambda x: x[:, :, ::-1],
        exact=True,
    ),
    case("flip_up_down", "Reverse", image.flip_up_down, Input("hwc"), np.flipud, exact=True),
    *(turn(k) for k in (-1, 0, 1, 2, 3)),
    turn(5, "hwc"),
    case(
        "transpose_image", "Transpose", image.transpose_image, IMAGES,
        lambda x: np.einsum("nhwc->nwhc", x), exact=True, needs_rank=True,
    ),
    case(
        "rgb_to_grayscale", "Split", image.rgb_to_grayscale, COLORS,
        lambda x: x @ [[0.2989], [0.587], [0.114]],
    ),
    case(
        "rgb_to_grayscale of bytes", "Split", image.rgb_to_grayscale, BYTES,
        lambda x: rounded_down((x / 255) @ [[0.2989], [0.587], [0.114]]), gradient=False,
    ),
    case(
        "grayscale_to_rgb", "Concat", image.grayscale_to_rgb, Input(("n", "h", 1)),
        lambda x: np.broadcast_to(x, (*x.shape[:-1], 3)), exact=True,
    ),
    case(
        "rgb_to_hsv", "Where", image.rgb_to_hsv, COLORS,
        lambda x: each_color(colorsys.rgb_to_hsv, x),
    ),
    case(
        "hsv_to_rgb", "Floormod", image.hsv_to_rgb, Input(("n", "p", 3), values=hues),
        lambda x: each_color(colorsys.hsv_to_rgb, x),
    ),
    case(
        "adjust_hue", "Floormod", lambda x: image.adjust_hue(x, -0.37), COLORS,
        lambda x: each_color(with_hue(-0.37), x), order=1,
    ),
    case(
        "adjust_saturation", "Floormod", lambda x: image.adjust_saturation(x, 0.7), COLORS,
        lambda x: each_color(with_saturation(0.7), x), order=1,
    ),
    case(
        "adjust_brightness", "Add", image.adjust_brightness, (IMAGES, Input()),
        lambda x, delta: x + delta,
    ),
    case(
        "adjust_brightness of bytes", "Cast", lambda x: image.adjust_brightness(x, -0.25), BYTES,
        lambda x: rounded_down(x / 255 - 0.25), gradient=False,
    ),
    case(
        "adjust_contrast", "ReduceMean", lambda x: image.adjust_contrast(x, 1.7), IMAGES,
        lambda x: contrast(x, 1.7),
    ),
    case(
        "adjust_gamma", "Pow", lambda x: image.adjust_gamma(x, 2.2, 0.9),
        Input("nh", low=0.1, high=1.0), lambda x: 0.9 * np.exp(2.2 * np.log(x)),
    ),
    converted("bytes to floats", "float32", "uint8", 255, lambda x: x / 255),
    converted("floats to bytes", "uint8", "float", 0.999, rounded_down),
    converted("floats to bytes at their ends", "uint8", "float", 3, rounded_down, saturate=True),
    converted("floats to int32", "int32", "float", 3, lambda x: np.where(
        x >= 1, 2**31 - 1, np.floor(x * (2**31 - 0.5))).astype(np.int32), saturate=True),
    converted("bytes to shorts", "int16", "uint8", 255, lambda x: x.astype(np.int16) << 7),
    converted("shorts to bytes", "uint8", "uint16", 65535, lambda x: (x >> 8).astype(np.uint8)),
    converted("signed to bytes", "uint8", "int32", 2**31 - 1, lambda x: np.maximum(
        x >> 23, 0).astype(np.uint8), saturate=True),
    converted("signed to wider", "int64", "int16", 32767, lambda x: np.maximum(
        x, 0).astype(np.int64) << 48, saturate=True),
    case(
        "convert_image_dtype between floats", "Cast",
        lambda x: image.convert_image_dtype(x, "float32"), Input("nh", "float64"), lambda x: x,
    ),
    case(
        "per_image_standardization", "Maximum", image.per_image_standardization, IMAGES,
        lambda x: np.stack([(y - y.mean()) / max(y.std(), y.size**-0.5) for y in x]), rtol=10,
    ),
    case(
        "total_variation", "Abs", image.total_variation, Input("nhwc", distinct=True),
        lambda x: np.array([
            np.abs(np.diff(y, axis=0)).sum() + np.abs(np.diff(y, axis=1)).sum() for y in x
        ]), rtol=10,
    ),
    case("image_gradients", "Concat", image.image_gradients, IMAGES, neighbours),
    case("sobel_edges", "Stack", image.sobel_edges, IMAGES, slopes),
    case(
        "psnr", "Log", lambda a, b: image.psnr(a, b, 2.0), (IMAGES, IMAGES),
        lambda a, b: np.array([
            10 * np.log10(4 / np.mean((x - y) ** 2)) for x, y in zip(a, b, strict=True)
        ]),
    ),
    case(
        "ssim", "Convolution", lambda a, b: image.ssim(a, b, 6.0, 3, 1.2),
        (Input("hwc"), Input("hwc")), lambda a, b: similarity(a, b, 3, 1.2, 6.0),
        sizes={"h": (3, 5), "w": (3, 4), "c": (1, 2)},
    ),
    case(
        "ssim of a batch", "Convolution", lambda a, b: image.ssim(a, b, 6.0, 2),
        (IMAGES, IMAGES),
        lambda a, b: np.array([similarity(x, y, 2, 1.5, 6.0) for x, y in zip(a, b, strict=True)]),
        order=1,
    ),
    boxes_row((3, 2), "bilinear", 0.0),
    boxes_row((1, 4), "bilinear", -2.0, order=1),
    boxes_row((2, 3), "nearest", 1.0),
    suppression("non_max_suppression", 20, 0.4, -np.inf, empty="k"),
    suppression("non_max_suppression of the best", 2, 0.1, -np.inf),
    suppression("non_max_suppression above a score", 5, 0.3, 0.5),
    case(
        "non_max_suppression up to a number", "NonMaxSuppression",
        lambda boxes, scores, limit: apply(NonMaxSuppression(0.5, -1.0), boxes, scores, limit),
        (Input(("k", 4), low=0.0), Input("k", distinct=True), Input((), "int32", low=0)),
        lambda boxes, scores, limit: best(boxes, scores, int(limit), 0.5, -1.0),
        sizes={"k": (1, 12)}, gradient=False, data_sizes=True,
    ),
)  # fmt: skip

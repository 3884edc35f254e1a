"""Rows of the ops in `core/ops/image/resize.py` and `crop.py`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates

from thalweg.core import Tensor, apply, convert, image
from thalweg.core.ops.image.crop import Frame
from thalweg.core.ops.image.resize import ResizeMatrix
from thalweg.core.types import float64

from .case import Case, Input

IMAGES = Input("nhwc")
SIZES = {"n": (1, 2), "h": (1, 6), "w": (1, 6), "c": (1, 2)}
CENTRE: dict[str, Callable[[int, int, int], Fraction]] = {
    "half_pixel": lambda i, new, old: Fraction((2 * i + 1) * old, 2 * new) - Fraction(1, 2),
    "align_corners": lambda i, new, old: Fraction(i * (old - 1), max(new - 1, 1)),
    "asymmetric": lambda i, new, old: Fraction(i * old, new),
}


def on_rows_and_columns(
    x: np.ndarray, size: tuple[int, int], one_axis: Callable[[np.ndarray, int], np.ndarray]
) -> np.ndarray:
    """A function of vectors, applied to each column and then to each row."""
    for axis, new in zip((-3, -2), size, strict=True):
        x = np.apply_along_axis(one_axis, axis, x, new)
    return x


def bilinear(x: np.ndarray, size: tuple[int, int], coordinates: str) -> np.ndarray:
    """SciPy's linear interpolation between the pixels, the outermost ones continued."""
    rows, columns = (
        [float(CENTRE[coordinates](i, new, old)) for i in range(new)]
        for new, old in zip(size, x.shape[-3:-1], strict=True)
    )
    places = np.meshgrid(rows, columns, indexing="ij")
    result = np.empty((*x.shape[:-3], *size, x.shape[-1]))
    for place in np.ndindex(*x.shape[:-3], x.shape[-1]):
        plane = (*place[:-1], slice(None), slice(None), place[-1])
        result[plane] = map_coordinates(x[plane], places, order=1, mode="nearest")
    return result


def nearest(x: np.ndarray, size: tuple[int, int], coordinates: str) -> np.ndarray:
    """In fractions: halves go up, and a pixel's centre is its middle."""

    for axis, new in zip((-3, -2), size, strict=True):
        places = [CENTRE[coordinates](i, new, x.shape[axis]) for i in range(new)]
        if coordinates != "asymmetric":
            places = [place + Fraction(1, 2) for place in places]
        x = np.take(x, [int(place // 1) for place in places], axis=axis)
    return x


def area(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each pixel repeated as often as there are new ones; then means of as many as there were."""
    return on_rows_and_columns(
        x, size, lambda values, new: np.repeat(values, new).reshape(new, -1).mean(axis=1)
    )


def keys(d: float, a: float = -0.5) -> float:
    """Keys' cubic by its two polynomials."""
    if d < 1:
        return float(np.polyval([a + 2, -(a + 3), 0, 1], d))
    return float(np.polyval([a, -5 * a, 8 * a, -4 * a], d)) if d < 2 else 0.0


def mitchell(d: float) -> float:
    """With B = C = 1/3."""
    if d < 1:
        return float(np.polyval([7 / 6, -2, 0, 8 / 9], d))
    return float(np.polyval([-7 / 18, 2, -10 / 3, 16 / 9], d)) if d < 2 else 0.0


def lanczos(radius: int) -> Callable[[float], float]:
    return lambda d: float(np.sinc(d) * np.sinc(d / radius)) if d < radius else 0.0


KERNELS: dict[str, Callable[[float], float]] = {
    "bilinear": lambda d: max(0.0, 1 - d),
    "bicubic": keys,
    "mitchellcubic": mitchell,
    "gaussian": lambda d: float(np.exp(-((d / 0.5) ** 2) / 2)) if d < 1.5 else 0.0,
    "lanczos3": lanczos(3),
    "lanczos5": lanczos(5),
}


def by_kernel(x: np.ndarray, size: tuple[int, int], method: str, *, antialias: bool) -> np.ndarray:
    """One output pixel after another: a mean of all pixels, weighted by distance."""

    def weigh(values: np.ndarray, new: int) -> np.ndarray:
        old = len(values)
        stretch = max(old / new, 1.0) if antialias else 1.0
        result = []
        for i in range(new):
            centre = float(CENTRE["half_pixel"](i, new, old))
            weights = [KERNELS[method](abs(j - centre) / stretch) for j in range(old)]
            result.append(np.average(values, weights=weights))
        return np.array(result)

    return on_rows_and_columns(x, size, weigh)


def cubic_of_tensorflow_1(x: np.ndarray, size: tuple[int, int], coordinates: str) -> np.ndarray:
    """Four taps with a = -0.75, their places held within the image."""

    def weigh(values: np.ndarray, new: int) -> np.ndarray:
        old = len(values)
        result = []
        for i in range(new):
            centre = CENTRE[coordinates](i, new, old)
            first = int(centre // 1) - 1
            taps = [(keys(abs(float(centre - j)), -0.75), j) for j in range(first, first + 4)]
            result.append(sum(w * values[min(max(j, 0), old - 1)] for w, j in taps))
        return np.array(result)

    return on_rows_and_columns(x, size, weigh)


def resized(
    size: tuple[int, int], method: str, oracle: Any, x: Input = IMAGES, **more: Any
) -> Case:
    """A row; what is not an argument of `resize` is one of `Case`."""
    options = {k: more.pop(k) for k in ("coordinates", "antialias") if k in more}
    text = " ".join(str(value) for value in options.values())
    return Case(
        f"resize {method} {size} {text} {x.dtype}",
        ("Gather",) if method == "nearest" else ("ResizeMatrix", "MatMul"),
        lambda x: image.resize(x, size, method, **options),
        (x,),
        lambda x: oracle(x, size),
        **{"sizes": SIZES, **more},
    )


def kernel_row(method: str, size: tuple[int, int], *, antialias: bool) -> Case:
    return resized(
        size,
        method,
        lambda x, size: by_kernel(x, size, method, antialias=antialias),
        antialias=antialias,
    )


def matrix_of_cubic() -> Case:
    """The op by itself; a matrix has no gradient."""

    def oracle(sizes: np.ndarray) -> np.ndarray:
        new, old = sizes.tolist()
        unit = np.eye(old).reshape(1, old, 1, old)
        return by_kernel(unit, (new, 1), "bicubic", antialias=True)[0, :, 0]

    return Case(
        "weights of resize",
        ("ResizeMatrix",),
        lambda sizes: apply(ResizeMatrix("bicubic", "half_pixel", True, float64), convert(sizes)),
        (Input((2,), "int32", values=lambda _, shape, dtype: np.array([3, 7], dtype), host=True),),
        oracle,
        gradient=False,
    )


# Frames -------------------------------------------------------------------------------------------


def within(x: np.ndarray, offsets: Any, sizes: Any) -> np.ndarray:
    """Element by element, with 0 outside."""
    result = np.zeros((*x.shape[:-3], *sizes, x.shape[-1]), x.dtype)
    for row, column in np.ndindex(*sizes):
        place = row + offsets[0], column + offsets[1]
        if 0 <= place[0] < x.shape[-3] and 0 <= place[1] < x.shape[-2]:
            result[..., row, column, :] = x[..., place[0], place[1], :]
    return result


def vector(*values: int, host: bool = False) -> Input:
    return Input(
        (len(values),), "int32", values=lambda _, n, dtype: np.array(values, dtype), host=host
    )


def frame(
    name: str, op: Frame, x: Input, offsets: tuple[int, ...], sizes: tuple[int, ...], oracle: Any
) -> Case:
    def function(x: Tensor, offsets: Tensor, sizes: Any) -> Tensor:
        return apply(op, x, offsets, convert(sizes))

    return Case(
        name, ("Frame",), function, (x, vector(*offsets), vector(*sizes, host=True)), oracle,
        sizes={"n": (1, 2), "c": (1, 2)}, empty="nc", exact=True,
    )  # fmt: skip


def crop_or_pad(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """First cut by slices, then padded by NumPy."""
    spare = x.shape[-3] - height, x.shape[-2] - width
    top, left = (max(n, 0) // 2 for n in spare)
    x = x[..., top : top + height, left : left + width, :]
    pads = [(max(-n, 0) // 2, max(-n, 0) - max(-n, 0) // 2) for n in spare]
    return np.pad(x, [(0, 0)] * (x.ndim - 3) + [*pads, (0, 0)])


def central(x: np.ndarray, fraction: float) -> np.ndarray:
    top, left = (int((n - n * fraction) / 2) for n in x.shape[-3:-1])
    return x[..., top : x.shape[-3] - top, left : x.shape[-2] - left, :]


TALL = {**SIZES, "h": (3, 6), "w": (4, 6)}

CASES = (
    *(
        resized(
            size, "bilinear", lambda x, s, c=c: bilinear(x, s, c), coordinates=c,
            empty="nc" if c == "half_pixel" and size == (3, 4) else "",
        )
        for c in CENTRE
        for size in ((3, 4), (8, 1))
    ),
    *(
        resized(
            size, "nearest", lambda x, s, c=c: nearest(x, s, c), coordinates=c, exact=True,
            empty="nc" if size == (7, 5) else "",
        )
        for c in CENTRE
        for size in ((2, 3), (7, 5))
    ),
    resized(
        (3, 9), "nearest", lambda x, s: nearest(x, s, "half_pixel"),
        Input("hwc", "uint8", high=200), exact=True, gradient=False,
    ),
    resized((3, 4), "area", area),
    resized((7, 2), "area", area, Input("hwc")),
    resized((2, 5), "area", area, Input("hwc", "int32", high=200), gradient=False, rtol=10),
    kernel_row("bilinear", (2, 3), antialias=True),
    kernel_row("bicubic", (2, 7), antialias=False),
    kernel_row("bicubic", (2, 3), antialias=True),
    kernel_row("lanczos3", (2, 7), antialias=True),
    kernel_row("lanczos5", (3, 8), antialias=False),
    kernel_row("gaussian", (2, 7), antialias=True),
    kernel_row("mitchellcubic", (2, 7), antialias=True),
    *(
        resized(
            size, "bicubic", lambda x, s, c=c: cubic_of_tensorflow_1(x, s, c), coordinates=c
        )
        for c in ("align_corners", "asymmetric")
        for size in ((2, 3), (7, 9))
    ),
    matrix_of_cubic(),
    Case(
        "resize within a size",
        ("ResizeMatrix",),
        lambda x: image.resize(x, [8, 6], preserve_aspect_ratio=True),
        (Input(("n", 2, 3, "c")),),
        lambda x: bilinear(x, (4, 6), "half_pixel"),
        sizes=SIZES,
    ),
    frame(
        "frame of a part", Frame(1, "crop"), Input(("n", 4, 5, "c")), (1, 2), (3, 2), within
    ),
    frame("frame around", Frame(1, "pad"), Input(("n", 2, 3, "c")), (-1, 0), (4, 3), within),
    frame("frame across", Frame(1, "any"), Input(("n", 4, 3, "c")), (2, -1), (3, 3), within),
    frame("frame aside", Frame(1, "any"), Input(("n", 2, 2, "c")), (2, 0), (2, 2), within),
    frame(
        "frame of all axes", Frame(0, "crop"), Input((3, 4, 5)), (0, 2, 1), (2, 2, 4),
        lambda x, offsets, sizes: x[0:2, 2:4, 1:5],
    ),
    Case(
        "crop_to_bounding_box",
        ("Frame",),
        lambda x: image.crop_to_bounding_box(x, 1, 2, 2, 1),
        (IMAGES,),
        lambda x: x[:, 1:3, 2:3],
        sizes=TALL,
        exact=True,
    ),
    Case(
        "pad_to_bounding_box",
        ("Frame",),
        lambda x: image.pad_to_bounding_box(x, 1, 2, 8, 8),
        (Input("hwc"),),
        lambda x: np.pad(x, [(1, 7 - x.shape[0]), (2, 6 - x.shape[1]), (0, 0)]),
        sizes=TALL,
        exact=True,
    ),
    *(
        Case(
            f"resize_with_crop_or_pad {height} {width}",
            ("Frame",),
            lambda x, h=height, w=width: image.resize_with_crop_or_pad(x, h, w),
            (IMAGES,),
            lambda x, h=height, w=width: crop_or_pad(x, h, w),
            sizes=SIZES,
            exact=True,
        )
        for height, width in ((3, 4), (2, 7), (8, 1))
    ),
    *(
        Case(
            f"central_crop {fraction}",
            ("Frame",),
            lambda x, f=fraction: image.central_crop(x, f),
            (IMAGES,),
            lambda x, f=fraction: central(x, f),
            sizes=SIZES,
            exact=True,
        )
        for fraction in (0.5, 0.75, 1.0)
    ),
)  # fmt: skip

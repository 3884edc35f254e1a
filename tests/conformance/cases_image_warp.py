"""Rows of the ops in `core/ops/image/warp.py` and `blur.py`: SciPy is the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from thalweg.core import Tensor, apply, convert, image
from thalweg.core.ops.image.blur import BlurMatrix

from .case import Case, Input

SIZES = {"n": (1, 3), "m": (1, 1), "h": (1, 6), "w": (1, 6), "c": (1, 6)}
FILL_MODES = ("constant", "nearest", "reflect", "mirror", "wrap", "grid-constant", "grid-wrap")
SIZE = (5, 4)


def coefficients(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Maps that look beyond all edges, with some perspective."""
    drawn = rng.uniform(-1.5, 1.5, shape)
    drawn[:, [2, 5]] *= 4
    drawn[:, 6:] *= 0.05
    return drawn.astype(dtype)


MAPS = Input(("n", 8), values=coefficients, gradient=False)
ONE_MAP = Input(("m", 8), values=coefficients, gradient=False)
FIELDS = Input(("n", *SIZE, 2), gradient=False)
IMAGES = Input("nhwc")
BYTES = Input("nhwc", "uint8", low=0, high=255.99)


def seen(
    x: np.ndarray,
    maps: np.ndarray,
    field: np.ndarray | None = None,
    size: tuple[int, int] = SIZE,
    mode: str = "constant",
    order: int = 1,
    fill: Any = 0.0,
) -> np.ndarray:
    """SciPy's interpolation, image by image and channel by channel, by matrices of 3 x 3."""
    rows, columns = np.indices(size)
    points = np.stack([columns, rows, np.ones(size)]).reshape(3, -1)
    result = np.empty((len(x), *size, x.shape[-1]))
    for n, picture in enumerate(x):
        matrix = np.append(maps[n % len(maps)].astype(np.float64), 1.0).reshape(3, 3)
        along, down, depth = matrix @ points
        places = np.stack([down / depth, along / depth]).reshape(2, *size)
        if field is not None:
            places = places + np.moveaxis(field[n % len(field)].astype(np.float64), -1, 0)
        outside = np.ravel(fill)[n % np.size(fill)]
        for c in range(x.shape[-1]):
            plane = picture[..., c].astype(np.float64)
            result[n, ..., c] = map_coordinates(
                plane, places, order=order, mode=mode, cval=float(outside)
            )
    return result


def row(mode: str, interpolation: str) -> Case:
    order = 1 if interpolation == "bilinear" else 0

    def function(x: Tensor, maps: Tensor, field: Tensor) -> Tensor:
        return image.warp(x, maps, SIZE, field, mode, -2.5, interpolation)

    return Case(
        f"warp {mode} {interpolation}",
        ("Warp", "WarpGrad"),
        function,
        (IMAGES, MAPS, FIELDS),
        lambda x, maps, field: seen(x, maps, field, mode=mode, order=order, fill=-2.5),
        sizes=SIZES,
        empty="nc",
    )


def blurred(x: np.ndarray, sigma: Any, mode: str, **options: Any) -> np.ndarray:
    """Each plane by itself."""
    result = np.empty_like(x)
    for n in np.ndindex(*x.shape[:-3], x.shape[-1]):
        plane = (*n[:-1], slice(None), slice(None), n[-1])
        result[plane] = gaussian_filter(x[plane], sigma, mode=mode, **options)
    return result


def blur_row(sigma: Any, mode: str, **options: Any) -> Case:
    return Case(
        f"gaussian_blur {sigma} {mode}",
        ("GaussianBlur",) if mode == "constant" else ("GaussianBlur", "BlurMatrix", "MatMul"),
        lambda x: image.gaussian_blur(x, sigma, mode=mode, **options),
        (IMAGES,),
        lambda x: blurred(x, sigma, mode, **options),
        sizes=SIZES,
        empty="nc",
    )


CASES = (
    *(row(mode, interpolation) for mode in FILL_MODES for interpolation in ("bilinear", "nearest")),
    Case(
        "warp of bytes",
        ("Warp",),
        lambda x, maps: image.warp(x, maps, fill_mode="mirror"),
        (BYTES, MAPS),
        lambda x, maps: seen(x, maps, size=x.shape[1:3], mode="mirror"),
        gradient=False,
        sizes=SIZES,
    ),
    Case(
        "warp of bytes to bytes",
        ("Warp",),
        lambda x, maps: image.warp(x, maps, SIZE, fill_value=300.0, dtype="uint8"),
        (BYTES, MAPS),
        lambda x, maps: np.clip(np.rint(seen(x, maps, fill=300.0)), 0, 255).astype(np.uint8),
        gradient=False,
        sizes=SIZES,
    ),
    Case(
        "warp of bytes to float64",
        ("Warp", "Cast"),
        lambda x, maps: image.warp(x, maps, SIZE, fill_mode="grid-constant", dtype="float64"),
        (BYTES, MAPS),
        lambda x, maps: seen(x, maps, mode="grid-constant"),
        gradient=False,
        sizes=SIZES,
    ),
    Case(
        "warp of all images by one map",
        ("Warp", "WarpGrad"),
        lambda x, maps, fill: image.warp(x, maps, SIZE, fill_value=fill),
        (IMAGES, ONE_MAP, Input("n", gradient=False)),
        lambda x, maps, fill: seen(x, maps, fill=fill),
        sizes=SIZES,
    ),
    Case(
        "warp by a displacement of all images",
        ("Warp", "WarpGrad"),
        lambda x, field: image.warp(x, [1, 0, 0, 0, 1, 0, 0, 0], None, field, "nearest"),
        (IMAGES, Input(("m", *SIZE, 2), gradient=False)),
        lambda x, field: seen(x, np.eye(3).reshape(1, 9)[:, :8], field, mode="nearest"),
        sizes=SIZES,
    ),
    blur_row(0.8, "reflect"),
    blur_row((1.5, 0), "constant"),
    blur_row((0.4, 2.0), "nearest", truncate=2.5),
    blur_row(1.1, "mirror", radius=4),
    blur_row(1.3, "wrap"),
    Case(
        "gaussian_blur of a width that a run tells",
        ("GaussianBlur", "BlurMatrix"),
        lambda x, width: image.gaussian_blur(x, width, radius=2),
        (IMAGES, Input("", low=0.3, high=2.0, gradient=False)),
        lambda x, width: blurred(x, float(width), "reflect", radius=2),
        sizes=SIZES,
    ),
    Case(
        "weights of gaussian_blur",
        ("BlurMatrix",),
        lambda size, width: apply(BlurMatrix(3, "nearest"), convert(size), width),
        (
            Input((1,), "int32", values=lambda _, shape, dtype: np.array([5], dtype), host=True),
            Input("", low=0.3, high=2.0),
        ),
        lambda size, width: gaussian_filter1d(
            np.eye(int(size[0])), float(width), axis=0, mode="nearest", radius=3
        ),
        gradient=False,
    ),
    Case(
        "elastic_displacement",
        ("GaussianBlur",),
        lambda noise, alpha: image.elastic_displacement(noise, alpha, 1.2),
        (Input(("n", "h", "w", 2), low=-1.0, high=1.0), Input("n", low=1.0, high=40.0)),
        lambda noise, alpha: (
            alpha[:, None, None, None]
            * np.stack(
                [
                    np.stack(
                        [gaussian_filter(p, 1.2, mode="constant") for p in (q[..., 0], q[..., 1])],
                        -1,
                    )
                    for q in noise
                ]
            )
        ),
        sizes=SIZES,
    ),
)

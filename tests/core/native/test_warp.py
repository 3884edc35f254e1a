"""Images picked at other positions: sizes around blocks, edges, precision, NaN, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op
from scipy.ndimage import map_coordinates

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.ops.image.blur import BlurMatrix
from thalweg.core.ops.image.taps import FILL_MODES
from thalweg.core.ops.image.warp import Warp, WarpGrad

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

INTERPOLATIONS = ("bilinear", "nearest")
IDENTITY = np.array([[1, 0, 0, 0, 1, 0, 0, 0]], "float64")
OUTSIDE = -2.5


def pictures(*shape: int, dtype: str = "float32") -> np.ndarray:
    drawn = np.random.default_rng(sum(shape)).uniform(0, 256, shape)
    return np.floor(drawn).astype(dtype)


def turn(size: tuple[int, int], **options: Any) -> np.ndarray:
    return core.image.keras_transforms(size, **options)


def warp(
    x: np.ndarray,
    maps: np.ndarray,
    size: tuple[int, int],
    mode: str = "constant",
    interpolation: str = "bilinear",
    field: np.ndarray | None = None,
    fill: Any = OUTSIDE,
    *,
    is_rounded: bool = False,
) -> np.ndarray:
    op = Warp(mode, interpolation, is_rounded)
    dtype = x.dtype if x.dtype.kind == "f" else np.float32
    fields = () if field is None else (field,)
    maps = np.asarray(maps, "float64")
    return run_op(op, x, maps, np.atleast_1d(fill).astype(dtype), np.array(size), *fields)


def places(maps: np.ndarray, size: tuple[int, int], field: np.ndarray | None) -> np.ndarray:
    """(images, 2, *size): rows and columns of the input, in float64."""
    y, x = np.mgrid[: size[0], : size[1]].astype("float64")
    a = maps.astype("float64")[..., None, None]
    depth = a[:, 6] * x + a[:, 7] * y + 1
    rows = (a[:, 3] * x + a[:, 4] * y + a[:, 5]) / depth
    columns = (a[:, 0] * x + a[:, 1] * y + a[:, 2]) / depth
    found = np.stack([rows, columns], axis=1)
    return found if field is None else found + np.moveaxis(field.astype("float64"), -1, 1)


def expected(
    x: np.ndarray, at: np.ndarray, mode: str = "constant", interpolation: str = "bilinear"
) -> np.ndarray:
    order = INTERPOLATIONS[::-1].index(interpolation)
    return np.stack([
        np.stack([
            map_coordinates(
                picture[..., c].astype("float64"), at[n % len(at)], order=order, mode=mode,
                cval=OUTSIDE,
            )
            for c in range(x.shape[-1])
        ], axis=-1)
        for n, picture in enumerate(x)
    ])  # fmt: skip


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", FILL_MODES)
def test_sizes_around_blocks_and_vectors(mode: str, interpolation: str) -> None:
    for number, (height, width, channels) in enumerate(
        [(1, 1, 1), (1, 9, 3), (8, 1, 3), (2, 2, 4), (7, 5, 2), (16, 17, 1), (5, 6, 5), (3, 9, 18)]
    ):
        x = pictures(2, height, width, channels, dtype=("float32", "uint8", "float64")[number % 3])
        size = (3, (1, 3, 7, 8, 9, 127, 128, 129)[number])
        maps = np.concatenate(
            [
                turn(size, theta=25.0, tx=height / 2, zx=1.3, zy=0.1 * width + 0.05, shear=10.0),
                [[1.27, 0.51, -1.73, -0.13, 0.77, 0.61, 0.001, -0.003]],
            ]
        )
        at = places(maps, size, None)
        result = warp(x, maps, size, mode, interpolation)
        assert_near(result, expected(x, at, mode, interpolation), 1e-6)


@pytest.mark.parametrize("mode", FILL_MODES)
def test_displacements(mode: str) -> None:
    x = pictures(2, 9, 11, 3, dtype="uint8")
    for entries, dtype in ((1, "float32"), (2, "float64")):
        field = np.random.default_rng(7).normal(0, 6, (entries, 10, 133, 2)).astype(dtype)
        result = warp(x, IDENTITY, (10, 133), mode, field=field)
        at = places(IDENTITY, (10, 133), field)
        assert_near(result, expected(x, at, mode), 1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_bytes_are_rounded_and_held(channels: int) -> None:
    x = pictures(1, 12, 13, channels, dtype="uint8")
    maps = turn((12, 13), theta=11.0)
    exact = expected(x, places(maps, (12, 13), None), "reflect")
    result = warp(x, maps, (12, 13), "reflect", is_rounded=True)
    np.testing.assert_array_equal(result, np.rint(exact).astype("uint8"), strict=True)
    halves = np.array([[[[0], [1], [2], [255]]]], "uint8").repeat(channels, -1)
    shifted = warp(halves, np.array([[1, 0, 0.5, 0, 1, 0, 0, 0]]), (1, 3), is_rounded=True)
    assert shifted[0, 0, :, 0].tolist() == [0, 2, 128]  # 0.5, 1.5 and 128.5
    far = np.array([[1, 0, 9, 0, 1, 0, 0, 0]])
    for fill, held in ((300.0, 255), (-3.0, 0), (1e30, 255), (77.5, 78)):
        assert (warp(halves, far, (1, 3), fill=fill, is_rounded=True) == held).all()


@pytest.mark.parametrize(("size", "limit"), [((224, 224), 2e-7), ((1000, 999), 2e-7)])
def test_large_pictures(size: tuple[int, int], limit: float) -> None:
    x = np.random.default_rng(0).integers(0, 256, (1, *size, 1)).astype("uint8")
    maps = turn(size, theta=37.0, tx=-12.3, ty=40.1, shear=-7.0, zx=0.9, zy=1.2)
    at = places(maps, size, None)
    result = warp(x, maps, size, "mirror")
    assert_near(result, expected(x, at, "mirror"), limit)


@pytest.mark.parametrize("mode", FILL_MODES)
def test_positions_far_outside(mode: str) -> None:
    x = pictures(1, 5, 7, 3)
    shifts = np.array([[1e6 + 0.3, -1e6 - 0.2], [-123456.7, 9.9e5], [2.1e9, -3.3e9]])
    for dy, dx in shifts:
        maps = np.array([[1, 0, dx, 0, 1, dy, 0, 0]])
        exact = expected(x, places(maps, (5, 7), None), mode)
        assert_near(warp(x, maps, (5, 7), mode), exact, 1e-5)
    for size in (1e16, -1e18, 1e300):  # beyond whole numbers: some pixel, but no other memory
        result = warp(x, np.array([[1, 0, size, 0, 1, -size, 0, 0]]), (5, 7), mode)
        assert np.isfinite(result).all()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", FILL_MODES)
def test_positions_that_are_none(mode: str, interpolation: str) -> None:
    x = pictures(1, 4, 5, 3)
    field = np.zeros((1, 4, 5, 2), "float32")
    field[0, 0, 1, 0], field[0, 2, 3, 1], field[0, 3, 0] = np.nan, np.inf, -np.inf
    is_none = ~np.isfinite(field[0]).all(-1)
    result = warp(x, IDENTITY, (4, 5), mode, interpolation, field)
    np.testing.assert_array_equal(result[0], np.where(is_none[..., None], OUTSIDE, x[0]))
    horizon = np.array([[1, 0, 0, 0, 1, 0, -0.5, 0]])  # infinite in column 2
    result = warp(x, horizon, (4, 5), mode, interpolation)
    assert (result[0, :, 2] == OUTSIDE).all() and (result[0, :, 0] == x[0, :, 0]).all()
    bad = np.array([[1, 0, np.nan, 0, 1, 0, 0, 0]])
    assert (warp(x, bad, (4, 5), mode, interpolation) == OUTSIDE).all()


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
@pytest.mark.parametrize("mode", FILL_MODES)
def test_what_has_no_weight_does_not_count(mode: str, channels: int) -> None:
    x = pictures(1, 6, 6, channels)
    x[0, 2, 3] = np.nan
    x[0, 5, 5] = np.inf
    for maps in (IDENTITY, np.array([[1.0, 0, 0, 0, 1, 0.5, 0, 0]])):
        at = places(maps, (6, 6), None)
        result = warp(x, maps, (6, 6), mode, fill=1.0)
        with np.errstate(invalid="ignore"):
            reference = Warp(mode, "bilinear", False).compute(
                np, x, maps, np.ones(1, "float32"), np.array([6, 6])
            )
        np.testing.assert_allclose(result, reference, rtol=1e-6)
        assert np.isnan(result).sum() == channels * (1 + (at[0, 0, 0, 0] > 0))


def test_whole_maps_copy() -> None:
    """Shifts, mirrors and quarter turns are exact, and do not lose an edge by rounding."""
    x = pictures(1, 40, 40, 3, dtype="float32")
    for mode in FILL_MODES:
        for interpolation in INTERPOLATIONS:
            for name, maps, exact in (
                ("identity", IDENTITY, x),
                ("mirror", core.image.flip_transforms((40, 40), horizontal=True), x[:, :, ::-1]),
                ("quarter", turn((40, 40), theta=90.0), np.rot90(x, -1, (1, 2))),
                ("half", turn((40, 40), theta=180.0), x[:, ::-1, ::-1]),
            ):
                result = warp(x, maps, (40, 40), mode, interpolation)
                error = np.abs(result - exact).max()
                assert error <= 1e-4, (mode, interpolation, name)
    shift = np.array([[1, 0, 3, 0, 1, -2, 0, 0]])
    result = warp(x, shift, (40, 40))
    np.testing.assert_array_equal(result[:, 2:, :-3], x[:, :-2, 3:])
    assert (result[:, :2] == OUTSIDE).all() and (result[:, :, -3:] == OUTSIDE).all()


def test_bits_do_not_depend_on_the_place_in_a_batch() -> None:
    """Near the end of memory, pixels are read in another way."""
    for dtype in ("uint8", "float32"):
        for channels in (1, 2, 3, 4):
            x = pictures(1, 8, 9, channels, dtype=dtype).repeat(3, 0)
            maps = turn((8, 9), theta=3.0, zx=0.9, zy=0.9)
            for mode in ("reflect", "grid-wrap"):
                result = warp(x, maps, (8, 9), mode)
                np.testing.assert_array_equal(result[0], result[2])


def test_a_fill_value_and_a_map_for_each() -> None:
    x = pictures(3, 4, 4, 2)
    maps = IDENTITY + np.array([0, 0, 1, 0, 0, 0, 0, 0]) * np.array([[-9], [0], [9]])
    result = warp(x, maps, (4, 4), fill=[1.0, 2.0, 3.0])
    assert (result[0] == 1).all() and (result[2] == 3).all()
    np.testing.assert_array_equal(result[1], x[1])


def test_empty_batches_and_results() -> None:
    assert warp(pictures(0, 4, 4, 3), IDENTITY, (2, 2)).shape == (0, 2, 2, 3)
    assert warp(pictures(2, 4, 4, 0), IDENTITY, (2, 2)).shape == (2, 2, 2, 0)
    assert warp(pictures(2, 4, 4, 3), IDENTITY, (0, 2)).shape == (2, 0, 2, 3)
    op = WarpGrad("nearest", "bilinear")
    gradient = run_op(op, pictures(2, 0, 2, 3), IDENTITY, np.array([2, 4, 4, 3]))
    np.testing.assert_array_equal(gradient, np.zeros((2, 4, 4, 3), "float32"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", FILL_MODES)
def test_the_gradient_is_the_transpose(mode: str, interpolation: str, dtype: str) -> None:
    """<warp(x), g> = <x, gradient(g)> for all x and g, with nothing outside."""
    rng = np.random.default_rng(3)
    for height, width, channels in ((5, 7, 3), (1, 4, 1), (6, 1, 5)):
        x = rng.normal(size=(2, height, width, channels)).astype(dtype)
        g = rng.normal(size=(2, 6, 131, channels)).astype(dtype)
        maps = turn((height, width), theta=[30.0, -140.0], zy=0.2, tx=1.3)
        field = rng.normal(size=(2, 6, 131, 2)).astype(dtype)
        seen = warp(x, maps, (6, 131), mode, interpolation, field, fill=0.0)
        op = WarpGrad(mode, interpolation)
        back = run_op(op, g, maps, np.array(x.shape), field)
        left, right = np.vdot(seen.astype("float64"), g), np.vdot(x.astype("float64"), back)
        scale = np.abs(seen * g).sum()
        assert abs(left - right) <= (1e-6 if dtype == "float32" else 1e-14) * scale


def test_threads() -> None:
    x = pictures(5, 60, 70, 3, dtype="uint8")
    maps = turn((60, 70), theta=[1.0, 40.0, 80.0, 200.0, 300.0])
    field = np.random.default_rng(1).normal(size=(5, 90, 150, 2)).astype("float32")
    assert_same_on_any_threads(lambda: warp(x, maps, (90, 150), "mirror", field=field))
    g, op = pictures(5, 90, 150, 3), WarpGrad("mirror", "bilinear")
    shape = np.array([5, 60, 70, 3])
    assert_same_on_any_threads(lambda: run_op(op, g, maps, shape, field))


@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap"])
def test_windows(mode: str) -> None:
    for size, radius, sigma in ((1, 3, 1.0), (7, 2, 0.5), (5, 9, 3.0), (200, 80, 20.0)):
        op = BlurMatrix(radius, mode)
        exact = op.compute(np, np.array([size]), np.array(sigma))
        for dtype, limit in (("float32", 1e-6), ("float64", 1e-14)):
            assert_near(run_op(op, np.array([size]), np.array(sigma, dtype)), exact, limit)
    still = run_op(BlurMatrix(2, mode), np.array([4]), np.array(0.0, "float32"))
    np.testing.assert_array_equal(still, np.eye(4, dtype="float32"))

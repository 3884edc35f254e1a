"""Maps, their order and conventions, dtypes, sizes and errors of `warp` and `gaussian_blur`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    constant,
    gradients,
    image,
    placeholder,
    reduce_sum,
    shape_of,
)

DEGREE = np.pi / 180


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def images(*shape: int | None, dtype: str = "float32") -> Any:
    return placeholder(dtype, shape, name="x")


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 255, shape).astype("float32")


def run(fetch: Any, feeds: Any = None) -> Any:
    return Session().run(fetch, feeds or {})


def message(error: pytest.ExceptionInfo[ThalwegError]) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_image_warp.py:" in site
    return [line for line in lines if line != site]


# Maps ---------------------------------------------------------------------------------------------


def chain(*matrices: Any) -> np.ndarray:
    return functools.reduce(np.matmul, [np.asarray(m, float) for m in matrices])


def shift(dy: float, dx: float) -> Any:
    return [[1, 0, dy], [0, 1, dx], [0, 0, 1]]


def of_keras_2(size: tuple[int, int], p: dict[str, float], offset: float) -> np.ndarray:
    """The generator's matrix of rows and columns, one factor after another."""
    turn, slant = p["theta"] * DEGREE, p["shear"] * DEGREE
    middle = size[0] / 2 + offset, size[1] / 2 + offset
    return chain(
        shift(*middle),
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]],
        shift(p["tx"], p["ty"]),
        [[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]],
        np.diag([p["zx"], p["zy"], 1]),
        shift(-middle[0], -middle[1]),
    )


@pytest.mark.parametrize("offset", [-0.5, 0.5])
@pytest.mark.parametrize("mode", ["nearest", "reflect", "constant", "wrap"])
def test_what_the_generator_of_keras_2_makes(mode: str, offset: float) -> None:
    """SciPy's affine_transform with Keras's matrix, as Keras calls it."""
    x, size = picture(1, 23, 31, 3), (23, 31)
    p = {"theta": 33.0, "tx": 2.3, "ty": -4.1, "shear": 11.0, "zx": 1.2, "zy": 0.7}
    matrix = of_keras_2(size, p, offset)
    maps = image.keras_transforms(size, **p, centre_offset=offset)
    result = run(image.warp(x, maps, fill_mode=mode, fill_value=9.0))
    for c in range(3):
        plane = affine_transform(
            x[0, :, :, c], matrix[:2, :2], matrix[:2, 2], order=1, mode=mode, cval=9.0
        )
        np.testing.assert_allclose(result[0, :, :, c], plane, rtol=0, atol=1e-4)


def test_each_parameter_of_keras_2_and_vectors_of_them() -> None:
    plain = {"theta": 0.0, "tx": 0.0, "ty": 0.0, "shear": 0.0, "zx": 1.0, "zy": 1.0}
    for name in plain:
        values = [0.7, 1.5, 2.0]
        maps = image.keras_transforms((6, 9), **{name: values})
        assert maps.shape == (3, 8)
        for row, value in zip(maps, values, strict=True):
            m = of_keras_2((6, 9), {**plain, name: value}, -0.5)
            wanted = [m[1, 1], m[1, 0], m[1, 2], m[0, 1], m[0, 0], m[0, 2], 0, 0]
            np.testing.assert_allclose(row, wanted, atol=1e-13)


def test_what_the_layers_of_keras_3_make() -> None:
    """Scale times shear times rotation about a centre, then a translation."""
    angle, shx, shy = 25.0, 8.0, -5.0
    cx, cy = 0.25 * 8, 0.75 * 5
    c, s = np.cos(angle * DEGREE), np.sin(angle * DEGREE)
    wanted = chain(
        shift(1.5 + cx, -2.0 + cy),  # of (x, y) here
        np.diag([1.3, 0.8, 1]),
        [[1, np.tan(shx * DEGREE), 0], [np.tan(shy * DEGREE), 1, 0], [0, 0, 1]],
        [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        shift(-cx, -cy),
    )
    maps = image.affine_transforms(
        (6, 9), angle, 1.5, -2.0, 1.3, 0.8, shx, shy, centre=(0.25, 0.75)
    )
    np.testing.assert_allclose(maps[0], wanted.reshape(-1)[:8], atol=1e-13)


def test_maps_of_tensors_are_those_of_arrays() -> None:
    angle, size = placeholder("float32", [None]), placeholder("int32", [2])
    values, sizes = np.array([10.0, -70.0], "float32"), np.array([6, 9], "int32")
    shape = size[0], size[1]
    built = [
        image.affine_transforms(shape, angle, 1.0, scale_x=2.0),
        image.keras_transforms(shape, angle, tx=3.0, shear=angle),
        image.flip_transforms(shape, horizontal=angle > 0),
        image.compose_transforms(image.affine_transforms(shape, angle), [1, 0, 2, 0, 1, 0, 0, 0]),
        image.invert_transforms(image.affine_transforms(shape, angle)),
    ]
    arrays = [
        image.affine_transforms((6, 9), values, 1.0, scale_x=2.0),
        image.keras_transforms((6, 9), values, tx=3.0, shear=values),
        image.flip_transforms((6, 9), horizontal=values > 0),
        image.compose_transforms(image.affine_transforms((6, 9), values), [1, 0, 2, 0, 1, 0, 0, 0]),
        image.invert_transforms(image.affine_transforms((6, 9), values)),
    ]
    for result, wanted in zip(run(built, {angle: values, size: sizes}), arrays, strict=True):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, np.broadcast_to(wanted, result.shape), atol=1e-5)


def test_composed_maps_act_one_after_another() -> None:
    x = picture(2, 12, 10, 1)
    mirror = image.flip_transforms((12, 10), horizontal=True)
    quarter = [[0, 1, 0, 1, 0, 0, 0, 0]]  # rows and columns change places
    there = image.compose_transforms(mirror, quarter)
    one = run(image.warp(x, there, size=(10, 12)))
    np.testing.assert_array_equal(one, x[:, :, ::-1].transpose(0, 2, 1, 3))
    step = image.warp(image.warp(x, mirror), quarter, size=(10, 12))
    np.testing.assert_array_equal(one, run(step))
    perspective = image.keras_transforms((12, 10), theta=20.0)
    perspective[:, 6:] = 0.01, -0.02
    back = image.compose_transforms(perspective, image.invert_transforms(perspective))
    np.testing.assert_allclose(back, [[1, 0, 0, 0, 1, 0, 0, 0]], atol=1e-12)


def test_perspective_brings_points_to_points() -> None:
    rng = np.random.default_rng(2)
    corners = np.array([[0, 0], [8, 0], [8, 5], [0, 5]], float)
    start = corners + rng.uniform(-1, 1, (3, 4, 2))
    end = corners + rng.uniform(-1, 1, (3, 4, 2))
    maps = image.perspective_transforms(start, end)
    full = np.concatenate([maps, np.ones((3, 1))], axis=1).reshape(3, 3, 3)
    seen = np.concatenate([end, np.ones((3, 4, 1))], axis=2) @ full.transpose(0, 2, 1)
    np.testing.assert_allclose(seen[..., :2] / seen[..., 2:], start, atol=1e-10)
    a, b = placeholder("float64", [None, 4, 2]), placeholder("float64", [None, 4, 2])
    built = run(image.perspective_transforms(a, b), {a: start, b: end})
    np.testing.assert_allclose(built, maps, atol=1e-10)


# Warp ---------------------------------------------------------------------------------------------


def test_dtypes_and_sizes() -> None:
    one = [1, 0, 0, 0, 1, 0, 0, 0]
    for dtype, wanted, result in (
        ("uint8", None, "float32"),
        ("uint8", "uint8", "uint8"),
        ("uint8", "float64", "float64"),
        ("uint8", "float16", "float16"),
        ("float32", None, "float32"),
        ("float64", "float32", "float32"),
        ("float32", "uint8", "uint8"),
        ("float16", None, "float16"),
    ):
        x = images(2, 3, 4, 1, dtype=dtype)
        y = image.warp(x, one, dtype=wanted)
        values = np.arange(24).reshape(2, 3, 4, 1).astype(dtype)
        assert y.dtype.name == result and y.shape == (2, 3, 4, 1)
        np.testing.assert_array_equal(run(y, {x: values}), values)
    held = run(image.warp(constant([[[[-3.0], [0.5], [1.5], [300.0]]]]), one, dtype="uint8"))
    assert held.reshape(-1).tolist() == [0, 0, 2, 255]
    x = images(None, None, None, 3)
    assert image.warp(x, one).shape == (None, None, None, 3)
    assert image.warp(x, one, (5, 6)).shape == (None, 5, 6, 3)
    field = placeholder("float32", [None, 7, None, 2])
    assert image.warp(x, one, None, field).shape == (None, 7, None, 3)
    doubled = image.warp(x, [0.5, 0, 0, 0, 0.5, 0, 0, 0], shape_of(x)[1:3] * 2)
    assert run(doubled, {x: np.ones((2, 3, 4, 3))}).shape == (2, 6, 8, 3)
    assert image.warp(placeholder("float32"), one, (5, 6)).shape == (None,) * 4


def test_only_float_images_have_a_gradient() -> None:
    field = placeholder("float32", [1, 2, 2, 2])
    for dtype, has_one in (("uint8", False), ("float32", True)):
        x = images(1, 2, 2, 1, dtype=dtype)
        y = image.warp(x, [1, 0, 0, 0, 1, 0, 0, 0], None, field)
        flow = gradients(reduce_sum(y), [x, field])
        assert [g is not None for g in flow] == [has_one, False]


def test_errors_of_warp() -> None:
    x, one = images(2, 4, 5, 3), [1, 0, 0, 0, 1, 0, 0, 0]
    with pytest.raises(OptionError) as error:
        image.warp(x, one, fill_mode="reflection")
    assert message(error) == [
        "warp: unknown fill_mode",
        "  expected  one of 'constant', 'nearest', 'reflect', 'mirror', 'wrap', 'grid-constant', "
        "'grid-wrap'",
        "  got       'reflection'",
        "  hint      did you mean 'reflect'?",
    ]
    with pytest.raises(OptionError) as error:
        image.warp(x, one, interpolation="bicubic")
    assert message(error)[:2] == [
        "warp: unknown interpolation",
        "  expected  one of 'nearest', 'bilinear'",
    ]
    with pytest.raises(OptionError) as error:
        image.warp(x, one, dtype="int32")
    assert message(error) == [
        "warp: a result of this dtype is not made",
        "  expected  uint8, or a float dtype",
        "  got       'int32'",
    ]
    with pytest.raises(DtypeError) as error:
        image.warp(images(1, 2, 2, 1, dtype="int32"), one)
    assert message(error) == [
        "Warp: takes uint8 or float images",
        "  expected  uint8, or a float dtype",
        "  got       images int32 (1, 2, 2, 1)",
        "  node      'warp'",
        "  hint      cast(x, 'float32') converts",
    ]
    for wrong, wanted, got in (
        (
            lambda: image.warp(images(4, 5, 3), one),
            "images (batch, height, width, channels), height and width >= 1",
            "images float32 (4, 5, 3)",
        ),
        (
            lambda: image.warp(images(2, 0, 5, 3), one, (2, 2)),
            "images (batch, height, width, channels), height and width >= 1",
            "images float32 (2, 0, 5, 3)",
        ),
        (
            lambda: image.warp(x, np.ones((3, 8), "float32")),
            "(batch, 8), or 1 in place of the batch of 2",
            "transforms float32 (3, 8)",
        ),
        (
            lambda: image.warp(x, one, None, np.ones((2, 4, 5), "float32")),
            "(batch, height, width, 2), or 1 in place of the batch of 2",
            "displacement float32 (2, 4, 5)",
        ),
        (
            lambda: image.warp(x, one, (4, 6), np.ones((2, 4, 5, 2), "float32")),
            "height and width (4, 5)",
            "size (4, 6)",
        ),
        (
            lambda: image.warp(x, one, fill_value=constant([1.0, 2.0, 3.0])),
            "(batch,), or 1 in place of the batch of 2",
            "fill_value float32 (3,)",
        ),
        (lambda: image.warp(x, one, 5), "height and width", "size (5,)"),
    ):
        with pytest.raises(ShapeError) as error:
            wrong()
        lines = message(error)
        assert f"  expected  {wanted}" in lines and f"  got       {got}" in lines


def test_errors_of_maps() -> None:
    with pytest.raises(ShapeError) as error:
        image.affine_transforms((4, 4), [1.0, 2.0], [1.0, 2.0, 3.0])
    assert message(error)[0] == "transforms: parameters do not fit together"
    with pytest.raises(ShapeError) as error:
        image.compose_transforms([1.0, 2.0])
    assert message(error) == [
        "transforms: these are no coefficients",
        "  expected  (images, 8), or (8,)",
        "  got       (2,)",
    ]
    with pytest.raises(ShapeError) as error:
        image.compose_transforms()
    assert message(error)[0] == "compose_transforms: there are none"


def test_errors_of_blur() -> None:
    x = images(2, 4, 5, 3)
    for wrong, line in (
        (lambda: image.gaussian_blur(x, 1.0, mode="zeros"), "unknown mode"),
        (lambda: image.gaussian_blur(x, -1.0), "sigma says no radius"),
        (lambda: image.gaussian_blur(x, placeholder("float32", [])), "sigma says no radius"),
        (lambda: image.gaussian_blur(x, 1.0, radius=-2), "radius is no count"),
        (lambda: image.gaussian_blur(x, (1.0, 2.0, 3.0)), "not one or two of them"),
    ):
        with pytest.raises(OptionError) as error:
            wrong()
        assert message(error)[0] == f"gaussian_blur: {line}"
    with pytest.raises(ShapeError) as error:
        image.gaussian_blur(images(4, 5), 1.0)
    assert message(error)[0] == "GaussianBlur: images have too few axes"
    with pytest.raises(ShapeError) as error:
        image.gaussian_blur(x, placeholder("float32", [2]), radius=1)
    assert message(error)[:3] == [
        "GaussianBlur: sigma is no number",
        "  expected  ()",
        "  got       sigma_down float32 (2,), sigma_along float32 (2,)",
    ]


def test_a_field_of_elastic_deformation_moves_pixels_smoothly() -> None:
    """Its spread is that of alpha times the noise's, less what the window averages away."""
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 80, 80, 2)).astype("float32")
    field = run(image.elastic_displacement(noise, [10.0, 20.0], 4.0))
    # the mean of squares of a Gaussian window's weights is 1 / (4 pi sigma^2)
    spread = np.sqrt(1 / 3 / (4 * np.pi * 16))
    np.testing.assert_allclose(field[:, 20:-20, 20:-20].std((1, 2, 3)), [10 * spread, 20 * spread],
                               rtol=0.2)  # fmt: skip
    assert np.abs(np.diff(field[1], axis=0)).max() < 20 * spread

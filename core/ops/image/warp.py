"""Images seen through a projective map, a field of displacements, or both, in one resampling.

Each pixel of the result is picked at a position of the input, between its pixels: rotations,
shifts, shears, zooms, perspective and elastic deformations are all this one op. `transforms.py`
makes the coefficients, and `blur.py` the displacements.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

from ...errors import DtypeError, OptionError, ShapeError, nearest, user_site
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register, require
from ...types import DType, TensorType, as_dtype, float32, types_text, uint8
from ..compare import clip_by_value
from ..elementwise import cast, shape_from_value, shape_of
from ..grouped import combine_rows
from ..math import round
from ..shape import reshape
from ..sizes import beside, size_values
from ..source import constant, convert
from ..stack import size_vector
from .taps import FILL_MODES, INTERPOLATIONS, OUTSIDE, AxisTaps, axis_taps

__all__ = ["warp"]

_COEFFICIENTS = 8


class _Warp(OpDef):
    """How pixels are picked: what an image and its gradient have in common."""

    fill_mode: str
    interpolation: str

    def require_positions(
        self, batch: int | None, transforms: TensorType, displacement: Sequence[TensorType]
    ) -> tuple[int | None, int | None]:
        """Checks what says where pixels are picked; the displacement's height and width."""
        require(self, "float", transforms=transforms)
        self._require_entries("transforms", transforms, batch, (_COEFFICIENTS,))
        if not displacement:
            return (None, None)
        require(self, "float", displacement=displacement[0])
        self._require_entries("displacement", displacement[0], batch, (None, None, 2))
        _, height, width, _ = displacement[0].dims()
        return (height, width)

    def _require_entries(
        self, name: str, type_: TensorType, batch: int | None, shape: tuple[int | None, ...]
    ) -> None:
        """One entry for all images, or one for each."""
        counts = {batch, 1} if batch is not None else {None}
        if not any(type_.with_shape((count, *shape)).accepts(type_) for count in counts):
            words = {"transforms": "(batch, 8)", "displacement": "(batch, height, width, 2)"}
            raise ShapeError(
                self.label,
                f"{name} do not fit the images",
                expected=f"{words.get(name, '(batch,)')}, or 1 in place of the batch of {batch}",
                got=types_text(**{name: type_}),
            )

    def taps(
        self, xp: Any, transforms: Any, displacement: Any, old: Sequence[int], new: Sequence[int]
    ) -> tuple[Any, tuple[AxisTaps, AxisTaps]]:
        """Where pixels are inside, (1 | batch, *new), and the taps of rows and of columns.

        In float64: positions are small differences of large products.
        """
        a = transforms.astype("float64")[:, :, None, None]
        y = xp.arange(new[0], dtype="float64")[:, None]
        x = xp.arange(new[1], dtype="float64")[None, :]
        scale = a[:, 6] * x + a[:, 7] * y + 1.0
        column = (a[:, 0] * x + a[:, 1] * y + a[:, 2]) / scale
        row = (a[:, 3] * x + a[:, 4] * y + a[:, 5]) / scale
        if displacement is not None:
            row = row + displacement[..., 0].astype("float64")
            column = column + displacement[..., 1].astype("float64")
        is_place = xp.isfinite(row) & xp.isfinite(column)
        rows, columns = (
            axis_taps(xp, xp.where(is_place, place, 0.0), size, self.fill_mode, self.interpolation)
            for place, size in zip((row, column), old, strict=True)
        )
        return is_place & rows.is_inside & columns.is_inside, (rows, columns)


def _pairs(rows: AxisTaps, columns: AxisTaps) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Indices of a row and a column, which of the two are pixels, and their weight."""
    for row, down in rows.taps:
        for column, along in columns.taps:
            yield row, column, (row != OUTSIDE) & (column != OUTSIDE), down * along


@register
class Warp(_Warp):
    """Images picked at other positions.

    images: (batch, height, width, channels) uint8 or float, transforms: (1 | batch, 8) float,
    fill: (1 | batch,) of the result's float dtype, size: (2,) host integers, displacement, if
    given: (1 | batch, *size, 2) float -> (batch, *size, channels), the dtype of the images, or
    float32 for uint8 ones unless `is_rounded`.
    """

    is_rounded: bool
    host_inputs = frozenset({3})

    def infer(
        self,
        images: TensorType,
        transforms: TensorType,
        fill: TensorType,
        size: TensorType,
        *displacement: TensorType,
    ) -> TensorType:
        """The images with another size."""
        result = self._result(images)
        require(self, "integer", size=size)
        shape = images.dims()
        if len(shape) != 4 or 0 in shape[1:3]:
            raise ShapeError(
                self.label,
                "takes a batch of images that have pixels",
                expected="images (batch, height, width, channels), height and width >= 1",
                got=types_text(images=images),
            )
        picked = self.require_positions(shape[0], transforms, displacement)
        self._require_entries("fill_value", fill, shape[0], ())
        new = size_values(size) or (None, None)
        pairs = zip(new, picked, strict=False)
        if len(new) != 2 or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ShapeError(
                self.label,
                "the size is not that of the displacement" if displacement else "no size",
                expected=f"height and width {picked}" if displacement else "height and width",
                got=f"size {new}",
            )
        sizes = (b if a is None else a for a, b in zip(new, picked, strict=True))
        return result.with_shape((shape[0], *sizes, shape[3]))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """Four axes."""
        return (self._result(types[0]).with_shape((None,) * 4),)

    def _result(self, images: TensorType) -> TensorType:
        """The type of the result, but for its sizes."""
        if images.dtype is not uint8 and not images.dtype.is_float:
            raise DtypeError(
                self.label,
                "takes uint8 or float images",
                expected="uint8, or a float dtype",
                got=types_text(images=images),
                hint="cast(x, 'float32') converts",
            )
        is_widened = images.dtype is uint8 and not self.is_rounded
        return TensorType(float32, images.shape) if is_widened else images

    def compute(
        self, xp: Any, images: Any, transforms: Any, fill: Any, size: Any, displacement: Any = None
    ) -> Any:
        """One tap of all pixels after another; what has no weight does not count, even NaN."""
        new = size.tolist()
        is_inside, taps = self.taps(xp, transforms, displacement, images.shape[1:3], new)
        image = xp.arange(images.shape[0])[:, None, None]
        outside = fill.astype("float64")[:, None, None, None]
        shape = (images.shape[0], *new, images.shape[3])
        result = xp.zeros(shape, "float64")
        for row, column, is_pixel, weight in _pairs(*taps):
            picked = images[image, row, column].astype("float64")
            value = xp.where(is_pixel[..., None], picked, outside)
            share = weight[..., None]
            result += xp.where(share != 0, share * value, 0.0)
        result = xp.where(is_inside[..., None], result, outside)
        if images.dtype.kind == "f":
            return result.astype(images.dtype)
        if not self.is_rounded:
            return result.astype("float32")
        return xp.clip(xp.rint(result), 0, 255).astype("uint8")

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Colours flow back to the pixels that they came from; positions have no gradient."""
        images, transforms, _, _, *displacement = node.inputs
        rest = [None] * (len(node.inputs) - 1)
        if not images.dtype.is_float:
            return [None, *rest]
        back = WarpGrad(self.fill_mode, self.interpolation)
        return [apply(back, g, transforms, shape_of(images), *displacement), *rest]


@register
class WarpGrad(_Warp):
    """Colours added to the pixels that `Warp` picks them from: its gradient, and its transpose.

    g: (batch, new height, new width, channels) float, transforms: (1 | batch, 8) float, shape:
    (4,) host integer, displacement, if given: (1 | batch, new height, new width, 2) float
    -> `shape`, the dtype of g.
    """

    host_inputs = frozenset({2})

    def infer(
        self,
        g: TensorType,
        transforms: TensorType,
        shape: TensorType,
        *displacement: TensorType,
    ) -> TensorType:
        """`shape`."""
        require(self, "float", g=g)
        self.require_positions(g.dims()[0], transforms, displacement)
        return g.with_shape(shape_from_value(shape))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The shape."""
        return (types[0].with_shape(shape_from_value(types[2])),)

    def compute(
        self, xp: Any, g: Any, transforms: Any, shape: Any, displacement: Any = None
    ) -> Any:
        """Sums by the mechanism of `grouped.py`, in float64."""
        batch, height, width, channels = shape.tolist()
        if not g.size:
            return xp.zeros((batch, height, width, channels), g.dtype)
        count = batch * height * width
        is_inside, taps = self.taps(xp, transforms, displacement, (height, width), g.shape[1:3])
        first = xp.arange(batch)[:, None, None] * (height * width)
        index, shares = [], []
        for row, column, is_pixel, weight in _pairs(*taps):
            place = xp.where(is_pixel & is_inside, first + row * width + column, count)
            index.append(xp.broadcast_to(place, g.shape[:3]).reshape(-1))
            share = xp.where(weight[..., None] != 0, weight[..., None] * g, 0.0)
            shares.append(share.reshape((-1, channels)))
        total = combine_rows(
            xp, xp.concatenate(index), xp.concatenate(shares), count, operator.add, 0
        )
        return total.reshape((batch, height, width, channels)).astype(g.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Picked again, with nothing outside."""
        given, transforms, _, *displacement = node.inputs
        rest = [None] * (len(node.inputs) - 1)
        forward = Warp(self.fill_mode, self.interpolation, False)
        with beside(g):
            nothing = constant([0.0], g.dtype)
        size = shape_of(given)[1:3]
        return [apply(forward, g, transforms, nothing, size, *displacement), *rest]


def warp(
    images: Any,
    transforms: Any,
    size: Any = None,
    displacement: Any = None,
    fill_mode: str = "constant",
    fill_value: Any = 0.0,
    interpolation: str = "bilinear",
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Images seen through projective maps, displacements, or both: one resampling for all of it.

    With coefficients (a0, a1, a2, b0, b1, b2, c0, c1), pixel (x, y) of the result, x counting
    columns and y rows from 0, is the input's colour at

        ((a0 x + a1 y + a2) / k + dx, (b0 x + b1 y + b2) / k + dy),   k = c0 x + c1 y + 1,

    where (dy, dx) is the displacement of that pixel, if there is any. Positions are computed in
    float64. A position that is infinite or no number is outside in every mode; one that misses the
    centres of the outermost pixels by 1e-9 is on them.

    Args:
        images: (batch, height, width, channels), uint8 or float; height and width >= 1.
        transforms: (batch, 8), (1, 8) or (8,) number, from the RESULT's coordinates to the
            input's: TensorFlow's ImageProjectiveTransform. `affine_transforms` makes some.
        size: (height, width) of the result: a list or an integer vector; that of the displacement,
            or else of the images, if None.
        displacement: (batch, *size, 2) or (1, *size, 2) number: rows and columns, dy and dx, in
            pixels of the input.
        fill_mode: what is beyond the image, as in `scipy.ndimage` from version 1.6 on:
            "constant" (the fill value, everywhere beyond the centres of the outermost pixels),
            "nearest" (a a | a b c d | d d), "reflect" (b a | a b c d | d c),
            "mirror" (c b | a b c d | c b), "wrap" (b c d | a b c d | b c d: a period of
            size - 1), "grid-wrap" (c d | a b c d | a b, a period of size) or "grid-constant" (the
            fill value as pixels, into which the outermost ones blend). Keras 3's layers describe
            the last two as "wrap" and "constant".
        fill_value: a number, or a vector of one for each image.
        interpolation: "bilinear", or "nearest": the pixel at floor(position + 0.5). A pixel of
            weight 0 does not count, even if it is NaN.
        dtype: of the result: uint8, rounded to the nearest, halves to even, and held within
            0..255; or a float dtype. By default float32 for uint8 images, else that of the images.
        name: of the node.

    Returns:
        (batch, *size, channels). It has a gradient with respect to float images, in which colours
        flow back to where they came from, in an order that is always the same.

    Raises:
        ShapeError: if the shapes do not fit together, or the images have no pixels.
        DtypeError: for images of another dtype.
        OptionError: for an unknown fill mode or interpolation, or a dtype of another kind.

    >>> from thalweg.core import Session, image
    >>> picture = [[[[1.0], [2.0], [3.0]]]]
    >>> half_a_pixel = [1, 0, 0.5, 0, 1, 0, 0, 0]
    >>> Session().run(image.warp(picture, half_a_pixel)).reshape(-1).tolist()
    [1.5, 2.5, 0.0]
    >>> two = image.warp(picture, [1, 0, -2, 0, 1, 0, 0, 0], fill_mode="reflect")
    >>> Session().run(two).reshape(-1).tolist()
    [2.0, 1.0, 1.0]
    """
    where = "warp"
    _check(where, "fill_mode", fill_mode, FILL_MODES)
    _check(where, "interpolation", interpolation, INTERPOLATIONS)
    x = convert(images)
    target = _target(where, x, dtype)
    is_rounded = target is uint8 and x.dtype is uint8
    if x.dtype is uint8 and target not in (uint8, float32):
        x = cast(x, target)
    with beside(x):
        fields = [] if displacement is None else [_floats(displacement)]
        if size is None:
            size = shape_of(fields[0] if fields else x)[1:3]
        result = apply(
            Warp(fill_mode, interpolation, is_rounded),
            x,
            _rows(transforms),
            _fill(fill_value, x.dtype if x.dtype.is_float else float32),
            size_vector(where, size, x),
            *fields,
            name=name or where,
        )
        if result.dtype is target:
            return result
        if target is uint8:
            result = clip_by_value(round(result), 0.0, 255.0)
        return cast(result, target)


def _target(where: str, x: Tensor, dtype: Any) -> DType:
    """The dtype of the result."""
    if dtype is None:
        return x.dtype if x.dtype.is_float else float32
    target = as_dtype(dtype)
    if target is not uint8 and not target.is_float:
        raise OptionError(
            where,
            "a result of this dtype is not made",
            expected="uint8, or a float dtype",
            got=repr(target.name),
            site=user_site(2),
        )
    return target


def _floats(value: Any) -> Tensor:
    """Coordinates as float32, or float64 if they come so."""
    tensor = convert(value)
    is_precise = tensor.dtype.is_float and tensor.dtype.size_bytes >= 4
    return tensor if is_precise else cast(tensor, float32)


def _rows(transforms: Any) -> Tensor:
    """Coefficients, a row a map."""
    tensor = _floats(transforms)
    return reshape(tensor, [1, -1]) if tensor.ndim == 1 else tensor


def _fill(value: Any, dtype: DType) -> Tensor:
    """A vector of one colour for all images or one for each."""
    if isinstance(value, int | float):
        return constant([value], dtype)
    given = convert(value)
    tensor = given if given.dtype is dtype else cast(given, dtype)
    return reshape(tensor, [-1]) if tensor.ndim == 0 else tensor


def _check(where: str, what: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(
            where,
            f"unknown {what}",
            expected="one of " + ", ".join(map(repr, known)),
            got=repr(value),
            hint=nearest(value, known),
            site=user_site(2),
        )

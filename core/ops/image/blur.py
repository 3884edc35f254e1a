"""Gaussian smoothing, and the smooth random displacements of elastic deformation.

Smoothing is two passes, down and along. As in `resize.py` the weights of one axis are a matrix,
into which is folded what lies beyond the edges: the gradient multiplies by two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import OptionError, ShapeError, nearest, user_site
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, no_gradient, register, require
from ...types import TensorType, float32, types_text
from ..elementwise import cast, multiply, shape_of
from ..linalg import matrix_transpose
from ..shape import reshape
from ..sizes import beside, size_values
from ..source import constant, convert
from .resize import between_matrices
from .taps import axis_taps

__all__ = ["elastic_displacement", "gaussian_blur"]

# Names of `scipy.ndimage`'s filters, and what `taps.py` calls them.
_MODES = {
    "reflect": "reflect",
    "constant": "grid-constant",
    "nearest": "nearest",
    "mirror": "mirror",
    "wrap": "grid-wrap",
}


def axis_entries(xp: Any, size: int, radius: int, mode: str) -> Any:
    """(size + 2 radius,) int64: the entries of an axis, and those that stand beyond its ends."""
    reached = xp.arange(-radius, size + radius).astype("float64")
    return axis_taps(xp, reached, size, _MODES[mode], "nearest").taps[0][0]


def _weights(xp: Any, size: int, sigma: Any, radius: int, mode: str) -> Any:
    """(size, size) float64: output i is the sum over j of [i, j] times input j."""
    steps = xp.arange(-radius, radius + 1, dtype="float64")
    widths = steps / xp.where(steps == 0, 1.0, sigma.astype("float64"))  # 0 leaves the middle one
    weights = xp.exp(-0.5 * widths * widths)
    weights = weights / weights.sum()
    entries = axis_entries(xp, size, radius, mode)
    result = xp.zeros((size, size), "float64")
    for number in range(2 * radius + 1):
        is_entry = entries[number : number + size, None] == xp.arange(size)
        result += xp.where(is_entry, weights[number], 0.0)
    return result


@register
class BlurMatrix(OpDef):
    """Gaussian weights of one axis: output i is the sum over j of [i, j] times input j.

    size: (1,) host integer, sigma: () float -> (size, size), the dtype of sigma. Weight k on
    either side is exp(-(k / sigma)^2 / 2) up to the radius; they add up to 1.
    """

    radius: int
    mode: str
    host_inputs = frozenset({0})

    def infer(self, size: TensorType, sigma: TensorType) -> TensorType:
        """The size, twice."""
        require(self, "integer", size=size)
        _require_widths(self, sigma=sigma)
        return sigma.with_shape((size_values(size) or (None,)) * 2)

    def infer_unknown(self, size: TensorType, sigma: TensorType) -> tuple[TensorType, ...]:
        """A matrix."""
        return (sigma.with_shape((None, None)),)

    def compute(self, xp: Any, size: Any, sigma: Any) -> Any:
        """In float64."""
        return _weights(xp, int(size[0]), sigma, self.radius, self.mode).astype(sigma.dtype)

    gradient = no_gradient


@register
class GaussianBlur(OpDef):
    """Images smoothed along their columns and their rows.

    x: (..., height, width, channels) float, the windows' widths down and along: () of the same
    dtype -> the type of x.
    """

    radius_down: int
    radius_along: int
    mode: str

    def infer(self, x: TensorType, down: TensorType, along: TensorType) -> TensorType:
        """The same type."""
        require(self, "same float", x=x, sigma_down=down, sigma_along=along)
        _require_widths(self, sigma_down=down, sigma_along=along)
        if len(x.dims()) < 3:
            raise ShapeError(
                self.label,
                "images have too few axes",
                expected="images (..., height, width, channels)",
                got=f"images {x}",
            )
        return x.with_shape(x.dims())

    def compute(self, xp: Any, x: Any, down: Any, along: Any) -> Any:
        """By matrices, in float64."""
        height, width, channels = x.shape[-3:]
        if not x.size:
            return x
        rows = _weights(xp, height, down, self.radius_down, self.mode)
        columns = _weights(xp, width, along, self.radius_along, self.mode)
        lines = x.astype("float64").reshape((-1, height, width * channels))
        pixels = xp.matmul(rows, lines).reshape((-1, width, channels))
        return xp.matmul(columns, pixels).reshape(x.shape).astype(x.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """By the transposed weights; with zeros outside that is the same again."""
        _, down, along = node.inputs
        if self.mode == "constant":
            return [apply(self, g, down, along), None, None]
        sizes = shape_of(g)
        rows, columns = (
            matrix_transpose(apply(BlurMatrix(radius, self.mode), sizes[axis][None], sigma))
            for axis, radius, sigma in (
                (-3, self.radius_down, down),
                (-2, self.radius_along, along),
            )
        )
        back = between_matrices(g, rows, columns, (sizes[-3], sizes[-2]), f"{self.label}Grad")
        return [back, None, None]


def _require_widths(op: OpDef, **sigmas: TensorType) -> None:
    require(op, "float", **sigmas)
    for sigma in sigmas.values():
        if sigma.dims():
            raise ShapeError(
                op.label, "sigma is no number", expected="()", got=types_text(**sigmas)
            )


def gaussian_blur(
    images: Any,
    sigma: Any,
    truncate: float = 4.0,
    mode: str = "reflect",
    radius: Any = None,
    name: str | None = None,
) -> Tensor:
    """Images smoothed by a Gaussian window, as by `scipy.ndimage.gaussian_filter`.

    Args:
        images: (..., height, width, channels), number, with pixels.
        sigma: standard deviation of the window in pixels, >= 0: a number or a float scalar, or
            two of them, for the rows' direction (height) and the columns' (width).
        truncate: standard deviations at which the window ends: its radius is
            floor(truncate * sigma + 0.5).
        mode: what is beyond the edges: "reflect" (b a | a b c | c b), "constant" (zeros),
            "nearest" (a a | a b c | c c), "mirror" (c b | a b c | b a) or "wrap" (b c | a b c |
            a b).
        radius: of the window in pixels, instead of `truncate`: an integer, or two. A sigma that
            is a tensor needs it.
        name: of the node.

    Returns:
        The same shape, float; integers become float32.

    Raises:
        ShapeError: if images have fewer than three axes.
        OptionError: for another mode, a sigma below 0, or a tensor without radius.

    >>> from thalweg.core import Session, image
    >>> spot = [[[0.0], [0.0], [1000.0], [0.0], [0.0]]]
    >>> Session().run(image.gaussian_blur(spot, (0, 1), radius=1)).reshape(-1).round().tolist()
    [0.0, 274.0, 452.0, 274.0, 0.0]
    """
    where = "gaussian_blur"
    if mode not in _MODES:
        raise OptionError(
            where,
            "unknown mode",
            expected="one of " + ", ".join(map(repr, _MODES)),
            got=repr(mode),
            hint=nearest(mode, _MODES),
            site=user_site(),
        )
    x = convert(images)
    x = x if x.dtype.is_float else cast(x, float32)
    widths, radii = _two(where, sigma), _two(where, radius)
    down, along = (
        _radius(where, width, limit, truncate) for width, limit in zip(widths, radii, strict=True)
    )
    with beside(x):
        sigmas = [_width(width, x) for width in widths]
        return apply(GaussianBlur(down, along, mode), x, *sigmas, name=name or where)


def _two(where: str, value: Any) -> list[Any]:
    """What holds for rows and for columns."""
    if not isinstance(value, list | tuple):
        return [value] * 2
    if len(value) != 2:
        raise OptionError(
            where,
            "not one or two of them",
            expected="one for both axes, or two",
            got=repr(value),
            site=user_site(2),
        )
    return [*value]


def _radius(where: str, sigma: Any, radius: Any, truncate: float) -> int:
    """How far the window reaches."""
    is_number = isinstance(sigma, int | float)
    if (is_number and sigma < 0) or (radius is None and not is_number):
        raise OptionError(
            where,
            "sigma says no radius",
            expected="a number >= 0, or a tensor and a radius",
            got=f"sigma {sigma!r}, radius {radius!r}",
            site=user_site(2),
        )
    if radius is None:
        return int(truncate * sigma + 0.5)
    if not isinstance(radius, int) or radius < 0:
        raise OptionError(
            where, "radius is no count", expected="an integer >= 0", got=repr(radius),
            site=user_site(2),
        )  # fmt: skip
    return radius


def _width(sigma: Any, x: Tensor) -> Tensor:
    """Sigma in the images' dtype."""
    if isinstance(sigma, int | float):
        return constant(float(sigma), x.dtype)
    tensor = convert(sigma)
    return tensor if tensor.dtype is x.dtype else cast(tensor, x.dtype)


def elastic_displacement(
    noise: Any,
    alpha: Any,
    sigma: Any,
    truncate: float = 4.0,
    mode: str = "constant",
    radius: Any = None,
    name: str | None = None,
) -> Tensor:
    """A smooth random displacement of every pixel, for `warp`: alpha times blurred noise.

    P. Y. Simard, D. Steinkraus, J. C. Platt, "Best Practices for Convolutional Neural Networks
    Applied to Visual Document Analysis", 2003, section 2: uniform noise in -1..1, smoothed by a
    Gaussian of width sigma. Small sigma leaves noise, large sigma a mere shift; they found
    sigma = 4 and alpha = 34 best for handwritten digits of 29 x 29 pixels.

    Args:
        noise: (batch, height, width, 2) float: for each pixel two random numbers in -1..1.
        alpha: how strong it is, in pixels: a number, or a vector of one for each image.
        sigma: as in `gaussian_blur`.
        truncate: as there.
        mode: as there; "constant" is nothing beyond the edges.
        radius: as there.
        name: of the node.

    Returns:
        (batch, height, width, 2): dy and dx of each pixel, in pixels.

    >>> from thalweg.core import Session, image, random_uniform
    >>> noise = random_uniform([3, 28, 28, 2], -1.0, 1.0, seed=1)
    >>> field = image.elastic_displacement(noise, alpha=34.0, sigma=4.0)
    >>> Session().run(field).shape
    (3, 28, 28, 2)
    """
    field = gaussian_blur(noise, sigma, truncate, mode, radius)
    with beside(field):
        factor = _width(alpha, field) if isinstance(alpha, Tensor) else constant(alpha, field.dtype)
        factor = reshape(factor, [-1, 1, 1, 1])
        return multiply(field, factor, name=name or "elastic_displacement")

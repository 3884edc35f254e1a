"""What is given for a model's inputs: in their order, of their ranks and dtypes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from thalweg.core import Tensor, cast, convert, expand_dims, flatten, shape_text, squeeze
from thalweg.core.errors import DataError, ShapeError

from .layout import Array

__all__ = ["arranged", "fitted_array", "rank_change"]


def rank_change(have: int | None, wanted: Sequence[int | None] | None) -> int:
    """How many last axes of size 1 a value of rank `have` lacks for a shape: 1, 0 or -1.

    Keras adds and removes that axis by itself: (batch,) is taken for (batch, 1), images without
    channels for images of one. Only an axis that is known to be 1 is added.

    >>> rank_change(3, (None, 28, 28, 1)), rank_change(3, (None, 28, 28)), rank_change(3, (None, 9))
    (1, 0, -1)
    """
    if have is None or wanted is None:
        return 0
    if have == len(wanted) - 1 and wanted[-1] == 1:
        return 1
    return -1 if have == len(wanted) + 1 else 0


def arranged(declared: Any, given: Any) -> list[Tensor]:
    """Tensors for the inputs that a functional model declares, in their order.

    Args:
        declared: the model's inputs, nested as they were given to `Model`.
        given: tensors nested alike; a dict goes by keys, or by the names of the input layers.

    Raises:
        ShapeError: if number, names or shapes differ.
    """
    wanted: list[Tensor] = list(flatten(declared))
    names = [tensor.history.layer.name for tensor in wanted]
    if isinstance(given, Mapping):
        keys = list(declared) if isinstance(declared, Mapping) else names
        missing = [key for key in keys if key not in given]
        if missing:
            raise ShapeError(
                "Model",
                f"there is no input {', '.join(map(repr, missing))}",
                expected=", ".join(keys),
                got=", ".join(map(str, given)),
            )
        given = [given[key] for key in keys]
    leaves = [convert(leaf) for leaf in flatten(given)]
    if len(leaves) != len(wanted):
        raise ShapeError(
            "Model",
            "wrong number of inputs",
            expected=f"{len(wanted)}: " + ", ".join(names),
            got=str(len(leaves)),
        )
    return [_fitted(tensor, leaf) for tensor, leaf in zip(wanted, leaves, strict=True)]


def _fitted(wanted: Tensor, given: Tensor) -> Tensor:
    change = rank_change(given.ndim, wanted.shape)
    fitted = given
    if change > 0:
        fitted = expand_dims(given, -1)
    elif change < 0 and given.type.dims()[-1] == 1:
        fitted = squeeze(given, -1)
    if not wanted.type.accepts_shape(fitted.shape):
        raise ShapeError(
            "Model",
            f"the input '{wanted.history.layer.name}' does not fit",
            expected=str(wanted.type),
            got=str(given.type),
        )
    return fitted if fitted.dtype is wanted.dtype else cast(fitted, wanted.dtype)


def fitted_array(wanted: Tensor, array: Array, where: str) -> Array:
    """An array for an input; a last axis of size 1 is added or dropped as Keras does.

    Args:
        wanted: the input's tensor.
        array: with an axis of samples.
        where: the method that was called, for the error.

    Raises:
        DataError: if the sizes do not fit.
    """
    if (array.dtype.kind == "O") != wanted.dtype.is_string:
        kinds = ("strings", "numbers") if wanted.dtype.is_string else ("numbers", "strings")
        raise DataError(
            where,
            f"x is not an array of {kinds[0]}",
            expected=f"{wanted.type}, the model's input '{wanted.history.layer.name}'",
            got=f"{kinds[1]} {shape_text(array.shape)}",
        )
    change = rank_change(array.ndim, wanted.shape)
    fitted = array
    if change > 0:
        fitted = array[..., None]
    elif change < 0 and array.shape[-1] == 1:
        fitted = array[..., 0]
    if wanted.type.accepts_shape((None, *fitted.shape[1:])):
        return fitted
    layer = wanted.history.layer
    raise DataError(
        where,
        f"x does not fit the model's input '{layer.name}'",
        expected=f"samples of shape {shape_text(wanted.type.dims()[1:])}, "
        f"arrays {shape_text(wanted.shape)}",
        got=f"{array.dtype} {shape_text(array.shape)}",
        layer=wanted.op.owner,
        site=wanted.op.site,
        hint=_way_out(wanted.type.dims(), array.shape),
    )


def _way_out(wanted: Sequence[int | None], got: tuple[int, ...]) -> str | None:
    sizes = tuple(wanted[1:])
    if got == sizes or (len(got) == len(sizes) and None in sizes):
        return "one sample? x[None] adds the axis of samples"
    if len(sizes) == 1 and len(got) > 2 and sizes[0] == math.prod(got[1:]):
        return "x.reshape(len(x), -1) makes rows of it; or begin the model with Flatten()"
    if len(sizes) == 3 and len(got) == 4 and (got[2], got[3], got[1]) == sizes:
        return "x.transpose(0, 2, 3, 1) puts the channels last"
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes) > 1 and len(got) == 2 and math.prod(known) == got[1]:
        return f"x.reshape(-1, {', '.join(map(str, sizes))}) gives the rows this shape"
    return None

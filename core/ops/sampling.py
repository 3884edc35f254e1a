"""Random choices: permutations, crops, classes by their logits."""

from __future__ import annotations

from typing import Any

from ..errors import OptionError, ShapeError
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, float16, int64, types_text
from .argmax import argmax
from .concat import concat
from .distributions import random_exponential
from .elementwise import add, cast, negative, shape_of
from .gather import gather
from .keys import choose_key
from .math import log
from .philox import Draw, RandomBits, RandomUniform
from .random import draw
from .repeat import arange
from .shape import expand_dims
from .sizes import beside, require_sizes, size_values
from .source import convert
from .stack import size_vector

__all__ = ["random_categorical", "random_crop", "random_permutation", "random_shuffle"]


@register
class RandomPermutation(Draw):
    """The numbers from 0 on in random order.  key: (2,) uint32, shape: (1,) host -> int64."""

    dtype: DType = int64

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """The order of random words of 64 bits, of which hardly any two are equal."""
        pairs = RandomBits().compute(xp, key, [int(shape[0]), 2]).astype("uint64")
        words = (pairs[:, 0] << xp.full((), 32, "uint64")) | pairs[:, 1]
        return xp.argsort(words, kind="stable").astype("int64")


@register
class CropOffsets(OpDef):
    """Where a crop of a random place begins, uniformly.

    key: (2,) uint32, shape: (rank,) host, size: (rank,) host -> (rank,) int64.
    """

    host_inputs = frozenset({1, 2})

    def infer(self, key: TensorType, shape: TensorType, size: TensorType) -> TensorType:
        """Known sizes are compared."""
        require(self, "integer", key=key)
        require_sizes(self, shape=shape, size=size)
        whole, part = size_values(shape), size_values(size)
        if whole is not None and part is not None:
            if len(whole) != len(part) or any(
                n is not None and (n < 0 or (m is not None and n > m))
                for m, n in zip(whole, part, strict=False)
            ):
                raise ShapeError(
                    self.label,
                    "the crop does not fit",
                    expected=f"one size for each axis of {whole}, not above it",
                    got=str(part),
                )
        return TensorType(int64, (None if part is None else len(part),))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType(int64, (None,)),)

    def compute(self, xp: Any, key: Any, shape: Any, size: Any) -> Any:
        """Multiples of 2**-53 times the number of places, rounded down."""
        u = RandomUniform(as_dtype("float64")).compute(xp, key, [len(size)])
        places = [int(m) - int(n) + 1 for m, n in zip(shape, size, strict=True)]
        return (u * xp.asarray(places, dtype="float64")).astype("int64")

    gradient = no_gradient


def random_permutation(
    size: Any, seed: int | None = None, name: str | None = None, key: Any = None
) -> Tensor:
    """The numbers 0 … size - 1 in random order.

    Args:
        size: () integer >= 0; it may come from sizes and fed values.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        (size,) int64.

    >>> from thalweg.core import Session
    >>> sorted(Session().run(random_permutation(4)).tolist())
    [0, 1, 2, 3]
    """
    return draw("random_permutation", RandomPermutation(), [size], seed, name, key)


def random_shuffle(
    x: Any, seed: int | None = None, name: str | None = None, key: Any = None
) -> Tensor:
    """The rows of `x` in random order.

    Args:
        x: (rows, ...) any dtype.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        The type of `x`. The gradient is put back into the old order.

    Raises:
        ShapeError: for a scalar.

    >>> from thalweg.core import Session
    >>> sorted(Session().run(random_shuffle([5, 6, 7])).tolist())
    [5, 6, 7]
    """
    tensor = convert(x)
    if tensor.ndim == 0:
        raise ShapeError(
            "random_shuffle",
            "a scalar has no rows",
            expected="x (rows, ...)",
            got=types_text(x=tensor.type),
        )
    rows = shape_of(tensor)[:1]
    with beside(tensor):
        order = draw("random_shuffle", RandomPermutation(), rows, seed, None, key)
    return gather(tensor, order, name=name or "random_shuffle")


def random_crop(
    x: Any, size: Any, seed: int | None = None, name: str | None = None, key: Any = None
) -> Tensor:
    """A part of `x` of the given size, at a place that is uniformly random.

    Args:
        x: (...) any dtype.
        size: one integer an axis, not above the size of `x` there: `[24, 24, 3]`; or a host
            integer vector of known size.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        `size` of the dtype of `x`. The gradient is that of the part, 0 elsewhere.

    Raises:
        ShapeError: if the crop does not fit, or its rank is not known.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_crop([[1, 2, 3], [4, 5, 6]], [2, 2]))
    >>> x.shape, (x[1] - x[0]).tolist()
    ((2, 2), [3, 3])
    """
    tensor = convert(x)
    with beside(tensor):
        chosen = choose_key("random_crop", seed, key)
    sizes = size_vector("random_crop", size, tensor)
    wanted = size_values(sizes.type)
    if wanted is None:
        raise ShapeError(
            "random_crop",
            "the rank of the crop is not known",
            expected="a size of known length",
            got=types_text(size=sizes.type),
        )
    offsets = apply(CropOffsets(), chosen, shape_of(tensor), sizes, name="random_crop/offsets")
    result = tensor
    for axis, count in enumerate(wanted):
        if count is None or tensor.shape is None or tensor.shape[axis] != count:
            with beside(tensor):
                places = cast(arange(sizes[axis]), int64) + offsets[axis]
            result = gather(result, places, axis, name=name or "random_crop")
    return result


def random_categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = "int64",
    seed: int | None = None,
    name: str | None = None,
    key: Any = None,
) -> Tensor:
    """Classes with probabilities softmax(logits), drawn with replacement.

    The largest of logits + Gumbel noise is such a class (Gumbel 1954; Maddison, Tarlow, Minka,
    "A* Sampling", 2014, section 2). It needs memory for a number a sample and class.

    Args:
        logits: (..., classes) float; one of -infinity is never drawn beside a finite one.
        num_samples: () integer >= 0; it may come from sizes and fed values.
        dtype: of the result, an integer dtype.
        seed: makes the stream independent of the node's name.
        name: of the node.
        key: (2,) uint32 of `random_key` instead of a seed: equal numbers at every run.

    Returns:
        (..., num_samples) of `dtype`. There is no gradient.

    Raises:
        ShapeError: if there are no classes.
        OptionError: if `dtype` is no integer dtype.

    >>> from thalweg.core import Session
    >>> Session().run(random_categorical([[0.0, -1000.0], [-1000.0, 0.0]], 3)).tolist()
    [[0, 0, 0], [1, 1, 1]]
    """
    if not as_dtype(dtype).is_integer:
        raise OptionError(
            "random_categorical",
            "classes are integers",
            expected="an integer dtype",
            got=str(as_dtype(dtype)),
        )
    tensor = convert(logits)
    scores = expand_dims(tensor, -2)
    if scores.dtype is float16:
        scores = cast(scores, "float32")
    sizes = shape_of(tensor)
    count = size_vector("random_categorical", [num_samples], tensor)
    shape = concat([sizes[:-1], cast(count, sizes.dtype), sizes[-1:]], 0)
    with beside(tensor):
        noise = negative(log(random_exponential(shape, 1.0, scores.dtype, seed, None, key)))
    return argmax(add(scores, noise), -1, dtype, name=name or "random_categorical")

"""`einsum`, and the products of tensors that are short for one: `tensordot` and `inner`."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import OptionError, ShapeError, user_site
from ...graph import Tensor
from ...types import normalize_axes, normalize_axis, types_text
from ..elementwise import multiply
from ..source import convert_all
from .contractions import FreeAxis, Labels, Operand, contract, with_agreed_sizes

__all__ = ["einsum", "inner", "tensordot"]


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Tensor:
    """Sums of products, said by a label for each axis.

    `"ij,jk->ik"` is the matrix product: of all products of an element of the first input and one
    of the second with the same j, the sum over j. A label that is not in the output is summed
    over; a label repeated in one input takes a diagonal. Without `->`, the output has the labels
    that occur once, in alphabetical order. `...` stands for any axes, which are broadcast.

    Args:
        equation: the labels, letters, of each input, with commas between, `->`, and the output's.
        inputs: tensors of one number dtype, whose rank is known.
        name: of the node.

    Returns:
        A tensor with the axes of the output: those of the ellipsis where it stands.

    Raises:
        OptionError: if the equation is not well formed, or does not fit the number of inputs.
        ShapeError: if an input has another rank, or two sizes of one label differ.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> x = [[1.0, 2.0], [3.0, 4.0]]
    >>> y = einsum("ij,jk->ik", x, x), einsum("ii", x), einsum("...j->j...", x)
    >>> [value.tolist() for value in Session().run(list(y))]
    [[[7.0, 10.0], [15.0, 22.0]], 5.0, [[1.0, 3.0], [2.0, 4.0]]]
    """
    terms, result = _parsed(equation, len(inputs))
    tensors = convert_all(*inputs)
    operands = [
        Operand(tensor, _labels(equation, term, tensor, number))
        for number, (term, tensor) in enumerate(zip(terms, tensors, strict=True))
    ]
    free = sorted(
        {label for x in operands for label in x.labels if isinstance(label, FreeAxis)}, reverse=True
    )
    if free and "..." not in result:
        raise _equation_error(equation, "the output has no place for the axes of the ellipsis")
    before, _, after = result.partition("...")
    names = [
        f"axis {axis} of input {number}" + ("" if isinstance(label, FreeAxis) else f" ('{label}')")
        for number, x in enumerate(operands)
        for axis, label in enumerate(x.labels)
    ]
    agreed = with_agreed_sizes("einsum", operands, names)
    return contract(agreed, (*before, *free, *after), name or "einsum")


def _parsed(equation: Any, count: int) -> tuple[list[str], str]:
    """The labels of each input and of the output."""
    if not isinstance(equation, str):
        raise _equation_error(equation, "the equation is not a string")
    text = equation.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    for term in (*terms, result):
        if set(term.replace("...", "", 1)) - set(string.ascii_letters):
            raise _equation_error(equation, "a label is not a letter")
    if len(terms) != count:
        raise _equation_error(
            equation, f"it is for {len(terms)} input{'s' * (len(terms) != 1)}, not {count}"
        )
    letters = "".join(terms).replace(".", "")
    if not arrow:
        once = sorted(letter for letter in set(letters) if letters.count(letter) == 1)
        return terms, ("..." if "..." in left else "") + "".join(once)
    labels = result.replace("...", "")
    if len(set(labels)) < len(labels):
        raise _equation_error(equation, "the output has a label twice")
    if set(labels) - set(letters):
        raise _equation_error(equation, "a label of the output is in no input")
    return terms, result


def _labels(equation: str, term: str, tensor: Tensor, number: int) -> Labels:
    """A label for each axis of an input."""
    before, ellipsis, after = term.partition("...")
    rank, named = tensor.ndim, len(before) + len(after)
    if rank is None or (rank < named if ellipsis else rank != named):
        axes = f"{named} axis" if named == 1 else f"{named} axes"
        raise ShapeError(
            "einsum",
            "the rank is unknown" if rank is None else "the labels do not fit the axes",
            expected=f"{axes}{' or more' if ellipsis else ''} for '{term}' in '{equation}'",
            got=types_text(**{f"input_{number}": tensor.type}),
            site=user_site(3),
        )
    return (*before, *(FreeAxis(i) for i in reversed(range(rank - named))), *after)


def _equation_error(equation: Any, problem: str) -> OptionError:
    return OptionError(
        "einsum",
        problem,
        expected="an equation such as 'ij,jk->ik': letters, commas, '...', '->'",
        got=repr(equation),
        site=user_site(3),
    )


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The sum of products over pairs of axes of two tensors.

    Args:
        a: (...) number, of known rank.
        b: (...) of the same dtype, of known rank.
        axes: how many axes are paired, the last of `a` with the first of `b` in their order; or
            two lists, the axes of `a` and those of `b` they are paired with.
        name: of the node.

    Returns:
        The axes of `a` that are not paired, then those of `b`.

    Raises:
        OptionError: if `axes` is something else.
        ShapeError: if there is no such axis, the sizes of a pair differ, or a rank is unknown.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> x = [[1, 2], [3, 4]]
    >>> y = tensordot(x, x, 1), tensordot(x, x, [[0], [0]]), tensordot(x, x, 2)
    >>> [value.tolist() for value in Session().run(list(y))]
    [[[7, 10], [15, 22]], [[10, 14], [14, 20]], 30]
    """
    left, right = convert_all(a, b)
    if left.ndim is None or right.ndim is None:
        raise ShapeError(
            "tensordot",
            "the rank is unknown",
            expected="two tensors of known rank",
            got=types_text(a=left.type, b=right.type),
            site=user_site(2),
        )
    pairs = list(_axis_pairs(axes, left.ndim, right.ndim))
    partner = {of_b: of_a for of_a, of_b in pairs}
    labels_a = tuple(f"a{axis}" for axis in range(left.ndim))
    labels_b = tuple(
        f"a{partner[axis]}" if axis in partner else f"b{axis}" for axis in range(right.ndim)
    )
    names = [f"axis {i} of a" for i in range(left.ndim)] + [
        f"axis {i} of b" for i in range(right.ndim)
    ]
    operands = [Operand(left, labels_a), Operand(right, labels_b)]
    output = tuple(
        label for label in (*labels_a, *labels_b) if (*labels_a, *labels_b).count(label) == 1
    )
    return contract(with_agreed_sizes("tensordot", operands, names), output, name or "tensordot")


def inner(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The sums of products over the last axes of two tensors; of scalars, their product.

    Args:
        a: (..., k) number, of known rank.
        b: (..., k) of the same dtype, of known rank.
        name: of the node.

    Returns:
        The axes of `a` but the last, then those of `b` but the last.

    Raises:
        ShapeError: if the sizes differ, or a rank is unknown.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> int(Session().run(inner([1, 2, 3], [1, 10, 100])))
    321
    """
    left, right = convert_all(a, b)
    if left.ndim == 0 or right.ndim == 0:
        return multiply(left, right, name=name or "inner")
    return tensordot(left, right, [[-1], [-1]], name=name or "inner")


def _axis_pairs(axes: Any, rank_a: int, rank_b: int) -> Iterator[tuple[int, int]]:
    """The axes of a and of b that are summed together, counted from the front."""
    if isinstance(axes, int | np.integer):
        count = int(axes)
        lists = [list(range(rank_a - count, rank_a)), list(range(count))]
        is_valid = 0 <= count <= min(rank_a, rank_b)
    else:
        lists = [[int(x)] if isinstance(x, int | np.integer) else list(x) for x in axes]
        is_valid = len(lists) == 2 and len(lists[0]) == len(lists[1])
    if not is_valid:
        raise OptionError(
            "tensordot",
            "axes do not pair axes of a with axes of b",
            expected=f"a number in 0 <= axes <= {min(rank_a, rank_b)}, or two lists of one length",
            got=repr(axes),
            site=user_site(3),
        )
    for one_list, rank in zip(lists, (rank_a, rank_b), strict=True):
        normalize_axes(one_list, rank, "tensordot")  # none twice
    for of_a, of_b in zip(*lists, strict=True):
        yield normalize_axis(of_a, rank_a), normalize_axis(of_b, rank_b)

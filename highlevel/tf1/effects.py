"""Functions of Python, printing and checks inside a run, in TF1's spelling."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from thalweg import core
from thalweg.core import Operation, Tensor

from .arguments import either

__all__ = [
    "Assert",
    "Print",
    "numpy_function",
    "print",
    "py_func",
    "verify_tensor_all_finite",
]


def Assert(
    condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None
) -> Operation:
    """An operation that fails unless a condition holds.

    Args:
        condition: bool, all of which must be true.
        data: tensors that the error shows.
        summarize: how many elements of each; 3 if None.
        name: of the node.
    """
    return core.Assert(condition, data, summarize, name)


def Print(
    input_: Any,
    data: Sequence[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Hands a tensor on, and prints others to the standard error whenever that runs.

    Args:
        input_: what is handed on.
        data: tensors that are printed.
        message: printed before them.
        first_n: only so many times.
        summarize: how many elements of each; 3 if None.
        name: of the node.
    """
    return core.Print(input_, data, message, first_n, summarize, name)


def py_func(
    func: Callable[..., Any],
    inp: Sequence[Any],
    Tout: Any,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """What a Python function makes of arrays, in the middle of a run.

    Args:
        func: (arrays) -> array or arrays.
        inp: tensors whose values it gets.
        Tout: the dtype of what it returns, or a list of them.
        stateful: False: equal arguments give equal results, so a run may leave it out.
        name: of the node.
    """
    return core.py_func(func, inp, Tout, stateful, name=name)


def numpy_function(
    func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: str | None = None
) -> Any:
    """`py_func` of a function that is called in every run."""
    return core.py_func(func, inp, Tout, name=name)


def print(*inputs: Any, **kwargs: Any) -> Operation:
    """Prints values as Python's `print` does, whenever the run needs the operation.

    Args:
        inputs: tensors and anything else.
        kwargs: output_stream, summarize, sep, end and name, as in TF1.

    >>> import sys
    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     session.run(tf.print("x:", tf.constant([1, 2]), output_stream=sys.stdout))
    x: [1 2]
    """
    stream = kwargs.pop("output_stream", sys.stderr)
    names = {sys.stdout: "stdout", sys.stderr: "stderr"}
    is_plain = getattr(stream, "__hash__", None) is not None and stream in names
    return core.print_v2(*inputs, output_stream=names[stream] if is_plain else stream, **kwargs)


def verify_tensor_all_finite(
    t: Any = None,
    msg: str | None = None,
    name: str | None = None,
    x: Any = None,
    message: str | None = None,
) -> Tensor:
    """The tensor; an error with a message if it holds NaN or an infinity.

    Args:
        t: (...) float.
        msg: for the error.
        name: of the node.
        x: the newer name of `t`.
        message: the newer name of `msg`.
    """
    tensor = either("verify_tensor_all_finite", "t", t, "x", x)
    text = either("verify_tensor_all_finite", "msg", msg, "message", message)
    return core.verify_tensor_all_finite(tensor, text or "", name)

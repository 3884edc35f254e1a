"""What runs before what, and what runs together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import thalweg.core
from thalweg.core import Operation, OptionError, Tensor, convert, identity, no_op

__all__ = ["control_dependencies", "group", "no_op", "tuple"]


def control_dependencies(
    control_inputs: Sequence[Any] | None,
) -> AbstractContextManager[Any]:
    """A `with` block whose operations run after the given ones; None clears what is in force.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     v = tf.Variable(1)
    ...     with tf.control_dependencies([v.assign_add(1)]):
    ...         doubled = v * 2
    ...     print(session.run(doubled))
    4
    """
    block: AbstractContextManager[Any] = thalweg.core.control_dependencies(control_inputs)
    return block


def group(*inputs: Any, **kwargs: Any) -> Operation:
    """One operation that runs all the given operations and tensors.

    Args:
        inputs: operations, tensors and variables, or lists of them.
        kwargs: `name` of the node.

    Raises:
        OptionError: for any other keyword.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     a, b = tf.Variable(0), tf.Variable(0)
    ...     session.run(tf.group(a.assign(1), b.assign(2)))
    ...     print(session.run(a), session.run(b))
    1 2
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise OptionError("group", "unknown keyword", expected="name", got=", ".join(kwargs))
    return thalweg.core.group(*_flat(inputs), name=name or "group_deps")


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, Sequence):
            yield from _flat(item)
        else:
            yield item


def tuple(
    tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] | None = None
) -> list[Tensor | None]:
    """The tensors, none of which has a value before all of them, and other things, are computed.

    Args:
        tensors: tensors, or None, which stays None.
        name: of the name scope.
        control_inputs: operations that run before, too.

    Raises:
        OptionError: if there is no tensor.
    """
    given = [None if tensor is None else convert(tensor) for tensor in tensors]
    present = [tensor for tensor in given if tensor is not None]
    if not present:
        raise OptionError("tuple", "there is no tensor", got=repr(tensors))
    with thalweg.core.name_scope(name or "tuple"):
        gate = group(*present, *(control_inputs or ()))
        with control_dependencies([gate]):
            return [None if tensor is None else identity(tensor) for tensor in given]

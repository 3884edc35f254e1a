"""An optimizer's state in files: the steps done, and a row of slots for each variable.

Files list the number of steps first, perhaps the learning rate, and then the slots: since 2022
variable by variable, as here; before, and in tf_keras's legacy optimizers, slot by slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core import Variable, current_session

from ..optimizers.base import Optimizer
from .layer_weights import file_names, set_all

__all__ = [
    "Arrays",
    "is_written_as_legacy",
    "load_optimizer",
    "named_keras_3_state",
    "stored_keras_3_state",
    "stored_optimizer",
]

Arrays = list[tuple[str, NDArray[Any]]]


def _slots(optimizer: Optimizer, variables: Sequence[Variable]) -> list[Variable]:
    """The state of these variables in Keras's order: averages, slots, the slots that go apart."""
    averages = [row for v in variables if (row := optimizer._averages.rows.get(v))]
    rows = [row for v in variables if (row := optimizer._slots.rows.get(v))]
    apart = optimizer.listed_apart
    return [
        *(slot for row in averages for slot in row.values()),
        *(slot for row in rows for name, slot in row.items() if name not in apart),
        *(row[name] for name in apart for row in rows if name in row),
    ]


def _columns(optimizer: Optimizer, variables: Sequence[Variable]) -> list[Variable]:
    """The slots of these variables in the old order: slot by slot."""
    rows = [row for v in variables if (row := optimizer._slots.rows.get(v))]
    columns = zip(*(row.values() for row in rows), strict=True)
    return [slot for column in columns for slot in column]


def is_written_as_legacy(optimizer: Optimizer) -> bool:
    """Whether a file has the legacy form: the only one with Keras 2's decay."""
    return bool(optimizer.decay) and not optimizer.use_ema and not optimizer.weight_decay


def stored_optimizer(optimizer: Optimizer, variables: Sequence[Variable]) -> Arrays:
    """The state that an optimizer keeps for a model's variables, named, for a file."""
    value = current_session().value
    is_legacy = is_written_as_legacy(optimizer)
    slots = (_columns if is_legacy else _slots)(optimizer, variables)
    # The learning rate is in the configuration, from which Keras 2 reads it.
    names = ["iter:0" if is_legacy else "iteration:0", *file_names(slots)]
    values = [value(optimizer.iterations), *map(value, slots)]
    return list(zip(names, values, strict=True))


def _stored_rate(optimizer: Optimizer) -> list[Variable]:
    """The learning rate, where Keras 3 stores it: not where a schedule, or a decay, gives it."""
    rate = optimizer._rate.source
    return [rate] if isinstance(rate, Variable) and not optimizer.decay else []


def stored_keras_3_state(optimizer: Optimizer, variables: Sequence[Variable]) -> list[NDArray[Any]]:
    """The state that an optimizer keeps for a model's variables, in the order of Keras 3."""
    value = current_session().value
    steps, slots = value(optimizer.iterations), _slots(optimizer, variables)
    kept = [value(v) for v in (*_stored_rate(optimizer), *slots)]
    return [steps, *kept, *optimizer.derived_state(int(steps))]


def named_keras_3_state(optimizer: Optimizer, arrays: Sequence[NDArray[Any]]) -> Arrays:
    """What `stored_keras_3_state`, or Keras 3, wrote, for `load_optimizer`."""
    first = ["iteration", *("learning_rate" for _ in _stored_rate(optimizer))]
    return [
        (first[number] if number < len(first) else str(number), array)
        for number, array in enumerate(arrays)
    ]


def load_optimizer(
    optimizer: Optimizer, variables: Sequence[Variable], stored: Arrays
) -> str | None:
    """Sets the state that an optimizer keeps for a model's variables.

    Args:
        optimizer: the optimizer.
        variables: what it trains, in the model's order.
        stored: what a file lists.

    Returns:
        None, or what does not fit; nothing is set then.
    """
    slots = _slots(optimizer, variables)
    rest = list(stored)
    steps = rate = None
    if rest and _is_scalar(rest[0][1]) and rest[0][1].dtype.kind in "iu":
        steps = rest.pop(0)[1]
    if rest and _is_scalar(rest[0][1]) and "learning_rate" in rest[0][0]:
        rate = rest.pop(0)[1]
    arrays = [array for _, array in rest]
    derived = len(optimizer.derived_state(0))
    if len(arrays) == len(slots) + derived:  # not in files of tf_keras
        arrays = arrays[: len(slots)]
    # Nothing was trained, or (in Keras 2) the momentum of an SGD that has none.
    is_bare = not arrays or not slots
    is_old = "iteration" not in stored[0][0].rpartition("/")[2].split(":") if stored else False
    ordered = slots if is_bare else _fitting(optimizer, variables, slots, arrays, is_old)
    if ordered is None:
        wanted = ", ".join(str(slot.type) for slot in slots[:4])
        given = ", ".join(f"{a.dtype} {a.shape}" for a in arrays[:4])
        return f"{len(arrays)} arrays ({given}, …) for {len(slots)} slots ({wanted}, …)"
    if steps is not None:
        set_all([optimizer.iterations], [steps])
    if rate is not None and isinstance(optimizer._rate.source, Variable):
        set_all([optimizer._rate.source], [rate])
    if not is_bare:
        set_all(ordered, arrays[: len(ordered)])
    return None


def _is_scalar(array: NDArray[Any]) -> bool:
    return array.shape == ()


def _fitting(
    optimizer: Optimizer,
    variables: Sequence[Variable],
    slots: list[Variable],
    arrays: list[NDArray[Any]],
    is_old: bool,
) -> list[Variable] | None:
    """The slots in an order in which the arrays fit them."""
    columns = _columns(optimizer, variables)
    if is_old:  # Adam ended with a dummy for each largest moment that it did not keep
        extra = arrays[len(columns) :]
        if len(extra) == len(variables) and all(np.size(array) == 1 for array in extra):
            arrays = arrays[: len(columns)]
    for order in (columns, slots) if is_old else (slots, columns):
        if [slot.type.dims() for slot in order] == [array.shape for array in arrays]:
            return order
    return None

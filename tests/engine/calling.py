"""Runs one op in the engine as its rule lowers it, on memory where a stray write is seen.

Every value and temporary lies between guards, at an address that is no multiple of a vector, and
is full of NaNs before a kernel writes it: what is read too early, or beside it, shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.core.backends.native import extension
from thalweg.core.backends.native.lowering import Builder, KernelCall, lower_instruction
from thalweg.core.opdef import OpDef
from thalweg.core.program import Program
from thalweg.core.types import TensorType, as_dtype

__all__ = ["assert_near", "assert_same_in_place", "assert_same_on_any_threads", "run_op"]

Array = np.ndarray[Any, Any]

GUARD = 264  # bytes on either side: a multiple of every element, not of a vector
FILL = 0xFF  # NaN in every float type


class _Memory:
    """The values' bytes, by number."""

    def __init__(self) -> None:
        self.buffers: list[Array] = []
        self.index: dict[int, int] = {}

    def add(self, value: int, size_bytes: int, content: Array | None = None) -> None:
        raw = np.full(size_bytes + 2 * GUARD, FILL, np.uint8)
        if content is not None:
            raw[GUARD : GUARD + size_bytes] = np.frombuffer(content.tobytes(), np.uint8)
        self.index[value] = len(self.buffers)
        self.buffers.append(raw)

    def share(self, value: int, other: int) -> None:
        self.index[value] = self.index[other]

    def read(self, value: int, type_: TensorType) -> Array:
        raw = self.buffers[self.index[value]][GUARD:-GUARD]
        return raw.copy().view(type_.dtype.numpy).reshape(type_.shape or ())

    def assert_guards(self) -> None:
        for raw in self.buffers:
            assert (raw[:GUARD] == FILL).all() and (raw[-GUARD:] == FILL).all(), "a stray write"


def run_op(op: OpDef, *inputs: Any, in_place: bool = False, may_round: bool = False) -> Any:
    """The results of an op whose rule takes it.

    Args:
        op: with whatever attributes.
        inputs: arrays; those that the op reads on the host are constants of the plan.
        in_place: puts outputs over the inputs that `op.reuse` names.
        may_round: lets operands of large products be rounded to bfloat16.

    Returns:
        An array, or a list of them where the op has several outputs.
    """
    arrays = [np.asarray(array) for array in inputs]
    program = Program()
    for position, array in enumerate(arrays):
        if position in op.host_inputs:
            program.constant(array)
        else:
            program.value(TensorType(as_dtype(array.dtype), array.shape))
    outputs = program.emit_many(op, *range(len(arrays)))
    builder = Builder(program, may_round=may_round)
    assert lower_instruction(builder, program.instructions[0]), f"no kernel for {op.label}"
    memory = _Memory()
    for n, array in enumerate(arrays):
        memory.add(n, array.nbytes, array)
    reused = op.reuse if in_place else {}
    for position, n in enumerate(outputs):
        if position in reused:
            place = reused[position]
            memory.share(n, place if isinstance(place, int) else place[0])
        else:
            memory.add(n, program.types[n].size_bytes or 0)
    for k, size_bytes in enumerate(builder.temporaries):
        memory.add(-1 - k, size_bytes, builder.constants.get(-1 - k))
    _run(builder.calls, memory)
    memory.assert_guards()
    results = [memory.read(n, program.types[n]) for n in outputs]
    written = {memory.index[n] for n in outputs}
    for n, array in enumerate(arrays):
        if memory.index[n] not in written:
            same = memory.read(n, program.types[n])
            assert same.tobytes() == array.tobytes(), "an input was overwritten"
    return results[0] if len(results) == 1 else results


def _run(calls: Sequence[KernelCall], memory: _Memory) -> None:
    executor = extension.Executor([(k, GUARD) for k in range(len(memory.buffers))], 64)
    for call in calls:
        buffers = [memory.index[n] for n in (*call.inputs, *call.outputs)]
        executor.add(call.kernel, buffers, list(call.ints), list(call.reals))
    executor.finish()
    executor.instructions = [call.instruction for call in calls]
    extension.poison_arenas(True)
    try:
        executor.run(memory.buffers)
    finally:
        extension.poison_arenas(False)


def assert_near(result: Any, exact: Any, limit: float) -> None:
    """Errors up to `limit` of the largest exact value."""
    result, exact = np.asarray(result), np.asarray(exact)
    assert result.shape == exact.shape
    if exact.size:
        error = np.abs(result.astype(np.float64) - exact).max()
        assert error <= limit * np.abs(exact).max(), error / np.abs(exact).max()


def _same(first: Any, other: Any) -> None:
    for a, b in zip(_listed(first), _listed(other), strict=True):
        np.testing.assert_array_equal(a, b)


def _listed(results: Any) -> list[Array]:
    return results if isinstance(results, list) else [results]


def assert_same_in_place(op: OpDef, *inputs: Any) -> None:
    """Outputs over the inputs that `op.reuse` names have the bits of outputs elsewhere."""
    assert op.reuse
    _same(run_op(op, *inputs), run_op(op, *inputs, in_place=True))


def assert_same_on_any_threads(function: Callable[[], Any]) -> None:
    """`function` gives the same bits on 1, 2, 3 and 4 threads."""
    before = extension.thread_count()
    try:
        results = []
        for count in (1, 2, 3, 4):
            extension.set_thread_count(count)
            results.append(function())
    finally:
        extension.set_thread_count(before)
    for other in results[1:]:
        _same(results[0], other)

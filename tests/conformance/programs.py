"""Programs of a row: valid after every pass, and every instruction keeps its op's promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.core import gradients
from thalweg.core.graph import Operation, Tensor
from thalweg.core.lower import host_feeds, lower
from thalweg.core.passes import PIPELINE
from thalweg.core.plan import make_plan, specialize
from thalweg.core.program import Instruction, Program, verify

from .building import Built, build, differentiate
from .case import Case
from .comparing import assert_value_true
from .drawing import Arrays


def check_programs(case: Case, arrays: Arrays, seed: int) -> None:
    """Programs stay valid after every pass, and each instruction keeps its op's promises."""
    for program, values in _programs(case, arrays, seed):
        verify(program)
        for pass_ in PIPELINE:
            program = pass_(program)
            verify(program)
        special = specialize(program, [value.shape for value in values])
        verify(special)
        interpret(special, values)
        for pass_ in PIPELINE:
            special = pass_(special)
            verify(special)
        interpret(special, values)


def _programs(case: Case, arrays: Arrays, seed: int) -> Iterator[tuple[Program, list[np.ndarray]]]:
    """The row's forward and gradient programs, lowered but not yet rewritten."""
    for built, fetches in _fetches(case, arrays, seed):
        deciding = set(host_feeds(fetches, built.feeds))
        given = {t: v for t, v in zip(built.feeds, built.values, strict=True) if t in deciding}
        yield lower(fetches, built.feeds, given), built.values


def _fetches(case: Case, arrays: Arrays, seed: int) -> Iterator[tuple[Built, list[Tensor]]]:
    built = build(case, arrays, "ranks")
    yield built, list(built.outputs)
    if case.gradient:
        first = differentiate(case, arrays, seed, "ranks")
        found = [g for g in first.gradients if g is not None]
        yield first, [*first.outputs, *found]
        if case.order >= 2 and found:
            with first.graph.as_default():
                second = gradients(found, first.sources + first.projections)
            yield first, [g for g in second if g is not None]


def interpret(program: Program, feeds: Sequence[np.ndarray]) -> Arrays:
    """Runs a program by `compute` alone, and checks each instruction.

    Inputs must not be changed, outputs have exactly the inferred type, and share memory with an
    input only where the op says so.
    """
    values: dict[int, Any] = dict(program.constants)
    for number, array in zip(program.feeds, feeds, strict=True):
        if number is not None:
            values[number] = array
    assert not program.state_in, "rows have no variables"
    with np.errstate(all="ignore"):
        for instruction in program.instructions:
            inputs = [values[n] for n in instruction.inputs]
            before = [np.array(array) for array in inputs]
            result = instruction.opdef.compute(np, *inputs)
            results = result if isinstance(result, tuple) else (result,)
            _check_instruction(program, instruction, inputs, before, results)
            values.update(zip(instruction.outputs, results, strict=True))
    return tuple(np.asarray(values[n]) for n in program.fetches)


def _check_instruction(
    program: Program,
    instruction: Instruction,
    inputs: list[np.ndarray],
    before: list[np.ndarray],
    results: Sequence[Any],
) -> None:
    opdef = instruction.opdef
    for position, (array, copy) in enumerate(zip(inputs, before, strict=True)):
        same = (
            array.tolist() == copy.tolist()
            if array.dtype == object
            else (np.asarray(array).tobytes() == copy.tobytes())
        )
        assert same, f"{opdef.label} changed its input {position}"
    assert len(results) == len(instruction.outputs), f"{opdef.label} made {len(results)} outputs"
    for position, (number, result) in enumerate(zip(instruction.outputs, results, strict=True)):
        type_ = program.types[number]
        assert isinstance(result, np.ndarray | np.generic), (
            f"{opdef.label} made a {type(result).__name__}, not an array"
        )
        assert result.dtype == type_.dtype.numpy, f"{opdef.label} made {result.dtype}, not {type_}"
        assert type_.accepts_shape(result.shape), f"{opdef.label} made {result.shape}, not {type_}"
        assert_value_true(type_, np.asarray(result))
        _check_aliases(instruction, position, np.asarray(result), inputs)


def _check_aliases(
    instruction: Instruction, position: int, result: np.ndarray, inputs: list[np.ndarray]
) -> None:
    opdef = instruction.opdef
    data = sorted(set(range(len(inputs))) - opdef.host_inputs)
    for number, array in enumerate(inputs):
        if np.shares_memory(result, array):
            # the memory pass reads the flags so: output 0 of a view lies in the first data input,
            # and all outputs of an op that may alias may do so
            is_told = opdef.may_alias or (opdef.is_view and position == 0)
            assert number == data[0] and is_told, (
                f"{opdef.label}: output {position} shares memory with input {number}, "
                "which the op does not say"
            )


def ops_of(case: Case, arrays: Arrays, seed: int) -> set[str]:
    """Names of the ops that the row's programs hold, before and after the passes."""
    found: set[str] = set()
    for program, values in _programs(case, arrays, seed):
        found.update(i.opdef.label for i in program.instructions)
        for pass_ in PIPELINE:
            program = pass_(program)
            found.update(i.opdef.label for i in program.instructions)
        plan = make_plan(program, [value.shape for value in values])
        found.update(i.opdef.label for i in plan.program.instructions)
        if plan.rest is not None:
            found.update(i.opdef.label for i in plan.rest.program.instructions)
    for built, fetches in _fetches(case, arrays, seed):
        found.update(op.type for op in _reachable(fetches))
        del built
    return found


def _reachable(fetches: Sequence[Tensor]) -> set[Operation]:
    seen: set[Operation] = set()
    stack = [t.op for t in fetches]
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend(t.op for t in op.inputs)
    return seen

"""The checker finds bugs: each of these, planted in the core, within so many programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import function, lower
from thalweg.core.backends.native import executable, extension
from thalweg.core.backends.native.lowered import Lowered
from thalweg.core.backends.native.rules import elementwise
from thalweg.core.backends.native.rules.elementwise import _Chain
from thalweg.core.ops.loops import Scan
from thalweg.core.ops.state import Trace
from thalweg.core.passes import fuse, memory, run_passes, simplify

from .checker import NATIVE, PASSES, Configuration, Report, check, check_traced
from .effects import Note
from .programs import Program
from .reducing import failure, reduced
from .stateful import write_program, write_traced

PROGRAMS = 400
# enough to find all of these, and faster than all
WAYS = [Configuration("numpy"), Configuration("arena"), Configuration("arena", PASSES)]
Plant = Callable[[pytest.MonkeyPatch], None]
Lowering: Any = lower._Lowering
# a module and a function of the same name: the package's attribute is the function
simplify_module: Any = __import__("sys").modules[simplify.__module__]


def reads_see_the_last_write(patch: pytest.MonkeyPatch) -> None:
    plain = Lowering._emit_state

    def emit(self: Any, op: Any, opdef: Any) -> None:
        if opdef.reads_start:
            self._define(op, self._latest(opdef.variable))
        else:
            plain(self, op, opdef)

    patch.setattr(Lowering, "_emit_state", emit)


def no_edge_orders_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lowering, "_note_order", lambda self, op: None)


def fed_edges_order(patch: pytest.MonkeyPatch) -> None:
    plain = Lowering._note_order

    def note(self: Any, op: Any) -> None:
        fed, self.fed = self.fed, set()
        plain(self, op)
        self.fed = fed

    patch.setattr(Lowering, "_note_order", note)


def additions_start_from_the_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lowering, "_latest", Lowering._start)


def operations_overwrite_what_is_fed(patch: pytest.MonkeyPatch) -> None:
    def define(self: Any, op: Any, *outputs: int) -> None:
        self.numbers.update(zip(op.outputs, outputs, strict=True))

    patch.setattr(Lowering, "_define", define)


def fed_arrays_stay_in_programs(patch: pytest.MonkeyPatch) -> None:
    def lowered(self: Any, arrays: Any) -> Any:
        given = {self.feeds[i]: np.asarray(arrays[i]) for i in self._deciding}
        program = lower.lower(self.fetches, self.feeds, given)
        return run_passes(program, self._passes_off), list(program.state_in)

    patch.setattr(function.GraphFunction, "_lower", lowered)


def programs_are_kept_whatever_is_fed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(function, "_host_key", lambda array: ())


def both_sides_of_choices_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lower, "_chosen", lambda op, value: None)


def sizes_are_not_inferred_again(patch: pytest.MonkeyPatch) -> None:
    plain = Lowering.__init__

    def init(self: Any, *args: Any) -> None:
        plain(self, *args)
        self.infer_again = False

    patch.setattr(Lowering, "__init__", init)


def results_are_not_copied(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(memory, "_find_detached", lambda *args: None)


def views_die_alone(patch: pytest.MonkeyPatch) -> None:
    plain = memory._last_readers
    patch.setattr(memory, "_last_readers", lambda program, root: plain(program, {}))


def values_die_one_instruction_early(patch: pytest.MonkeyPatch) -> None:
    plain = memory._last_readers

    def last(program: Any, root: Any) -> Any:
        return {n: max(position - 1, 0) for n, position in plain(program, root).items()}

    patch.setattr(memory, "_last_readers", last)


def anything_may_be_overwritten(patch: pytest.MonkeyPatch) -> None:
    plain = memory._find_reuse
    patch.setattr(
        memory, "_find_reuse", lambda program, plan, *rest: plain(program, plan, {}, set())
    )


def freed_places_are_too_large(patch: pytest.MonkeyPatch) -> None:
    plain = memory._Gaps.give
    patch.setattr(memory._Gaps, "give", lambda self, offset, size: plain(self, offset, size + 64))


def transposes_compose_the_wrong_way(patch: pytest.MonkeyPatch) -> None:
    def rule(rewriter: Any, instruction: Any) -> Any:
        inner = rewriter.made_by(instruction.inputs[0], "Transpose")
        if inner is None:
            return None
        axes = tuple(instruction.opdef.axes[axis] for axis in inner.opdef.axes)
        return rewriter.emit(type(instruction.opdef)(axes), inner.inputs[0])

    patch.setitem(simplify_module.RULES, "Transpose", (rule,))


def casts_of_casts_are_one(patch: pytest.MonkeyPatch) -> None:
    def rule(rewriter: Any, instruction: Any) -> Any:
        inner = rewriter.made_by(instruction.inputs[0], "Cast")
        return rewriter.emit(instruction.opdef, inner.inputs[0]) if inner else None

    patch.setitem(simplify_module.RULES, "Cast", (rule,))


def effects_merge(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Note, "is_pure", True)


def effects_are_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Note, "has_effect", False)


def scans_run_forwards(patch: pytest.MonkeyPatch) -> None:
    plain = Scan.execute

    def execute(self: Any, run: Any, *inputs: Any) -> Any:
        return plain(Scan(self.bodies, self.carries, self.xs, False), run, *inputs)

    patch.setattr(Scan, "execute", execute)


def values_of_variables_are_not_copied(patch: pytest.MonkeyPatch) -> None:
    def load(self: Any, variable: Any, value: Any) -> None:
        self._values[variable] = self._home(variable).put(np.asarray(value))

    patch.setattr(core.Session, "load", load)


@pytest.mark.slow
@pytest.mark.parametrize(
    "plant",
    [
        reads_see_the_last_write,
        no_edge_orders_anything,
        fed_edges_order,
        additions_start_from_the_start,
        operations_overwrite_what_is_fed,
        fed_arrays_stay_in_programs,
        programs_are_kept_whatever_is_fed,
        both_sides_of_choices_run,
        sizes_are_not_inferred_again,
        results_are_not_copied,
        views_die_alone,
        values_die_one_instruction_early,
        anything_may_be_overwritten,
        freed_places_are_too_large,
        transposes_compose_the_wrong_way,
        casts_of_casts_are_one,
        effects_merge,
        effects_are_dropped,
        scans_run_forwards,
        values_of_variables_are_not_copied,
    ],
    ids=lambda plant: plant.__name__,
)
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert any(failure(run, write_program(number)) for number in range(PROGRAMS))


def run(program: Program) -> Report:
    return check(program, WAYS)


# Of the engine ----------------------------------------------------------------------------------


def groups_stand_where_they_begin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fuse, "_in_order", lambda program, items: list(items))


def groups_forget_who_reads_them(patch: pytest.MonkeyPatch) -> None:
    def fused(program: Any, members: Any, needed: Any) -> Any:
        return fuse._fused(program, members, [members[-1].outputs[0]], fuse._overwritable)

    patch.setattr(fuse, "_fused_group", fused)


def registers_are_free_one_step_early(patch: pytest.MonkeyPatch) -> None:
    plain = _Chain._last_uses

    def last(self: Any) -> Any:
        return {n: max(position - 1, 0) for n, position in plain(self).items()}

    patch.setattr(_Chain, "_last_uses", last)


def parts_lie_at_the_start(patch: pytest.MonkeyPatch) -> None:
    plain = elementwise.parts_of

    def parts_of(program: Any, instruction: Any) -> Any:
        parts = plain(program, instruction)
        return parts and [part._replace(offset=0) for part in parts]

    patch.setattr(elementwise, "parts_of", parts_of)


def what_variables_give_stays(patch: pytest.MonkeyPatch) -> None:
    plain = executable._Prologue.arrays_for

    def arrays_for(self: Any, state: Any) -> Any:
        return self._kept[0][1] if self._kept else plain(self, state)

    patch.setattr(executable._Prologue, "arrays_for", arrays_for)


def temporaries_lie_over_the_arena(patch: pytest.MonkeyPatch) -> None:
    plain = Lowered.place_temporaries
    patch.setattr(Lowered, "place_temporaries", lambda self, start: plain(self, 0))


@pytest.mark.slow
@pytest.mark.skipif(extension is None, reason="the engine is not built")
@pytest.mark.parametrize(
    "plant",
    [
        groups_stand_where_they_begin,
        groups_forget_who_reads_them,
        registers_are_free_one_step_early,
        parts_lie_at_the_start,
        what_variables_give_stays,
        temporaries_lie_over_the_arena,
    ],
    ids=lambda plant: plant.__name__,
)
def test_a_bug_planted_in_the_engine_is_found(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert any(
        failure(lambda program: check(program, NATIVE), write_program(number))
        for number in range(PROGRAMS)
    )


def test_a_trace_that_forgets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def record(self: Any, variable: Any, result: Any) -> None:
        self.writes.append(result.op)

    monkeypatch.setattr(Trace, "record", record)
    assert any(failure(check_traced, write_traced(number)) for number in range(10))


def test_a_failing_program_becomes_small(monkeypatch: pytest.MonkeyPatch) -> None:
    additions_start_from_the_start(monkeypatch)
    programs = map(write_program, range(100))
    program = next(program for program in programs if failure(run, program))
    small = reduced(run, program)
    assert failure(run, small) == failure(run, program)
    assert len(small.steps) * 2 < len(program.steps)
    assert str(small).startswith("import numpy as np\nimport thalweg.core as core\n")

"""Makes a failing program small: takes away all that can go while it still fails the same way."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from .programs import Program, Run, Statement, Step

__all__ = ["failure", "reduced"]

T = TypeVar("T")
Failure = tuple[type[BaseException], str, int | None]


def failure(run: Callable[[Program], Any], program: Program) -> Failure | None:
    """How a program fails: the error's class, and the line that raised it; None if it does not."""
    try:
        run(program)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return type(error), last.filename, last.lineno
    return None


def reduced(run: Callable[[Program], Any], program: Program) -> Program:
    """The smallest program found that fails as this one does."""
    wanted = failure(run, program)
    before = None
    while program != before:
        before = program
        program = _shortened(program, lambda p: failure(run, p) == wanted)
        program = _bypassed(program, lambda p: failure(run, p) == wanted)
    return program


def _shortened(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Without steps, without lines of statements, without fetches and feeds."""
    steps = _minimal(program.steps, lambda steps: fails(Program(tuple(steps))))
    position = len(steps)
    while position:
        position -= 1
        for smaller in _smaller(steps[position]):
            changed = [*steps[:position], smaller, *steps[position + 1 :]]
            if fails(Program(tuple(changed))):
                steps = changed
                position += 1  # once more
                break
    return Program(tuple(steps))


def _bypassed(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Without values in whose place one that they are made of does as well."""
    for name, operand in _detours(program):
        steps = [_renamed(step, name, operand) for step in program.steps]
        changed = Program(tuple(step for step in steps if str(step)))
        if fails(changed):
            return changed
    return program


def _detours(program: Program) -> Iterator[tuple[str, str]]:
    """Pairs of a value and one that it is made of."""
    for step in program.steps:
        if isinstance(step, Statement):
            for name, text in re.findall(r"^ *(v\d+) = (.*)$", step.text, re.MULTILINE):
                for operand in re.findall(r"\b[vwxk]\d+\b", text):
                    yield name, operand


def _renamed(step: Step, name: str, other: str) -> Step:
    """The step without the line that makes a value, and another one wherever it was used."""
    word = re.compile(rf"\b{name}\b")
    if isinstance(step, Statement):
        lines = [
            line for line in step.text.split("\n") if not line.lstrip().startswith(f"{name} =")
        ]
        return Statement(word.sub(other, "\n".join(lines)))
    if isinstance(step, Run):
        feeds = {word.sub(other, key): array for key, array in step.feeds}
        fetches = tuple(word.sub(other, fetch) for fetch in step.fetches)
        return replace(step, fetches=fetches, feeds=tuple(feeds.items()))
    return step


def _minimal(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Takes away runs of items, long ones first, from the last to the first."""
    kept = list(items)
    length = len(kept)
    while length:
        end = len(kept)
        while end > 0:
            start = max(0, end - length)
            rest = kept[:start] + kept[end:]
            if fails(rest):
                kept = rest
            end = start
        length //= 2
    return kept


def _smaller(step: Step) -> Iterator[Step]:
    """Steps that say a little less."""
    if isinstance(step, Statement):
        lines = step.text.split("\n")
        for i, line in enumerate(lines):
            depth = _depth(line)
            end = next((j for j in range(i + 1, len(lines)) if _depth(lines[j]) <= depth), None)
            inner = lines[i + 1 : end]
            after = [] if end is None else lines[end:]
            if inner and line.lstrip().startswith("with core."):
                yield Statement("\n".join([*lines[:i], *(text[4:] for text in inner), *after]))
            if len(lines) > 1:
                yield Statement("\n".join([*lines[:i], *after]))
    elif isinstance(step, Run):
        for i in range(len(step.fetches)):
            yield replace(step, fetches=step.fetches[:i] + step.fetches[i + 1 :])
        for i in range(len(step.feeds)):
            yield replace(step, feeds=step.feeds[:i] + step.feeds[i + 1 :])
        if step.is_sparse:
            yield replace(step, is_sparse=False)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())

"""Packing the arena: the same places as by search through all gaps, and near-linear work."""

import hypothesis
import hypothesis.strategies as st
import pytest
from counting import lines_run

import thalweg.core as core
from thalweg.core.lower import lower
from thalweg.core.passes.memory import _Gaps, plan_memory
from thalweg.core.plan import specialize


class SearchedGaps:
    """The specification: a list of free pieces, searched from end to end."""

    def __init__(self):
        self.top = 0
        self.free = []

    def take(self, size):
        fitting = [(gap, offset) for offset, gap in self.free if gap >= size]
        if fitting:
            gap, offset = min(fitting)
            self.free.remove((offset, gap))
            rest = (offset + size, gap - size)
            self.free += [rest] if rest[1] else []
            return offset
        last = max(self.free, default=(0, 0))
        if sum(last) == self.top and last in self.free:
            self.free.remove(last)
            self.top = last[0]
        self.top += size
        return self.top - size

    def give(self, offset, size):
        for piece in sorted(self.free):
            if sum(piece) == offset or piece[0] == offset + size:
                self.free.remove(piece)
                offset, size = min(offset, piece[0]), size + piece[1]
        self.free.append((offset, size))


@hypothesis.given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=60))
def test_gaps_are_those_of_a_search_through_all(actions):
    gaps, searched = _Gaps(), SearchedGaps()
    held = []
    for takes, number in actions:
        if takes or not held:
            offset = gaps.take(number)
            assert offset == searched.take(number)
            held.append((offset, number))
        else:
            piece = held.pop(number % len(held))
            gaps.give(*piece)
            searched.give(*piece)
        assert gaps.top == searched.top


class Counted(int):
    """A number that counts how often one of its kind is compared."""

    comparisons = 0

    def _counting(name):
        def method(self, other):
            if name in ("__add__", "__radd__", "__sub__", "__rsub__"):
                return Counted(getattr(int, name)(self, other))
            Counted.comparisons += 1
            return getattr(int, name)(self, other)

        return method

    for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
        locals()[_name] = _counting(_name)
    for _name in ("__add__", "__radd__", "__sub__", "__rsub__"):
        locals()[_name] = _counting(_name)
    __hash__ = int.__hash__


@pytest.fixture
def comparisons():
    """A function that says how many comparisons there were since it was last asked."""

    def asked():
        count, Counted.comparisons = Counted.comparisons, 0
        return count

    asked()
    return asked


def test_a_gap_among_three_thousand_is_found_by_a_binary_search(comparisons):
    gaps = _Gaps()
    pieces = [(gaps.take(Counted(size)), Counted(size)) for size in range(1, 6001)]
    for offset, size in pieces[::2]:
        gaps.give(offset, size)
    assert len(gaps._sorted) == 3000
    comparisons()
    for size in range(1, 3001):
        gaps.take(Counted(size))
    assert comparisons() / 3000 < 100  # three searches of 12 steps, each of two comparisons or so


def growing(count):
    """About `count` instructions; every other value dies at once and leaves a gap too small for
    all that follow, while its neighbours live to the end."""
    with core.Graph().as_default():
        x = core.placeholder("float32", [None])
        kept, total = [], core.zeros([])
        for i in range(1, count // 7 + 1):
            kept.append(core.exp(x[: 16 * i]))
            total = total + core.reduce_sum(core.exp(x[: 16 * i + 16]))
        for value in kept:
            total = total + core.reduce_max(value)
        return specialize(lower([total], [x]), [(16 * count,)])


def test_planning_memory_is_linear_in_the_program():
    small, large = growing(750), growing(3000)
    sizes = [len(program.instructions) for program in (small, large)]
    assert sizes[1] > 2900 and sizes[1] / sizes[0] > 3.9
    lines = [lines_run(plan_memory, program)[0] for program in (small, large)]
    assert lines[1] / lines[0] < 1.1 * sizes[1] / sizes[0]

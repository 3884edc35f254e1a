"""Ops with effects, and ops that run on the host, on NumPy and on a device."""

from __future__ import annotations

from typing import Any, ClassVar

import conformance.strict  # noqa: F401  (registers its backend)
import numpy as np
import pytest

from thalweg import core
from thalweg.core import OpDef, Session, TensorType, apply, apply_many
from thalweg.core.opdef import no_gradient

SEEN: list[tuple[str, float]] = []


class Note(OpDef):
    """Notes its input in `SEEN`."""

    word: str
    has_effect: ClassVar[bool] = True
    is_pure: ClassVar[bool] = False
    runs_on_host: ClassVar[bool] = True

    def infer(self, x: TensorType) -> tuple[TensorType, ...]:
        return ()

    def compute(self, xp: Any, x: Any) -> Any:
        assert xp is np and isinstance(x, np.ndarray)
        if self.word == "fail":
            raise core.DataError("note", "was told to fail")
        SEEN.append((self.word, float(x)))
        return ()

    gradient = no_gradient


class Host(OpDef):
    """Doubles its input on the host."""

    runs_on_host: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        assert xp is np and isinstance(x, np.ndarray)
        return x * 2


def note(word: str, x: Any) -> core.Operation:
    return apply_many(Note(word), core.convert(x))


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def test_effects_run_once_in_creation_order(backend: str) -> None:
    x = core.placeholder("float32", [])
    first = note("first", x)
    y = x * 2.0
    with core.control_dependencies([first]):
        second = note("second", y)
    third = note("first", x)
    session = Session(backend=backend)
    session.run([third, second, y], {x: 1.0})
    assert SEEN == [("first", 1.0), ("second", 2.0), ("first", 1.0)]


def test_effects_that_are_not_needed_do_not_run() -> None:
    x = core.placeholder("float32", [])
    note("never", x)
    with core.control_dependencies([note("with y", x)]):
        y = core.identity(x)
    session = Session()
    session.run(x + 1.0, {x: 1.0})
    assert SEEN == []
    session.run([y, y * 2.0], {x: 1.0})
    assert SEEN == [("with y", 1.0)]


def test_effects_of_constants_are_not_folded() -> None:
    operation = note("constant", 3.0)
    session = Session()
    session.run(operation)
    session.run(operation)
    assert SEEN == [("constant", 3.0)] * 2


def test_effects_keep_their_order_where_sizes_depend_on_data() -> None:
    x = core.placeholder("float32", [])
    late = core.fill([core.cast(x, "int32")], 1.0)
    operations = [note("a", x), note("b", core.reduce_sum(late)), note("c", x)]
    Session().run(operations, {x: 3.0})
    assert SEEN == [("a", 3.0), ("b", 3.0), ("c", 3.0)]


def test_errors_of_effects_say_where() -> None:
    operation = note("fail", 1.0)
    with pytest.raises(core.DataError) as error:
        Session().run(operation)
    assert "node      'Note" in str(error.value)
    assert "made at   test_effects.py" in str(error.value)


def test_a_run_that_fails_after_a_write_changes_nothing(backend: str) -> None:
    table, w = core.Variable(np.zeros((2, 3), np.float32)), core.Variable(np.ones(3, np.float32))
    put = core.scatter_add(table, [1], [[1.0, 2.0, 3.0]])
    one = core.constant(1.0)
    [stepped], _ = core.update(core.SgdRule(), one, one, [w.value()], [core.ones([3])], [])
    written = w.assign(stepped)
    failing = note("fail", core.reduce_sum(put) + core.reduce_sum(written))
    session = Session(backend=backend)
    with pytest.raises(core.DataError, match="told to fail"):
        session.run([put, written, failing])
    assert not session.value(table).any() and session.value(w).tolist() == [1.0, 1.0, 1.0]


def test_host_ops_between_device_ops(backend: str) -> None:
    x = core.placeholder("float32", [None])
    y = apply(Host(), x + 1.0) - 1.0
    session = Session(backend=backend)
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [3.0, 5.0]
    assert "compute on the host" in session.explain(y, {x: [1.0, 2.0]})


def test_strings_stay_on_the_host() -> None:
    words = core.placeholder("string", [None])
    variable = core.Variable(np.array(["a"], object), dtype="string")
    session = Session(backend="strict")
    picked, kept = session.run([core.gather(words, [1]), variable], {words: ["x", "y"]})
    assert picked.tolist() == [b"y"] and kept.tolist() == [b"a"]

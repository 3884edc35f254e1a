"""The rules of state, one test a sentence of core/ops/state.py."""

import gc
import threading
import weakref

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, Variable


@pytest.fixture
def session():
    with core.Graph().as_default():
        yield Session()


def test_a_read_sees_the_start_of_the_run(session):
    w = Variable(1.0)
    assert session.run([w, w.assign(5.0)]) == [1.0, 5.0]
    assert session.run(w) == 5.0


def test_a_read_after_a_control_edge_sees_the_write(session):
    w = Variable(1.0)
    write = w.assign(5.0)
    with core.control_dependencies([write]):
        after = w.read_value()
    assert session.run([w, after]) == [1.0, 5.0]


def test_a_read_after_two_ordered_writes_sees_the_last(session):
    w = Variable(1.0)
    first = w.assign(2.0)
    with core.control_dependencies([first]):
        second = w.assign_add(10.0)
    with core.control_dependencies([second]):
        after = w.read_value()
    assert session.run(after) == 12.0


def test_a_read_ordered_after_one_of_two_writes_sees_that_one(session):
    w = Variable(1.0)
    first = w.assign(2.0)
    with core.control_dependencies([first]):
        after = w.read_value()
    last = w.assign(3.0)
    assert session.run([after, last]) == [2.0, 3.0]
    assert session.run(w) == 3.0


def test_unordered_writes_take_creation_order(session):
    w = Variable(1.0)
    first, second = w.assign(2.0), w.assign(3.0)
    session.run([second, first])
    assert session.run(w) == 3.0


def test_unordered_additions_compose(session):
    w = Variable(1.0)
    session.run([w.assign_add(2.0), w.assign_sub(10.0), w.assign_add(0.5)])
    assert session.run(w) == -6.5


def test_only_what_the_fetches_need_is_written(session):
    w = Variable(1.0)
    write = w.assign(2.0)
    session.run(w)
    assert session.run(w) == 1.0
    session.run(write.op)
    assert session.run(w) == 2.0


def test_a_fed_write_does_not_happen(session):
    w = Variable(1.0)
    write = w.assign(2.0)
    assert session.run(write * 2.0, {write: 7.0}) == 14.0
    assert session.run(w) == 1.0


def test_what_is_fed_stays_fed_where_its_operation_runs_too(session):
    w = Variable(1.0)
    write = w.assign(2.0)
    with core.control_dependencies([write]):
        after = w.read_value()
    assert session.run([write * 2.0, after], {write: 7.0}) == [14.0, 2.0]
    total = core.add(w, 1.0)
    assert session.run([total, total.op], {total: 9.0}) == [9.0, None]


def test_a_fed_placeholder_may_stand_in_control_dependencies(session):
    x = core.placeholder("float32", [])
    with core.control_dependencies([x]):
        y = core.constant(2.0)
    assert session.run([y, x.op, core.group(x)], {x: 1.0}) == [2.0, None, None]
    with pytest.raises(core.FeedError, match="a placeholder is not fed"):
        session.run(core.group(x))


def test_feeding_a_write_cuts_the_edge_from_it(session):
    w = Variable(1.0)
    write = w.assign(2.0)
    with core.control_dependencies([write * 1.0]):
        after = w.read_value()
    assert session.run([after, write.op], {write: 7.0})[0] == 1.0
    assert session.run([after, write.op])[0] == 2.0


def test_the_side_that_a_choice_does_not_take_orders_nothing(session):
    takes = core.placeholder("bool", [])
    w = Variable(1.0)
    write = w.assign(5.0)
    with core.control_dependencies([core.choose(takes, write, w)]):
        after = w.read_value()
    assert session.run([after, write.op], {takes: False})[0] == 1.0
    assert session.run([after, write.op], {takes: True})[0] == 5.0


def test_inside_a_trace_reads_and_writes_thread_in_program_order(session):
    w = Variable(1.0)
    trace = core.Trace()
    with trace.open():
        before = w + 0.0
        w.assign(w * 10.0)
        w.assign_add(1.0)
        after = w + 0.0
    assert session.run([before, after]) == [1.0, 11.0]
    assert len(trace.writes) == 2
    session.run(trace.writes)
    assert session.run(w) == (11.0 * 10.0) + 1.0  # both runs wrote


def test_swapping_two_variables(session):
    a, b = Variable(1.0), Variable(2.0)
    session.run([a.assign(b), b.assign(a)])
    assert session.run([a, b]) == [2.0, 1.0]


def test_an_assigned_feed_is_copied(session):
    w = Variable(np.zeros(3, np.float32))
    x = core.placeholder("float32", [3])
    value = np.ones(3, np.float32)
    session.run(w.assign(x).op, {x: value})
    value[:] = 7
    assert session.run(w).tolist() == [1, 1, 1]


def test_a_fed_value_that_decides_is_copied(session):
    takes = core.placeholder("bool", [])
    fetches = [core.choose(takes, 1.0, 2.0), takes]
    flag = np.array(True)
    assert session.run(fetches, {takes: flag}) == [1, True]
    flag[...] = False
    assert session.run(fetches, {takes: np.array(True)}) == [1, True]
    assert session.run(fetches, {takes: flag}) == [2, False]


def test_arrays_handed_out_are_copies(session):
    w = Variable(np.zeros(3, np.float32))
    x = core.placeholder("float32", [3])
    fed = np.ones(3, np.float32)
    for fetched in (
        session.run(w),
        session.run(core.identity(w)),
        session.run(core.reshape(w, [3, 1])),
        session.run(w.assign_add(fed)),
        session.value(w),
        session.run(core.identity(x), {x: fed}),
    ):
        fetched[...] = 9
    assert session.run(w).tolist() == [1, 1, 1]
    assert fed.tolist() == [1, 1, 1]
    one, two = session.run([x + 1.0, core.identity(x + 1.0)], {x: fed})
    one[...] = 0
    assert two.tolist() == [2, 2, 2]


def test_initial_values_are_computed_at_first_use_once_a_session(session):
    calls = []

    def initial():
        calls.append(1)
        return np.float32(3)

    w = Variable(initial, dtype="float32", shape=())
    assert not session.is_initialized(w)
    assert session.run(w) == 3 and session.run(w) == 3 and len(calls) == 1
    other = Session()
    other.load(w, 8.0)
    assert (other.run(w), session.run(w)) == (8, 3)
    assert len(calls) == 1


def test_initial_values_may_read_other_variables(session):
    a = Variable(2.0)
    b = Variable(a.value() * 10.0)
    assert session.run(b) == 20
    session.load(a, 5.0)
    session.run(b.initializer)
    assert session.run(b) == 50


def test_passes_do_not_decide_when_a_variable_gets_its_value():
    with core.Graph().as_default():
        a = Variable(1.0)
        b = Variable(a.value() * 10.0)
        for off in ([], ["simplify", "fold", "merge"]):
            session = Session(passes_off=off)
            session.run(core.group(b))  # reads it, though nothing is made of it
            session.load(a, 5.0)
            assert session.run(b) == 10.0


def test_a_value_assigned_while_the_initial_one_is_computed_stays(session):
    def initial():
        thread = threading.Thread(target=session.run, args=[assign])
        thread.start()
        thread.join()
        return np.float32(1)

    w = Variable(initial, dtype="float32", shape=())
    assign = w.assign(5.0).op
    assert session.run([w, w + 1.0]) == [5, 6]
    assert session.run(w) == 5


def test_sessions_have_values_of_their_own(session):
    w = Variable(1.0)
    other = Session()
    session.run(w.assign(2.0).op)
    assert (session.run(w), other.run(w)) == (2, 1)


def test_counting_happens_only_where_the_draw_is_needed(session):
    condition = core.placeholder("bool", [])
    draw = core.random_uniform([4])
    y = core.choose(condition, draw, core.zeros([4]))
    first = session.run(draw)
    fresh = Session()
    fresh.run(y, {condition: False})
    assert fresh.run(y, {condition: True}).tolist() == first.tolist()
    assert fresh.run(y, {condition: True}).tolist() != first.tolist()


def test_choose_runs_one_side(session):
    condition = core.placeholder("bool", [])
    w = Variable(1.0)
    y = core.choose(condition, w.assign_add(1.0), core.identity(w))
    assert session.run(y, {condition: False}) == 1
    assert session.run(y, {condition: False}) == 1
    assert session.run(y, {condition: True}) == 2
    assert session.run(w) == 2


def test_choose_by_a_default_and_by_a_size(session):
    training = core.placeholder_with_default(False, [])
    y = core.choose(core.logical_not(training), 1.0, 2.0)
    assert session.run(y) == 1 and session.run(y, {training: True}) == 2
    x = core.placeholder("float32", [None])
    wide = core.choose(core.shape_of(x)[0] > 2, x, -x)
    assert session.run(wide, {x: [1.0]}).tolist() == [-1]
    assert session.run(wide, {x: [1.0, 1, 1]}).tolist() == [1, 1, 1]


def test_values_die_with_their_variable(session):
    w = Variable(np.zeros(10))
    session.run(w)
    alive = weakref.ref(w)
    with core.Graph().as_default():
        del w
    # the session's graph still reads it; a graph that dies takes it along
    session.close()
    assert alive() is not None
    with core.Graph().as_default():
        v = Variable(np.zeros(10))
        other = Session()
        other.run(v)
        alive = weakref.ref(v)
        del v
    gc.collect()
    assert alive() is None
    assert len(other._values) == 0


def test_concurrent_additions_are_not_lost(session):
    w = Variable(0.0)
    add = w.assign_add(1.0).op
    session.run(add)

    def work():
        for _ in range(100):
            session.run(add)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.run(w) == 801


def test_a_value_of_another_type_is_refused():
    with core.Graph().as_default():
        w = Variable(np.zeros(3, np.float32), name="w")
        with pytest.raises(core.ShapeError) as error:
            w.assign([1.0, 2.0])
        assert "expected  float32 (3,), the type of variable 'w'" in str(error.value)
        assert "got       float32 (2,)" in str(error.value)
        assert "test_state.py" in str(error.value)
        with pytest.raises(core.ShapeError, match="another shape"):
            Session().load(w, np.zeros(4))
        with pytest.raises(core.DtypeError):
            Session().load(w, ["a", "b", "c"])


def test_what_only_sizes_can_tell_is_checked_by_the_plan():
    with core.Graph().as_default():
        w = Variable(np.zeros(3, np.float32), name="w")
        x = core.placeholder("float32", [None])
        write = w.assign(x)
        with pytest.raises(core.ShapeError, match="does not fit the variable"):
            Session().run(write, {x: [1.0, 2.0]})
        assert Session().run(write, {x: [1.0, 2.0, 3.0]}).tolist() == [1, 2, 3]


def test_what_a_function_draws_does_not_depend_on_who_is_initialised_with_it():
    def draws():
        return core.random_normal([4])

    core.set_seed(3)
    one, two = (
        core.Variable(draws, dtype="float32", shape=[4]),
        core.Variable(draws, dtype="float32", shape=[4]),
    )
    together = Session()
    both = together.run([one, two])
    alone = [Session().run(variable) for variable in (two, one)][::-1]
    np.testing.assert_array_equal(both, alone)


def test_equal_initial_values_are_not_one_array():
    one, two = (core.Variable(lambda: core.zeros([3]), dtype="float32", shape=[3]) for _ in "12")
    session = Session()
    session.run([one, two])
    session.run(one.assign_add([1.0, 1.0, 1.0]))
    assert session.run([one, two])[1].tolist() == [0.0, 0.0, 0.0]


def test_all_variables_of_a_run_are_initialised_by_one_program(monkeypatch):
    runs = []
    call = Session._execute
    monkeypatch.setattr(
        Session, "_execute", lambda self, *args: runs.append(args) or call(self, *args)
    )
    start = {"dtype": "float32", "shape": [2]}
    variables = [core.Variable(lambda: core.ones([2]), **start) for _ in range(5)]
    assert float(Session().run(core.add_n([v.value() for v in variables]))[0]) == 5.0
    assert len(runs) == 2  # the sum, and all that it reads


@pytest.mark.parametrize("is_function", [False, True])
def test_a_variable_that_another_starts_from_is_drawn_once(is_function):
    start = {"dtype": "float32", "shape": [2]}
    core.set_seed(5)
    first = core.Variable(lambda: core.random_normal([2]), **start)
    initial = (lambda: first.value() * 2.0) if is_function else first.value() * 2.0
    second = core.Variable(initial, **start)
    draws = []
    session = Session()
    session._computed = lambda function, compute=session._computed: (
        draws.append(function) or compute(function)
    )
    values = session.run([second, first])
    np.testing.assert_array_equal(values[0], 2 * values[1])
    assert len(draws) == 2  # each is computed once

"""Session.run: fetches, feeds, callables, explain, errors, cost."""

import collections

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session


@pytest.fixture(autouse=True)
def graph():
    with core.Graph().as_default() as context:
        yield context.graph


def test_fetches_nest_and_feeds_may_be_any_tensor(graph):
    x = core.placeholder("float32", [], name="x")
    y = core.multiply(x, 2.0, name="y")
    z = y + 1.0
    session = Session()
    point = collections.namedtuple("point", "a b")
    feed = {x: 3.0}
    assert session.run({"y": y, "both": [y, (z, "y:0")]}, feed) == {
        "y": 6.0,
        "both": [6.0, (7.0, 6.0)],
    }
    assert session.run(point(y, z), feed) == point(6.0, 7.0)
    assert session.run(y.op, feed) is None
    assert session.run([], feed) == []
    assert session.run(z, {y: 10.0}) == 11.0  # x is not needed, nor fed
    assert session.run(z, {"y:0": 10.0}) == 11.0
    assert session.run([x, y], {x: 1.0, y: 5.0}) == [1.0, 5.0]


def test_a_fed_shape_or_constant_counts(graph):
    x = core.placeholder("float32", [None])
    sizes = core.constant([2, 3], name="sizes")
    y = core.reshape(x, sizes)
    session = Session()
    assert session.run(y, {x: np.arange(6)}).shape == (2, 3)
    assert session.run(y, {x: np.arange(6), sizes: [3, 2]}).shape == (3, 2)
    assert session.run(core.shape_of(y), {x: np.arange(6), sizes: [6, 1]}).tolist() == [6, 1]


def test_strings():
    session = Session()
    assert session.run(core.constant("Hello")) == b"Hello"
    assert session.run(core.constant(["a", b"bc"])).tolist() == [b"a", b"bc"]


def test_unknown_rank(graph):
    x = core.placeholder("float32")
    y = core.placeholder("float32")
    [dx, dy] = core.gradients(core.reduce_sum(x * y), [x, y])
    session = Session()
    feed = {x: np.ones((2, 3)), y: np.arange(3)}
    assert session.run(x * y, feed).shape == (2, 3)
    assert session.run(dx, feed).tolist() == [[0, 1, 2]] * 2
    assert session.run(dy, feed).tolist() == [2, 2, 2]
    assert session.run(dx, {x: 3.0, y: 4.0}) == 4


def test_a_callable_takes_values_in_order():
    x, y = core.placeholder("float32", []), core.placeholder("float32", [])
    call = Session().make_callable({"sum": x + y, "x": x}, [y, x])
    assert call(1.0, 2.0) == {"sum": 3.0, "x": 2.0}


def test_only_needed_nodes_run():
    x = core.placeholder("float32", [], name="never_fed")
    y = core.constant(1.0)
    _ = x + y
    assert Session().run(y) == 1.0


def test_default_sessions():
    y = core.constant(2.0)
    with pytest.raises(core.GraphError, match="no default session"):
        y.eval()
    with Session() as session:
        assert y.eval() == 2 and core.get_default_session() is session
        with Session() as inner:
            assert core.get_default_session() is inner
        assert core.get_default_session() is session
    assert core.get_default_session() is None
    with pytest.raises(core.GraphError, match="closed"):
        session.run(y)


def test_a_short_batch_makes_a_second_plan_and_many_sizes_warn():
    x = core.placeholder("float32", [None])
    call = Session().make_callable(x * 2.0, [x])
    with pytest.warns(UserWarning, match="9 different sizes"):
        for size in range(1, 30):
            assert call(np.ones(size)).shape == (size,)


def test_a_size_counts_once_whatever_the_backend():
    x = core.placeholder("float32", [None])
    y = x * 2.0
    for backend in ("numpy", "strict"):
        session = Session(backend=backend)
        for size in range(1, 7):  # no warning, which would be an error here
            assert session.run(y, {x: np.ones(size)}).shape == (size,)


def test_passes_may_be_switched_off(graph):
    x = core.placeholder("float32", [None, 3])
    y = core.log(core.softmax(core.reshape(x * 1.0 + 0.0, [-1, 3])))
    value = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    expected = Session().run(y, {x: value})
    for name in ("fold", "merge", "simplify"):
        off = Session(passes_off=[name]).run(y, {x: value})
        np.testing.assert_allclose(off, expected, rtol=1e-6)


def test_explain_shows_the_plan(graph):
    x = core.placeholder("float32", [None, 2], name="x")
    text = Session(backend="numpy").explain(core.log(core.softmax(x)), {x: np.zeros((3, 2))})
    assert "LogSoftmax(%0)" in text and "float32 (3, 2)" in text
    assert "1 instructions: compute on numpy" in text and "arena" in text


@pytest.mark.parametrize(
    ("feed", "lines"),
    [
        ({}, ["a placeholder is not fed", "expected  a value of float32 (None, 784)",
              "node      'x'", "hint      pass feed_dict={x: value}"]),
        ({"x:0": np.zeros(784)}, ["another shape", "got       float64 (784,)",
                                  "hint      one sample? value[None] adds the batch axis"]),
        ({"x:0": np.zeros((1, 784), complex)}, ["complex128"]),
        ({"x:0": "text"}, ["not an array of float32"]),
        ({"x:0": [[1, 2], [3]]}, ["not a rectangular array"]),
        ({"y:0": 0}, ["no operation of this name"]),
        ({"x": np.zeros((1, 784))}, ["an operation cannot be fed", "such as 'x:0'"]),
    ],
)  # fmt: skip
def test_bad_feeds(feed, lines):
    x = core.placeholder("float32", [None, 784], name="x")
    with pytest.raises(core.ThalwegError) as error:
        Session().run(x * 2.0, feed)
    for line in lines:
        assert line in str(error.value)


def test_bad_fetches(graph):
    y = core.constant(1.0, name="answer")
    session = Session(graph=graph)
    with core.Graph().as_default():
        stranger = core.constant(2.0, name="stranger")
    with pytest.raises(core.GraphError) as error:
        session.run(stranger)
    assert "not an element of this session's graph" in str(error.value)
    assert "'stranger:0' of another graph" in str(error.value)
    assert "test_session.py" in str(error.value)
    with pytest.raises(core.GraphError, match="tensors of different graphs"):
        Session().run([y, stranger])
    with pytest.raises(core.GraphError, match="did you mean 'answer'"):
        session.run("anwser")
    with pytest.raises(core.GraphError, match=r"expected  answer:0"):
        session.run("answer:1")
    with pytest.raises(core.GraphError, match="cannot be fetched"):
        session.run(3.5)


def test_a_symbol_has_no_value():
    x = core.placeholder("float32", [2], name="x")
    for use in (bool, float, int, np.asarray, lambda t: [1, 2, 3][t]):
        with pytest.raises((core.GraphError, TypeError)):
            use(x)
    with pytest.raises(core.GraphError, match=r"Session.run\(tensor\) gives its value"):
        bool(x)
    assert isinstance(np.ones(2, np.float32) * x, core.Tensor)


def test_errors_at_building_name_the_line():
    x = core.placeholder("float32", [None, 784], name="x")
    with core.name_scope("tower"), pytest.raises(core.ShapeError) as error:
        core.matmul(x, np.zeros((512, 10), np.float32), name="product")
    text = str(error.value)
    assert "node      'tower/product'" in text
    assert "got       a float32 (None, 784), b float32 (512, 10)" in text
    assert "test_session.py" in text and "core.matmul(x" in text


def test_errors_at_planning_name_the_line():
    x = core.placeholder("float32", [None, None], name="x")
    y = core.matmul(x, np.zeros((512, 10), np.float32), name="product")
    with pytest.raises(core.ShapeError) as error:
        Session().run(y, {x: np.zeros((1, 3))})
    assert "node      'product'" in str(error.value)
    assert "made at   test_session.py" in str(error.value)


def test_sizes_may_depend_on_data():
    x = core.placeholder("float32", [None])
    w = core.Variable(3)
    y = core.reshape(x, core.stack([w.value(), -1])) + 1.0
    session = Session()
    assert session.run(y, {x: np.zeros(6)}).shape == (3, 2)
    session.load(w, 2)
    assert session.run([y, w], {x: np.zeros(6)})[0].shape == (2, 3)
    assert "then, when its sizes are known" in session.explain(y, {x: np.zeros(6)})


def test_what_waits_for_sizes_writes_variables_too():
    counts = core.placeholder("int32", [None])
    total = core.Variable(0.0)
    size = core.reduce_max(counts)
    filled = core.fill([size, 2], 1.5)
    write = total.assign_add(core.reduce_sum(filled))
    session = Session()
    for given, expected in (([1, 3], 9.0), ([2], 15.0), ([3, 1], 24.0)):
        result = session.run([write, filled], {counts: given})
        assert float(result[0]) == float(session.run(total)) == expected
        assert result[1].shape == (max(given), 2)


def test_a_write_inside_a_read_is_refused_and_does_not_hang():
    w = core.Variable(1.0)
    write = w.assign_add(1.0)
    session = Session()

    def outer(x):
        return session.run(write) + x

    y = core.py_func(outer, [w.value()], "float32")
    with pytest.raises(core.GraphError) as error:
        session.run(y)
    assert "starts another one that writes variables" in str(error.value)
    assert "made at   test_session.py" in str(error.value)
    both = [y, write]
    assert [float(v) for v in session.run(both)] == [3.0, 2.0]


def test_lists_with_tensors_in_them_are_tensors():
    x = core.placeholder("float32", [], name="x")
    w = core.Variable(5.0)
    session = Session()
    assert session.run(core.reduce_sum([x, 2.0, w]), {x: 1.0}) == 8.0
    packed = session.run(core.convert([[x, 2.0], [3, w]]), {x: 1.0})
    assert packed.tolist() == [[1.0, 2.0], [3.0, 5.0]]
    assert session.run(core.matmul([[x]], [[w]]), {x: 2.0}).tolist() == [[10.0]]


def test_an_error_in_what_waits_changes_no_variable():
    size = core.placeholder("float32", [])
    total = core.Variable(1.0)
    other = core.Variable(np.zeros(3, np.float32))
    count = core.cast(size, "int32")
    session = Session()
    writes = [total.assign_add(1.0), core.fill([count], 1.0) + other]
    with pytest.raises(core.ShapeError, match="broadcast"):
        session.run(writes, {size: 4.0})
    assert float(session.run(total)) == 1.0
    assert session.run(writes, {size: 3.0})[1].tolist() == [1.0, 1.0, 1.0]


def test_fed_integers_may_decide_sizes():
    x = core.placeholder("float32", [None])
    n = core.placeholder("int32", [])
    y = core.reshape(x, core.stack([n, -1]))
    session = Session()
    assert session.run(y, {x: np.zeros(6), n: 3}).shape == (3, 2)
    assert session.run(y, {x: np.zeros(6), n: 2}).shape == (2, 3)


def test_finalized_graphs_do_not_grow(graph):
    x = core.placeholder("float32", [])
    graph.finalize()
    with pytest.raises(core.GraphError, match="finalized"):
        x * 2.0


def test_operations_of_the_library_die_with_their_tensors(graph):
    import gc

    with core.library():
        for _ in range(50):
            core.constant(1.0) + core.constant(2.0)
    gc.collect()
    assert len(graph.get_operations()) == 0
    core.constant(1.0)
    gc.collect()
    assert len(graph.get_operations()) == 1

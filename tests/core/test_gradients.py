"""gradients(): the walk itself; each op's own gradient is checked by the conformance suite."""

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, gradients


@pytest.fixture(autouse=True)
def graph():
    with core.Graph().as_default() as context:
        yield context.graph


def run(tensors, feed=None):
    return Session().run(tensors, feed)


def test_contributions_of_all_paths_add_up():
    x = core.constant(3.0)
    y = x * x + core.exp(x) * 2.0 + x
    [g] = gradients(y, [x])
    assert run(g) == pytest.approx(2 * 3 + 2 * np.exp(3) + 1)


def test_several_targets_and_seeds():
    x = core.constant([1.0, 2.0])
    [g] = gradients([x * 2.0, x * x], [x])
    assert run(g).tolist() == [4, 6]
    [g] = gradients([x * 2.0, x * x], [x], grad_ys=[core.constant([1.0, 0.0]), None])
    assert run(g).tolist() == [4, 4]


def test_unconnected_is_none_or_zero():
    x, z = core.constant([1.0, 2.0]), core.constant([3.0])
    assert gradients(x * 2.0, [z]) == [None]
    [g] = gradients(x * 2.0, [z], unconnected_gradients="zero")
    assert run(g).tolist() == [0]


def test_stopped_paths():
    x = core.constant(2.0)
    [g] = gradients(x * core.stop_gradient(x), [x])
    assert run(g) == 2
    y = x * x
    [g] = gradients(y * x, [x], stop_gradients=[y])
    assert run(g) == 4


def test_variables_and_intermediates():
    w = core.Variable(2.0)
    x = core.constant(5.0)
    y = w * x
    [gw, gy] = gradients(y * y, [w, y])
    assert run([gw, gy]) == [2 * 10 * 5, 20]


def test_a_variable_read_twice():
    w = core.Variable(2.0)
    with core.control_dependencies([core.no_op()]):
        again = w.read_value()
    [g] = gradients(w.value() * again * 3.0, [w])
    assert run(g) == 12


def test_gradient_of_a_gradient_of_a_gradient():
    x = core.constant(2.0)
    y = x**4.0
    for expected in (32.0, 48.0, 48.0, 24.0):
        [y] = gradients(y, [x])
        assert run(y) == pytest.approx(expected)


def test_it_flows_through_the_chosen_side_only():
    x = core.constant(3.0)
    condition = core.placeholder("bool", [])
    [g] = gradients(core.choose(condition, x * x, x * 5.0), [x])
    assert run(g, {condition: True}) == 6 and run(g, {condition: False}) == 5


def test_integers_have_no_gradient():
    with pytest.raises(core.DtypeError, match="only floats have gradients"):
        gradients(core.constant(1), [core.constant(1.0)])
    x = core.constant([1.5, 2.5])
    [g] = gradients(core.cast(core.cast(x, "int32"), "float32") + x, [x])
    assert run(g).tolist() == [1, 1]


def test_an_op_without_gradient_names_node_and_line():
    class Opaque(core.OpDef):
        def infer(self, x):
            return x

    x = core.constant(1.0)
    y = core.apply(Opaque(), x, name="opaque")
    with pytest.raises(core.GraphError) as error:
        gradients(y, [x])
    text = str(error.value)
    assert "Opaque: has no gradient" in text and "node      'opaque'" in text
    assert "test_gradients.py" in text and "stop_gradient(x)" in text


def test_gradient_nodes_carry_the_line_of_the_forward_node():
    x = core.placeholder("float32", [None])
    w = core.Variable(np.ones(3, np.float32))
    y = x * w  # the line
    [g] = gradients(y, [w])
    assert g.op.site.line == y.op.site.line


def test_gradient_nodes_stand_in_the_scopes_of_the_forward_nodes():
    x = core.placeholder("float32", [2, 2])
    with core.name_scope("tower"):
        y = core.tanh(core.matmul(x, x, name="inner"), name="outer")
    core.gradients(y, [x])
    names = {op.name for op in y.graph.get_operations()}
    scopes = {name.rpartition("/")[0] for name in names if name.startswith("gradients/")}
    assert scopes == {"gradients", "gradients/tower/inner_grad", "gradients/tower/outer_grad"}


def test_gradient_nodes_die_with_their_tensors(graph):
    import gc

    x = core.constant(2.0)
    y = core.exp(x * 2.0)
    gc.collect()
    before = len(graph.get_operations())
    for _ in range(20):
        gradients(y, [x])
    gc.collect()
    assert len(graph.get_operations()) == before


def test_logits_far_apart_give_no_nan():
    x = core.placeholder("float32", [None, 2])
    y = core.placeholder("float32", [None, 2])
    loss = core.reduce_mean(-core.reduce_sum(y * core.log(core.softmax(x)), axis=[1]))
    [g] = gradients(loss, [x])
    feed = {x: [[0.0, 1e4]], y: [[1.0, 0.0]]}
    value, slope = run([loss, g], feed)
    assert value == 1e4 and slope.tolist() == [[-1, 1]]
    unsafe = Session(passes_off=["simplify"]).run([loss, g], feed)
    assert not np.isfinite(unsafe[0]) and not np.isfinite(unsafe[1]).all()


def test_a_known_shape_stays_known_beside_an_unknown_rank():
    x, w = core.placeholder("float32"), core.placeholder("float32", [3])
    dx, dw = core.gradients(x * w, [x, w])
    assert dx.shape is None and dw.shape == (3,)
    ones = np.ones((2, 3), np.float32)
    assert core.Session().run(dw, {x: ones, w: ones[0]}).tolist() == [2, 2, 2]

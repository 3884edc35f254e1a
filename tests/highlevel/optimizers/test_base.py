"""What the base class does for every optimizer: a step around the formula, and its state."""

from __future__ import annotations

import gc
import math
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    GraphError,
    GraphFunction,
    Operation,
    OptionError,
    Session,
    ShapeError,
    Tensor,
    Trace,
    Update,
    Variable,
    current_session,
    gradients,
    group,
    maximum,
    placeholder,
)
from thalweg.core.updates import UpdateRule
from thalweg.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop


def run(fetches: Any) -> Any:
    return current_session().run(fetches)


def step_of(optimizer: Optimizer, *pairs: tuple[Any, Variable]) -> list[Operation]:
    with Trace().open():
        return optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])


def updates_in(operations: list[Operation]) -> list[Update]:
    found = {tensor.op for op in operations for tensor in op.inputs}
    return [op.opdef for op in found if isinstance(op.opdef, Update)]


# Clipping ----------------------------------------------------------------------------------------


def clipped(**option: float) -> list[np.ndarray]:
    """What a rate of one subtracts from zeros, for gradients (3, 4) and (0, 12)."""
    a, b = Variable([0.0, 0.0]), Variable([0.0, 0.0])
    run(step_of(SGD(1.0, **option), ([3.0, 4.0], a), ([0.0, 12.0], b)))
    return [-value for value in run([a, b])]


def test_clipnorm_bounds_each_gradient() -> None:
    a, b = clipped(clipnorm=6.0)
    np.testing.assert_allclose(a, [3, 4], rtol=1e-6)  # its norm is 5
    np.testing.assert_allclose(b, [0, 6], rtol=1e-6)


def test_global_clipnorm_keeps_proportions() -> None:
    a, b = clipped(global_clipnorm=6.5)  # the norm of all is 13
    np.testing.assert_allclose(a, [1.5, 2], rtol=1e-6)
    np.testing.assert_allclose(b, [0, 6], rtol=1e-6)


def test_global_clipnorm_leaves_short_gradients() -> None:
    a, b = clipped(global_clipnorm=14.0)
    np.testing.assert_allclose([*a, *b], [3, 4, 0, 12], rtol=1e-6)


def test_clipvalue_bounds_each_element() -> None:
    a, b = clipped(clipvalue=3.5)
    np.testing.assert_allclose([*a, *b], [3, 3.5, 0, 3.5], rtol=1e-6)


def test_gradients_of_zero_stay_zero() -> None:
    for option in ("clipnorm", "global_clipnorm"):
        w = Variable([1.0])
        run(step_of(SGD(1.0, **{option: 1.0}), ([0.0], w)))
        assert run(w).tolist() == [1.0]


def test_global_clipnorm_of_infinity_is_nan() -> None:
    a, b = Variable([1.0]), Variable([1.0])
    run(step_of(SGD(1.0, global_clipnorm=1.0), ([math.inf], a), ([1.0], b)))
    assert np.isnan(run([a, b])).all()


def test_global_clipnorm_over_two_dtypes() -> None:
    a, b = Variable(np.float32([0])), Variable(np.float64([0]))
    run(step_of(SGD(1.0, global_clipnorm=2.5), ([3.0], a), ([4.0], b)))
    assert [float(-value[0]) for value in run([a, b])] == pytest.approx([1.5, 2.0])


# Weight decay, constraints, averages -------------------------------------------------------------


def test_weight_decay_shrinks_before_the_step() -> None:
    w = Variable([8.0])
    run(step_of(SGD(0.5, weight_decay=0.25), ([2.0], w)))
    assert run(w).tolist() == [8.0 - 0.5 * 0.25 * 8.0 - 0.5 * 2.0]


def test_exclude_from_weight_decay() -> None:
    kernel, bias, scale = (
        Variable([8.0], name=name) for name in ("dense/kernel", "dense/bias", "scale")
    )
    optimizer = SGD(0.5, weight_decay=0.25)
    optimizer.exclude_from_weight_decay(var_list=[scale], var_names=["bias$"])
    run(step_of(optimizer, ([0.0], kernel), ([0.0], bias), ([0.0], scale)))
    assert [float(v[0]) for v in run([kernel, bias, scale])] == [7.0, 8.0, 8.0]


def test_exclude_from_weight_decay_comes_too_late() -> None:
    optimizer = AdamW()
    optimizer.build([Variable([1.0])])
    with pytest.raises(OptionError) as caught:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert str(caught.value) == (
        "AdamW: weight decay cannot change once the optimizer is built\n"
        "  hint      call exclude_from_weight_decay() before compile() and build()"
    )


def test_constraint_holds_after_the_step() -> None:
    w = Variable([1.0, -1.0])
    w.constraint = lambda value: maximum(value, 0.0)
    operations = step_of(SGD(0.5), ([1.0, 1.0], w))
    run(operations)
    assert run(w).tolist() == [0.5, 0.0]
    run(operations)
    assert run(w).tolist() == [0.0, 0.0]


def test_moving_average() -> None:
    w, idle = Variable([0.0]), Variable([5.0])
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.75)
    with pytest.warns(UserWarning, match="Variable"):
        operations = step_of(optimizer, ([-1.0], w), (None, idle))
    expected = None
    for value in (1.0, 2.0, 3.0):
        run(operations)
        assert run(w).tolist() == [value]
        expected = value if expected is None else 0.75 * expected + 0.25 * value
    averages = [v for v in optimizer.variables if v.name.endswith("_average")]
    assert [float(v[0]) for v in run(averages)] == [expected, 5.0]
    optimizer.finalize_variable_values([w, idle])
    assert [float(v[0]) for v in run([w, idle])] == [expected, 5.0]


def test_average_becomes_the_variable_every_second_step() -> None:
    w = Variable([0.0])
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    operations = step_of(optimizer, ([-1.0], w))
    seen = []
    for _ in range(4):
        run(operations)
        seen.append(float(run(w)[0]))
    # averages: 1, (1 + 2) / 2 = 1.5, (1.5 + 2.5) / 2 = 2, (2 + 3.5) / 2 = 2.75
    assert seen == [1.0, 1.5, 2.5, 2.75]


def test_without_averages_finalizing_does_nothing() -> None:
    w = Variable([3.0])
    SGD().finalize_variable_values([w])
    assert run(w).tolist() == [3.0]


# The learning rate -------------------------------------------------------------------------------


def test_learning_rate_is_a_float_that_can_be_set() -> None:
    optimizer = SGD(0.5)
    assert float(optimizer.learning_rate) == optimizer.lr == 0.5
    assert isinstance(optimizer.learning_rate * 2, float)
    assert f"{optimizer.learning_rate:.2f}" == "0.50"
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate == 0.25
    optimizer.lr = np.float32(0.125)
    assert optimizer.learning_rate == 0.125
    optimizer.learning_rate = np.array([1.0])
    assert optimizer.learning_rate == 1.0
    optimizer.learning_rate.assign(2.0)
    assert optimizer.learning_rate == 2.0
    assert optimizer.learning_rate.numpy().dtype == np.float32
    optimizer.learning_rate = optimizer.learning_rate.variable * 2.0
    assert optimizer.learning_rate == 4.0


def test_setting_the_rate_plans_nothing() -> None:
    w = Variable([0.0])
    optimizer = Adam(0.5)
    function = GraphFunction(step_of(optimizer, ([1.0], w)), [])
    session = current_session()
    session.call(function, ())
    before, plans = float(run(w)[0]), len(function._plans)
    optimizer.learning_rate = 0.0
    session.call(function, ())
    assert float(run(w)[0]) == before
    optimizer.learning_rate = 0.25
    session.call(function, ())
    assert float(run(w)[0]) == pytest.approx(before - 0.25, rel=1e-5)  # equal gradients: full steps
    assert len(function._plans) == plans == 1


def test_rate_belongs_to_the_session() -> None:
    optimizer = SGD(0.5)
    optimizer.learning_rate = 0.25
    with Session().as_default():
        assert optimizer.learning_rate == 0.5
        optimizer.learning_rate = 0.125
    assert optimizer.learning_rate == 0.25


def test_rate_in_a_trace_is_symbolic() -> None:
    optimizer = SGD(0.5)
    with Trace().open():
        rate = optimizer.learning_rate
        scaled = rate * 2.0
    assert isinstance(rate, Tensor)
    optimizer.learning_rate = 4.0
    assert float(run(scaled)) == 8.0


def test_rate_in_graph_building_is_the_variable() -> None:
    optimizer = SGD(0.5)
    x = placeholder("float32", [])
    scaled = x * optimizer.learning_rate
    optimizer.learning_rate = 4.0
    assert float(current_session().run(scaled, {x: 2.0})) == 8.0


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf, "0.1", True, None])
def test_bad_rate_is_refused(rate: Any) -> None:
    optimizer = SGD()
    with pytest.raises(OptionError) as caught:
        optimizer.learning_rate = rate
    assert caught.value.where == "SGD"
    assert caught.value.problem == "bad learning_rate"
    assert caught.value.expected == "a number, 0 <= learning_rate < inf, or a LearningRateSchedule"
    assert caught.value.got == repr(rate)
    assert optimizer.get_config()["learning_rate"] == 0.01


def test_iterations_count_steps() -> None:
    w = Variable([0.0])
    optimizer = SGD()
    operations = step_of(optimizer, ([1.0], w))
    for _ in range(3):
        run(operations)
    assert int(optimizer.iterations) == 3 == optimizer.iterations.numpy()
    assert list(range(5))[optimizer.iterations] == 3
    assert run(optimizer.iterations) == 3
    assert run(optimizer.iterations).dtype == np.int64


def test_iterations_in_a_trace_have_no_value() -> None:
    with Trace().open(), pytest.raises(GraphError, match="no value that could become an int"):
        int(SGD().iterations)


# Variables and gradients -------------------------------------------------------------------------


def test_one_update_a_dtype() -> None:
    variables = [Variable(np.zeros(2, dtype)) for dtype in ("float32", "float64", "float32")]
    operations = step_of(Adam(0.5), *[([1.0, 1.0], v) for v in variables])
    assert sorted(op.count for op in updates_in(operations)) == [1, 2]
    run(operations)
    for value in run(variables):
        np.testing.assert_allclose(value, [-0.5, -0.5], rtol=1e-5)


def test_decayed_and_exempt_variables_are_two_updates() -> None:
    a, b = Variable([0.0], name="a"), Variable([0.0], name="b")
    optimizer = AdamW()
    optimizer.exclude_from_weight_decay(var_names=["b"])
    operations = step_of(optimizer, ([1.0], a), ([1.0], b))
    assert sorted(op.weight_decay for op in updates_in(operations)) == [0.0, 0.004]


def test_variable_without_gradient_stays_and_warns_once() -> None:
    a, b = Variable([1.0], name="dense/kernel"), Variable([1.0], name="dense/bias")
    optimizer = Adam(0.5, name="mine")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        operations = step_of(optimizer, ([1.0], a), (None, b))
    assert [str(warning.message) for warning in caught] == [
        "thalweg: Adam 'mine': the loss does not depend on 'dense/bias', which will not change."
    ]
    assert caught[0].filename == __file__
    run(operations)
    assert [float(v[0]) for v in run([a, b])] == pytest.approx([0.5, 1.0], rel=1e-4)
    assert "mine/dense_bias_velocity" in [v.name for v in optimizer.variables]


def test_no_gradient_at_all() -> None:
    variables = [Variable([1.0], name=f"w{i}") for i in range(5)]
    with pytest.raises(GraphError) as caught:
        SGD().apply([None] * 5, variables)
    assert str(caught.value) == (
        "SGD: there is no gradient for any variable\n"
        "  expected  a loss that depends on the variables\n"
        "  got       'w0', 'w1', 'w2' and 2 more\n"
        "  hint      is every layer frozen, or does the loss not use the model's output?"
    )
    with pytest.raises(GraphError, match="got       no variables"):
        SGD().apply([], [])


def test_gradient_of_another_shape() -> None:
    w = Variable([1.0, 2.0], name="dense/bias")
    g = placeholder("float32", [3], name="g")
    with pytest.raises(ShapeError) as caught:
        SGD().apply([g], [w])
    assert str(caught.value).startswith(
        "SGD: a gradient does not fit its variable\n"
        "  expected  float32 (2,), the type of 'dense/bias'\n"
        "  got       float32 (3,)\n"
        "  node      'g'\n"
        "  made at   test_base.py:"
    )


def test_pairs_that_do_not_fit() -> None:
    w = Variable([1.0])
    with pytest.raises(GraphError) as caught:
        SGD().apply([[1.0], [1.0]], [w, w])
    assert str(caught.value) == (
        "SGD: gradients and variables do not fit\n"
        "  expected  one gradient a variable, and each variable once\n"
        "  got       2 gradients, 2 variables, 1 of them different"
    )
    with pytest.raises(GraphError, match="2 gradients, 1 variables"):
        SGD().apply([[1.0], [1.0]], [w])


def test_only_variables_can_be_optimized() -> None:
    with pytest.raises(GraphError) as caught:
        SGD().apply([[1.0]], ["kernel"])  # type: ignore[list-item]
    assert str(caught.value) == (
        "SGD: cannot be optimized\n  expected  Variables\n  got       'kernel'"
    )


def test_variable_of_unknown_size() -> None:
    w = Variable(lambda: placeholder("float32", [None]), dtype="float32", shape=[None], name="w")
    with pytest.raises(ShapeError) as caught:
        Adam().build([w])
    assert str(caught.value).startswith(
        "optimizer: a variable needs known sizes\n  got       float32 (None,), variable 'w'\n"
    )


def test_one_optimizer_for_two_models() -> None:
    a, b = Variable([0.0], name="one/kernel"), Variable([0.0], name="two/kernel")
    optimizer = SGD(1.0)
    step_of(optimizer, ([1.0], a))
    with pytest.raises(GraphError) as caught:
        step_of(optimizer, ([1.0], b))
    assert str(caught.value) == (
        "SGD: was built for other variables\n"
        "  expected  'one/kernel'\n"
        "  got       'two/kernel'\n"
        "  hint      an optimizer serves one model: make a new one, or first call "
        "optimizer.build() with the variables of all models"
    )
    union = SGD(1.0)
    union.build([a, b])
    run(group(*step_of(union, ([1.0], a))))
    run(group(*step_of(union, ([2.0], b))))
    assert [float(v[0]) for v in run([a, b])] == [-1.0, -2.0]
    assert int(union.iterations) == 2


def test_apply_without_variables_takes_those_it_was_built_for() -> None:
    w = Variable([0.0])
    optimizer = SGD(1.0)
    optimizer.build([w])
    run(optimizer.apply([[1.0]]))
    assert run(w).tolist() == [-1.0]


def test_two_steps_in_one_trace_follow_each_other() -> None:
    w = Variable([0.0])
    optimizer = SGD(1.0, momentum=0.5)
    with Trace().open() as trace:
        optimizer.apply([[1.0]], [w])
        optimizer.apply([[1.0]], [w])
    run(trace.writes)
    assert run(w).tolist() == [-2.5]  # speeds -1 and -1.5
    assert int(optimizer.iterations) == 2


def test_step_joins_the_graph_of_its_gradients() -> None:
    from thalweg.core import Graph

    with Graph().as_default() as context:
        w = Variable([2.0])
        [g] = gradients(w * w, [w])
    operations = SGD(0.25).apply([g], [w])  # outside of the block
    assert {op.graph for op in operations} == {context.graph}
    run(operations)
    assert run(w).tolist() == [1.0]


@pytest.mark.parametrize("how", ["minimize", "callable", "apply_gradients", "get_updates"])
def test_ways_to_take_a_step(how: str) -> None:
    w = Variable([2.0])
    loss = w * w
    optimizer = SGD(0.25)
    train: Any = {
        "minimize": lambda: optimizer.minimize(loss, [w]),
        "callable": lambda: optimizer.minimize(loss, lambda: [w], name="train"),
        "apply_gradients": lambda: optimizer.apply_gradients(
            zip(gradients(loss, [w]), [w], strict=True)
        ),
        "get_updates": lambda: optimizer.get_updates(loss, [w]),
    }[how]()
    run(train)
    assert run(w).tolist() == [1.0]


# State -------------------------------------------------------------------------------------------


def test_state_in_keras_order() -> None:
    variables = [Variable([0.0], name="d/kernel"), Variable([0.0], name="d/bias")]

    def names(optimizer: Optimizer) -> list[str]:
        optimizer.build(variables)
        return [v.name for v in optimizer.variables]

    assert names(SGD()) == ["sgd/iteration", "sgd/learning_rate"]
    assert names(Adam(amsgrad=True)) == [
        "adam/iteration",
        "adam/learning_rate",
        "adam/d_kernel_momentum",
        "adam/d_kernel_velocity",
        "adam/d_bias_momentum",
        "adam/d_bias_velocity",
        "adam/d_kernel_velocity_hat",
        "adam/d_bias_velocity_hat",
    ]
    assert names(RMSprop(momentum=0.9, centered=True, use_ema=True, name="r"))[2:] == [
        "r/d_kernel_average",
        "r/d_bias_average",
        "r/d_kernel_velocity",
        "r/d_bias_velocity",
        "r/d_kernel_momentum",
        "r/d_bias_momentum",
        "r/d_kernel_average_gradient",
        "r/d_bias_average_gradient",
    ]


def test_building_again_keeps_the_state() -> None:
    w = Variable([0.0])
    optimizer = Adam()
    optimizer.build([w])
    before = optimizer.variables
    optimizer.build([w])
    assert optimizer.variables == before
    assert not any(v.trainable for v in before)


def test_an_optimizer_does_not_keep_a_model_alive() -> None:
    w = Variable([0.0])
    optimizer = Adam()
    run(step_of(optimizer, ([1.0], w)))
    gone = weakref.ref(w)
    count = len(optimizer.variables)
    del w
    gc.collect()
    assert gone() is None
    assert count == 4 and len(optimizer.variables) == 2
    with pytest.raises(GraphError, match="expected  those of a model now gone"):
        optimizer.build([Variable([0.0])])


def test_steps_leave_nothing_in_the_graph() -> None:
    w = Variable([0.0])
    run(w)
    gc.collect()
    before = len(w.graph.get_operations())
    optimizer = Adam(use_ema=True, clipnorm=1.0)
    run(optimizer.apply_gradients([([1.0], w)]))
    del optimizer
    gc.collect()
    assert len(w.graph.get_operations()) == before


def test_an_optimizer_needs_a_rule() -> None:
    with pytest.raises(NotImplementedError, match="Optimizer"):
        Optimizer().build([Variable([0.0])])
    with pytest.raises(NotImplementedError, match="UpdateRule"):
        UpdateRule().step(np, 0.0, 0.0, [], 0.1, 1)

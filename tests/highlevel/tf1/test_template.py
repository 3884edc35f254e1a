"""make_template: variables made at the first call and shared by all."""

from __future__ import annotations

from typing import Any

import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError


def layer(x: Any, size: int = 1) -> Any:
    return x * tf.get_variable("w", [size], initializer=tf.ones_initializer())


def test_calls_share_variables() -> None:
    template = tf.make_template("layer", layer)
    assert template.variables == []
    assert (template.variable_scope, template.variable_scope_name) == (None, None)
    first, second = template(2.0), template(3.0)
    [w] = template.variables
    assert w.name == "layer/w:0"
    assert template.trainable_variables == template.global_variables == tf.global_variables() == [w]
    assert template.local_variables == []
    assert (template.name, template.func, template.variable_scope_name) == ("layer", layer, "layer")
    with tf.Session() as session:
        assert [value.tolist() for value in session.run([first, second])] == [[2.0], [3.0]]


def test_templates_of_one_name_have_variables_of_their_own() -> None:
    for name in ("layer/w:0", "layer_1/w:0"):
        template = tf.make_template("layer", layer, size=2)
        assert template(1.0).shape == (2,)
        assert template.variables[0].name == name


def test_scopes_that_are_made_at_once_or_have_fixed_names() -> None:
    with tf.variable_scope("net"):
        template = tf.make_template("layer", layer, create_scope_now_=True)
    assert template.variable_scope_name == "net/layer"
    with tf.variable_scope("elsewhere"):
        template(1.0)
        template(1.0)
        fixed = tf.make_template("layer", layer, unique_name_="mine")
        fixed(1.0)
    assert [v.name for v in tf.global_variables()] == ["net/layer/w:0", "elsewhere/mine/w:0"]


def test_later_calls_may_not_make_variables() -> None:
    names = iter(["v", "w", "x"])
    by_name = tf.make_template("layer", lambda: tf.get_variable(next(names), [1]))
    by_name()
    with pytest.raises(GraphError, match="there is no variable 'layer/w' to be used again"):
        by_name()
    by_hand = tf.make_template("hand", lambda: tf.Variable(1.0, name="h"))
    by_hand()
    with pytest.raises(GraphError) as caught:
        by_hand()
    assert str(caught.value) == (
        "make_template: a call of 'hand' other than the first makes variables\n"
        "  expected  variables made by tf.get_variable, which are found again\n"
        "  got       'hand_1/h:0'"
    )


def test_custom_getters() -> None:
    def halved(getter: Any, *args: Any, **kwargs: Any) -> Any:
        return getter(*args, **kwargs) / 2.0

    template = tf.make_template("layer", layer, custom_getter_=halved)
    with tf.Session() as session:
        assert session.run([template(2.0), template(4.0)])[1].tolist() == [2.0]

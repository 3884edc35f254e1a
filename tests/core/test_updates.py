"""The op that applies a rule: what it refuses. The rules have rows in `conformance`."""

from __future__ import annotations

import pytest

from thalweg.core import (
    AdamRule,
    DtypeError,
    Graph,
    RmsPropRule,
    Session,
    SgdRule,
    ShapeError,
    constant,
    placeholder,
    update,
)


def test_one_variable_without_slots() -> None:
    with Graph().as_default():
        [w], columns = update(
            SgdRule(),
            constant(0.5),
            constant(1.0),
            [constant([1.0, 2.0])],
            [constant([1.0, 1.0])],
            [],
        )
        assert columns == []
        assert Session().run(w).tolist() == [0.5, 1.5]


def test_unknown_sizes() -> None:
    with Graph().as_default():
        g = placeholder("float32", None)
        [w], _ = update(SgdRule(), constant(0.5), constant(1.0), [constant([1.0])], [g], [])
        assert w.shape == (1,)
        assert Session().run(w, {g: [2.0]}).tolist() == [0.0]


def test_gradient_of_another_shape() -> None:
    with Graph().as_default(), pytest.raises(ShapeError) as caught:
        update(
            SgdRule(), constant(0.5), constant(1.0), [constant([1.0])], [constant([1.0, 2.0])], []
        )
    assert str(caught.value).startswith(
        "Update: a gradient does not fit its variable\n"
        "  got       variable float32 (1,), gradient float32 (2,)\n"
    )


def test_two_dtypes() -> None:
    with Graph().as_default(), pytest.raises(DtypeError) as caught:
        w = constant([1.0], "float64")
        update(SgdRule(), constant(0.5), constant(1.0), [w], [w], [])
    assert str(caught.value).startswith(
        "Update: dtypes differ\n"
        "  expected  one float dtype for rate, variable and gradient\n"
        "  got       rate float32 (), variable float64 (1,), gradient float64 (1,)\n"
    )


def test_slots_follow_the_options() -> None:
    assert list(AdamRule().slots) == ["momentum", "velocity"]
    assert list(AdamRule(amsgrad=True).slots) == ["momentum", "velocity", "velocity_hat"]
    assert RmsPropRule(start=1.0).slots == {"velocity": 1.0}
    assert list(RmsPropRule(momentum=0.5, centered=True).slots) == [
        "velocity",
        "momentum",
        "average_gradient",
    ]

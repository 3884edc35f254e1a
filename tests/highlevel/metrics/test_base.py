"""Metric: state, updates on arrays, on tensors and in a step; metrics of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from thalweg import core, layers, metrics
from thalweg.core import Graph, Session, Trace, placeholder
from thalweg.core.errors import OptionError
from thalweg.metrics import Mean, Metric, Precision, Recall

Y = np.float32([0, 1, 1, 0])
P = np.float32([0.2, 0.9, 0.4, 0.6])


class Hits(Metric):
    """As Keras's guide writes metrics; state starts at ten."""

    def __init__(self, name: str = "hits", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.count = self.add_weight(name="count", initializer=core.ones, shape=())
        self.resets = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        right = core.cast(core.equal(y_true, core.round(y_pred)), "float32")
        if sample_weight is not None:
            right = right * core.cast(sample_weight, "float32")
        self.count.assign_add(core.reduce_sum(right))

    def result(self) -> Any:
        return self.count


class Hits10(Hits):
    """Overrides the reset."""

    def reset_state(self) -> None:
        self.resets += 1
        self.count.assign(10.0)


class F1(Metric):
    """Made of two others."""

    def __init__(self, name: str = "f1") -> None:
        super().__init__(name)
        self.parts = {"precision": Precision(), "recall": Recall()}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        for part in self.parts.values():
            part.update_state(y_true, y_pred, sample_weight=sample_weight)

    def result(self) -> Any:
        p, r = (part.result() for part in self.parts.values())
        return 2.0 * p * r / (p + r)


def test_arrays() -> None:
    metric = Hits()
    assert metric.result() == 1
    metric.update_state(Y, P)
    assert metric.result() == 1 + 2
    metric.update_state(Y.tolist(), P.tolist(), sample_weight=[0.5, 2, 1, 1])
    assert metric.result() == 3 + 2.5
    metric.update_state(Y.astype(np.float64), P.astype(np.float64), None)
    assert metric.result() == 7.5
    assert metric.result().dtype == np.float32
    metric.reset_state()
    assert metric.result() == 1
    assert metric(Y, P) == 3
    metric.reset_states()
    assert metric.result() == 1


def test_nothing_is_returned_by_an_update() -> None:
    assert Hits().update_state(Y, P) is None
    assert Mean().update_state([1.0]) is None


def test_calls_do_not_grow_a_graph() -> None:
    metric = Hits()
    metric(Y, P)
    graph = core.get_default_graph()
    before = len(graph.get_operations())
    for _ in range(3):
        metric.update_state(Y, P)
        metric.result()
    assert len(graph.get_operations()) == before


def test_tensors_outside_of_a_step(session: Session) -> None:
    """TF1's way: the update is an operation to run, the result what the state then is."""
    y, p = (placeholder("float32", [None]) for _ in range(2))
    metric = Hits()
    update = metric.update_state(y, p)
    assert metric.result() == 1
    for count in (3, 5):
        session.run(update, {y: Y, p: P})
        assert metric.result() == count


def test_call_on_tensors(session: Session) -> None:
    y, p = (placeholder("float32", [None]) for _ in range(2))
    metric = Mean()
    value = metric(p)
    assert [float(session.run(value, {p: [n]})) for n in (1.0, 2.0, 6.0)] == [1.0, 1.5, 3.0]
    hits = Hits()(y, p)
    assert [float(session.run(hits, {y: Y, p: P})) for _ in range(2)] == [3.0, 5.0]


def test_step(session: Session) -> None:
    """In a trace the result reads what the update before it wrote."""
    y, p = (placeholder("float32", [None]) for _ in range(2))
    metric, trace = Hits(), Trace()
    with trace.open():
        metric.update(y, p)
        result = metric.result()
    for count in (3.0, 5.0):
        assert session.run([result, *trace.writes], {y: Y, p: P})[0] == count
    assert metric.result() == 5
    metric.reset_state()
    assert metric.result() == 1


def test_reset_happens_at_once() -> None:
    """Also while a step is being built, whose graph it leaves alone."""
    for metric in (Hits10(), Hits()):
        metric.update_state(Y, P)
        trace = Trace()
        with Graph().as_default() as _, trace.open():
            metric.reset_state()
        assert not trace.writes
        assert metric.result() == {Hits10: 10, Hits: 1}[type(metric)]


def test_reset_of_the_users() -> None:
    metric = Hits10()
    for count in (1, 2, 3):
        metric.update_state(Y, P)
        metric.reset_states()
        assert (metric.resets, metric.result()) == (count, 10)


def test_inner_metrics() -> None:
    metric = F1()
    assert [v.name for v in metric.variables] == [
        "precision/true_positives",
        "precision/false_positives",
        "recall/true_positives",
        "recall/false_negatives",
    ]
    assert metric(Y, P) == pytest.approx(0.5)
    metric.update_state([1.0, 1.0], [0.9, 0.9], sample_weight=[2.0, 4.0])
    assert metric.result() == pytest.approx(2 * 7 / (2 * 7 + 1 + 1))
    metric.reset_state()
    assert metric(Y, P) == pytest.approx(0.5)


def test_inner_metric_that_is_an_argument() -> None:
    class Twice(Metric):
        def __init__(self, inner: Metric) -> None:
            super().__init__()
            self.inner, self.again = inner, [inner]

    assert len(Twice(Mean()).variables) == 2


def test_variables() -> None:
    class State(Metric):
        def __init__(self) -> None:
            super().__init__("state", dtype="float64")
            self.zeros = self.add_variable("zeros", (2, 3))
            self.ones = self.add_weight(shape=(2,), initializer="ones", name="ones")
            self.halves = self.add_weight(
                "halves", (1,), lambda shape, dtype: core.fill(shape, 0.5), "float32", "sum"
            )

    metric = State()
    assert [str(v.type) for v in metric.variables] == [
        "float64 (2, 3)",
        "float64 (2,)",
        "float32 (1,)",
    ]
    assert [v.name for v in metric.variables] == ["state/zeros", "state/ones", "state/halves"]
    assert not any(v.trainable for v in metric.variables)
    for _ in range(2):
        assert [v.eval().ravel()[0] for v in metric.variables] == [0, 1, 0.5]
        metric.ones.assign([3.0, 3.0]).eval()
        metric.reset_state()


def test_result_may_be_anything_with_a_value() -> None:
    class Several(Metric):
        def update_state(self, values: Any) -> None:
            del values

        def result(self) -> Any:
            return {"one": 1.0, "list": [core.constant(2.0), np.float32(3)]}

    metric = Several()
    metric.update_state([1.0])
    assert metric.result() == {"one": 1.0, "list": [2.0, 3.0]}


def test_names() -> None:
    assert [Hits().name, Metric().name, Metric().name, Precision(name="p").name] == [
        "hits",
        "metric",
        "metric_1",
        "p",
    ]
    assert repr(Hits()) == "<Hits 'hits'>"
    assert [metrics.AUC().name, metrics.AUC().name, metrics.MeanIoU(2).name] == [
        "auc",
        "auc_1",
        "mean_io_u",
    ]


@pytest.mark.parametrize("use", [lambda m: m.update_state(Y, P), lambda m: m.result()])
def test_what_is_not_written(use: Any) -> None:
    with pytest.raises(NotImplementedError, match="Metric"):
        use(Metric())


def test_dtype() -> None:
    metric = Mean(dtype="float64")
    metric.update_state(np.asarray([1 + 1e-12, 1.0]))
    assert metric.result() == 1 + 5e-13
    assert metric.result().dtype == np.float64
    with pytest.raises(OptionError) as caught:
        Mean(dtype="int32")
    assert str(caught.value).startswith(
        "Mean: bad dtype\n  expected  'float16', 'float32' or 'float64'\n  got       'int32'"
    )


# In a model --------------------------------------------------------------------------------------


@pytest.fixture
def data() -> Iterator[tuple[Any, Any]]:
    yield np.float32([[0.2], [0.9], [0.4], [0.6]]), Y[:, None]


def test_fit_and_evaluate(data: tuple[Any, Any]) -> None:
    """Metrics of the user's run inside the step, on every batch since the last reset."""
    x, y = data
    inputs = layers.Input((1,))
    outputs = layers.Activation("linear")(inputs)
    import thalweg

    model = thalweg.Model(inputs, outputs)
    model.compile("sgd", "mse", metrics=[Hits(), Hits10("ten"), F1(), "binary_accuracy"])
    for _ in range(2):
        got = model.evaluate(x, y, batch_size=3, verbose=0, return_dict=True)
        assert got["hits"] == 1 + 2
        assert got["ten"] == 10 + 2
        assert got["f1"] == pytest.approx(0.5)
        assert got["binary_accuracy"] == 0.5

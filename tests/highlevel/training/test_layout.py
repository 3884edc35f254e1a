"""From what users pass to a flat batch: nesting, names, weights of classes and samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import Variable, placeholder
from thalweg.core.errors import DataError
from thalweg.training.layout import Batch, Layout


class FakeModel:
    """Takes what comes; remembers that it was asked to build itself first."""

    def __init__(self, inputs: list[str] | None, outputs: list[str]) -> None:
        self.data_names = inputs
        self.output_names: list[str] = []
        self._known_later = outputs

    def ensure_built(self, batch: Batch) -> None:
        self.output_names = self._known_later

    def fitted(self, batch: Batch, where: str) -> Batch:
        return batch


def layout(inputs: Any = "x", outputs: Any = "y", where: str = "fit") -> Layout:
    return Layout(FakeModel(inputs and inputs.split(), outputs.split()), where)


def text(error: pytest.ExceptionInfo[Any]) -> str:
    return str(error.value)


X = np.arange(12.0).reshape(4, 3)


class TestNesting:
    @pytest.mark.parametrize("x", [X, [X], (X,), X.tolist(), list(X)], ids=lambda x: str(type(x)))
    def test_one_input(self, x: Any) -> None:
        batch = layout().batch(x)
        assert len(batch.x) == 1
        np.testing.assert_array_equal(batch.x[0], X)
        assert batch.size == 4

    @pytest.mark.parametrize("x", [[X, 2 * X], (X, 2 * X), {"b": 2 * X, "a": X}])
    def test_two_inputs(self, x: Any) -> None:
        batch = layout("a b").batch(x)
        np.testing.assert_array_equal(batch.x, [X, 2 * X])

    def test_targets_of_one_output(self) -> None:
        batch = layout().batch(X, [1, 2, 3, 4])
        assert batch.y is not None
        assert batch.y[0].tolist() == [1, 2, 3, 4]

    def test_rows_as_lists_of_arrays(self) -> None:
        batch = layout().batch(X, [np.array([0, 1])] * 4)
        assert batch.y is not None
        assert batch.y[0].shape == (4, 2)

    def test_data_frames(self) -> None:
        class Frame:
            def to_numpy(self) -> Any:
                return X

        np.testing.assert_array_equal(layout().batch(Frame()).x[0], X)

    @pytest.mark.parametrize(
        ("x", "expected"), [(X, X), ([X, X], [X, X]), ({"q": X, "p": X}, {"q": X, "p": X})]
    )
    def test_any_nesting_where_names_are_unknown(self, x: Any, expected: Any) -> None:
        batch = layout(None).batch(x)
        nested = batch.nested(batch.x)
        assert type(nested) is type(expected)
        np.testing.assert_equal(nested, expected)

    def test_outputs_may_be_known_only_after_the_inputs(self) -> None:
        batch = layout(None, "p q").batch(X, {"q": X, "p": 2 * X})
        np.testing.assert_array_equal(batch.y, [2 * X, X])

    def test_rows(self) -> None:
        batch = layout("x", "p q").batch(X, [X, X], {"p": np.arange(4)}).rows(np.array([3, 1]))
        np.testing.assert_array_equal(batch.x[0], X[[3, 1]])
        assert batch.weights is not None
        np.testing.assert_array_equal(batch.weights[0], [3, 1])
        assert batch.weights[1] is None


class TestItems:
    def test_parts(self) -> None:
        one = layout()
        assert one.item((X,)).y is None
        assert one.item(X).y is None
        assert one.item((X, X[:, 0])).weights is None
        [weight] = one.item((X, X[:, 0], np.ones(4))).weights or []
        assert weight is not None

    def test_class_weight(self) -> None:
        [weight] = layout().item((X, np.array([0, 1, 0, 1])), {1: 3.0}).weights or []
        np.testing.assert_array_equal(weight, [1, 3, 1, 3])

    def test_too_many(self) -> None:
        with pytest.raises(DataError) as error:
            layout().item((X, X, X, X))
        assert text(error) == (
            "fit: a batch has too many parts\n"
            "  expected  (x, y) or (x, y, sample_weight)\n"
            "  got       a tuple of 4\n"
            "  hint      several inputs belong together: ([a, b], y)"
        )


class TestClassWeights:
    def weights(self, y: Any, table: Any, sample: Any = None) -> Any:
        [result] = layout().batch(np.zeros((len(y), 1)), y, sample, table).weights or []
        assert result is not None
        assert result.dtype == np.float32
        return result.tolist()

    def test_class_numbers(self) -> None:
        assert self.weights([0, 2, 1, 0], {0: 0.5, 2: 4.0}) == [0.5, 4, 1, 0.5]
        assert self.weights([[0], [2]], {0: 0.5, 2: 4.0}) == [0.5, 4]

    def test_floats_and_numpy_keys(self) -> None:
        assert self.weights([0.0, 1.0], {np.int64(0): 0.5, 1: 2}) == [0.5, 2]

    def test_labels_of_minus_one(self) -> None:
        assert self.weights([-1, 1, 1], {-1: 3.0, 1: 0.5}) == [3, 0.5, 0.5]

    def test_one_hot(self) -> None:
        assert self.weights(np.eye(3)[[2, 0]], {0: 0.5, 2: 4.0}) == [4, 0.5]

    def test_sequences_of_one_hot(self) -> None:
        y = np.eye(3)[[[2, 0], [1, 1]]]
        assert self.weights(y, {0: 0.5, 2: 4.0}) == [[4, 0.5], [1, 1]]

    def test_times_sample_weight(self) -> None:
        assert self.weights([0, 1], {0: 0.5, 1: 4.0}, [10, 100]) == [5, 400]

    def test_sequences_times_sample_weight(self) -> None:
        y = np.array([[[0], [1]], [[1], [1]]])
        assert self.weights(y, {1: 2.0}, [10, 100]) == [[10, 20], [200, 200]]

    def test_several_outputs(self) -> None:
        both = layout("x", "p q")
        y = [np.array([0, 1]), np.array([1, 0])]
        first, second = both.batch(X[:2], y, None, {"q": {1: 5.0}}).weights or []
        assert first is None
        np.testing.assert_array_equal(second, [5, 1])
        first, second = both.batch(X[:2], y, [[2, 2], [3, 3]], {"q": {1: 5.0}}).weights or []
        np.testing.assert_array_equal(first, [2, 2])
        np.testing.assert_array_equal(second, [15, 3])

    def test_list_of_tables(self) -> None:
        y = [np.array([0, 1]), np.array([1, 0])]
        weights = layout("x", "p q").batch(X[:2], y, None, [{0: 2.0}, {1: 5.0}]).weights
        np.testing.assert_array_equal(weights, [[2, 1], [5, 1]])


class TestErrors:
    def fails(self, expected: str, where: Layout, *data: Any) -> None:
        with pytest.raises(DataError) as error:
            where.batch(*data)
        assert text(error) == expected

    def test_one_array_for_two_inputs(self) -> None:
        self.fails(
            "predict: x has the wrong number of arrays\n  expected  2: a, b\n  got       1",
            layout("a b", where="predict"),
            X,
        )

    def test_two_arrays_for_one_input(self) -> None:
        self.fails(
            "fit: x has the wrong number of arrays\n"
            "  expected  1: x\n"
            "  got       2\n"
            "  hint      numpy.stack(x) makes one array of equal ones",
            layout(),
            [X, X],
        )

    def test_missing_name(self) -> None:
        self.fails("fit: x lacks b\n  expected  a, b", layout("a b"), {"a": X})

    def test_unknown_input(self) -> None:
        self.fails(
            "fit: x names an unknown input 'imgae'\n"
            "  expected  image, text\n"
            "  hint      did you mean 'image'?",
            layout("image text"),
            {"imgae": X, "text": X},
        )

    def test_unknown_output(self) -> None:
        for position, what in ((1, "y"), (2, "sample_weight"), (3, "class_weight")):
            data: list[Any] = [X, [X, X], None, None]
            data[position] = {"labels": X}
            self.fails(
                f"fit: {what} names an unknown output 'labels'\n"
                "  expected  label, other\n"
                "  hint      did you mean 'label'?",
                layout("x", "label other"),
                *data,
            )

    def test_lengths(self) -> None:
        self.fails(
            "fit: numbers of samples differ\n"
            "  expected  one length for all arrays\n"
            "  got       x (4, 3), y (3,)",
            layout(),
            X,
            [1, 2, 3],
        )

    def test_length_of_sample_weight(self) -> None:
        self.fails(
            "fit: sample_weight and y differ in length\n  expected  4 weights\n  got       3",
            layout(),
            X,
            X,
            [1, 2, 3],
        )

    def test_weights_without_targets(self) -> None:
        self.fails("fit: weights are given, but no targets y", layout(), X, None, [1, 1, 1, 1])

    def test_class_weight_of_no_output(self) -> None:
        self.fails(
            "fit: class_weight does not say which output it is for\n"
            "  expected  {output: {class: weight}} with outputs p, q\n"
            "  got       {0: 2.0}",
            layout("x", "p q"),
            X,
            [X, X],
            None,
            {0: 2.0},
        )

    def test_class_weight_that_is_no_table(self) -> None:
        self.fails(
            "fit: class_weight is no table of weights\n"
            "  expected  {class: weight}, such as {0: 1.0, 1: 5.0}\n"
            "  got       'balanced'",
            layout(),
            X,
            X,
            None,
            "balanced",
        )

    @pytest.mark.parametrize("kind", ["tensor", "variable"])
    def test_symbolic(self, kind: str) -> None:
        x = placeholder("float32", (None, 3), name="p") if kind == "tensor" else Variable(X)
        self.fails(
            "fit: x is a symbolic tensor\n"
            "  expected  arrays of numbers\n"
            f"  got       {x!r}\n"
            "  hint      a tensor has no data: pass arrays, or call the model on it, model(tensor)",
            layout(),
            x,
        )

    def test_objects(self) -> None:
        self.fails(
            "fit: x is not an array of numbers\n  got       ndarray of object",
            layout(),
            np.array([[print]]),
        )

    def test_text(self) -> None:
        """Words are taken for inputs, as bytes; not for targets."""
        [x] = layout().batch(np.array([["a"], ["ä"]])).x
        assert x.tolist() == [[b"a"], ["ä".encode()]]
        with pytest.raises(DataError, match=r"^fit: y is not an array of numbers\n"):
            layout().batch(np.zeros((1, 3)), np.array(["a"]))

    def test_ragged(self) -> None:
        with pytest.raises(DataError, match=r"^fit: x is not a rectangular array\n"):
            layout().batch([[1, 2], [3]])

    def test_number(self) -> None:
        self.fails("fit: x has no axis of samples\n  got       5", layout(), 5)

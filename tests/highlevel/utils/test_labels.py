"""`to_categorical` and `normalize`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import DataError
from thalweg.utils import normalize, to_categorical


class TestToCategorical:
    @pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "bool"])
    def test_rows_of_the_identity(self, dtype: str) -> None:
        labels = np.array([0, 1, 1, 0], dtype)
        rows = to_categorical(labels, 3)
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, np.eye(3)[[0, 1, 1, 0]])

    def test_number_of_classes_from_the_labels(self) -> None:
        assert to_categorical([0, 3]).shape == (2, 4)

    @pytest.mark.parametrize(
        ("shape", "becomes"), [((4,), (4, 5)), ((4, 1), (4, 5)), ((4, 3), (4, 3, 5)), ((), (5,))]
    )
    def test_shapes(self, shape: tuple[int, ...], becomes: tuple[int, ...]) -> None:
        labels = np.random.default_rng(0).integers(0, 5, shape)
        rows = to_categorical(labels, 5)
        assert rows.shape == becomes
        np.testing.assert_array_equal(rows.argmax(axis=-1).ravel(), labels.ravel())
        np.testing.assert_array_equal(rows.sum(axis=-1), np.ones(becomes[:-1]))

    def test_nothing(self) -> None:
        assert to_categorical([], 3).shape == (0, 3)

    def test_dtype(self) -> None:
        assert to_categorical([1], dtype="int8").dtype == np.int8

    @pytest.mark.parametrize(("labels", "got"), [([0, 3], "3"), ([-1, 0], "-1")])
    def test_out_of_range(self, labels: Any, got: str) -> None:
        with pytest.raises(DataError) as error:
            to_categorical(labels, 3)
        assert str(error.value) == (
            "to_categorical: a label is out of range\n"
            "  expected  0 <= label < 3\n"
            f"  got       {got}"
        )

    @pytest.mark.parametrize(
        ("labels", "dtype"),
        [
            ([0.5], "float64"),
            ([np.nan], "float64"),
            ([np.inf], "float64"),
            (["a"], "<U1"),
            ([1j], "complex128"),
        ],
    )
    def test_no_integers(self, labels: Any, dtype: str) -> None:
        with pytest.raises(DataError) as error:
            to_categorical(labels)
        assert str(error.value) == (f"to_categorical: labels are not integers\n  got       {dtype}")


class TestNormalize:
    def test_rows_have_norm_one(self) -> None:
        x = np.random.default_rng(1).normal(size=(4, 3))
        result = normalize(x)
        np.testing.assert_allclose(np.sqrt((result**2).sum(axis=1)), np.ones(4))
        np.testing.assert_allclose(result * np.linalg.norm(x, axis=1)[:, None], x)

    def test_axis_and_order(self) -> None:
        x = np.array([[1.0, -2.0], [3.0, 4.0]])
        np.testing.assert_allclose(normalize(x, axis=0, order=1), x / [[4, 6]])

    def test_zeros_stay(self) -> None:
        assert normalize(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]

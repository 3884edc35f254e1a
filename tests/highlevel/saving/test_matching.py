from __future__ import annotations

import numpy as np
import pytest

from thalweg.core.errors import FileFormatError, OptionError, ShapeError
from thalweg.saving.hdf5 import LayerWeights, assign_weights

MODEL = [
    ("input_1", []),
    ("dense_1", [(4, 3), (3,)]),
    ("flatten", []),
    ("dense_2", [(3, 2), (2,)]),
]


def stored(*layers: tuple[str, list[tuple[int, ...]]]) -> list[LayerWeights]:
    """Layers with weights `NAME/0`, `NAME/1` ..., whose values count through all of them."""
    counter = iter(range(100))
    return [
        LayerWeights(
            name,
            [(f"{name}/{i}", np.full(shape, next(counter))) for i, shape in enumerate(shapes)],
        )
        for name, shapes in layers
    ]


def values(arrays: list[np.ndarray | None]) -> list[int | None]:
    return [None if array is None else int(array.flat[0]) for array in arrays]


def test_in_order_whatever_the_names() -> None:
    loaded = stored(
        ("dense_8", [(4, 3), (3,)]), ("dropout", []), ("dense_9", [(3, 2), (2,)]), ("x", [])
    )
    arrays = assign_weights(MODEL, loaded)
    assert values(arrays) == [0, 1, 2, 3]
    assert arrays[0] is loaded[0].weights[0][1]


def test_shapes_may_be_lists() -> None:
    assert values(assign_weights([("a", [[2, 3]])], stored(("b", [(2, 3)])))) == [0]


def test_by_name() -> None:
    loaded = stored(("dense_2", [(3, 2), (2,)]), ("other", [(9,)]), ("dense_1", [(4, 3), (3,)]))
    assert values(assign_weights(MODEL, loaded, by_name=True)) == [3, 4, 0, 1]


def test_by_name_leaves_unknown_layers_alone() -> None:
    loaded = stored(("dense_2", [(3, 2), (2,)]))
    assert values(assign_weights(MODEL, loaded, True)) == [None, None, 0, 1]


def test_nothing_to_assign() -> None:
    assert assign_weights([("input_1", [])], stored(("input_1", []))) == []
    assert assign_weights([], [], by_name=True) == []


def test_skip_mismatch_keeps_what_does_not_fit() -> None:
    loaded = stored(("dense_1", [(4, 3), (3,)]), ("dense_2", [(3, 9), (9,)]))
    with pytest.warns(
        UserWarning, match=r"layer 'dense_2' keeps its weights: load_weights: weight 0"
    ):
        arrays = assign_weights(MODEL, loaded, by_name=True, skip_mismatch=True)
    assert values(arrays) == [0, 1, None, None]


class TestErrors:
    def test_number_of_layers(self) -> None:
        with pytest.raises(FileFormatError) as info:
            assign_weights(MODEL, stored(("dense_1", [(4, 3), (3,)]), ("dropout", [])))
        assert str(info.value) == (
            "load_weights: the file has another number of layers with weights than the model\n"
            "  expected  2: 'dense_1', 'dense_2'\n"
            "  got       1: 'dense_1'\n"
            "  hint      by_name=True loads the 1 whose names agree"
        )

    def test_number_of_layers_without_a_common_name(self) -> None:
        loaded = stored(*((f"conv_{i}", [(1,)]) for i in range(10)))
        with pytest.raises(FileFormatError) as info:
            assign_weights(MODEL, loaded, where="Sequential.load_weights")
        assert str(info.value) == (
            "Sequential.load_weights: the file has another number of layers with weights "
            "than the model\n"
            "  expected  2: 'dense_1', 'dense_2'\n"
            "  got       10: 'conv_0', 'conv_1', 'conv_2', 'conv_3', 'conv_4', 'conv_5', "
            "'conv_6', 'conv_7', …\n"
            "  hint      build the model as it was when the file was saved"
        )

    def test_number_of_weights(self) -> None:
        loaded = stored(("a", [(4, 3)]), ("b", [(3, 2), (2,)]))
        with pytest.raises(FileFormatError) as info:
            assign_weights(MODEL, loaded)
        assert str(info.value) == (
            "load_weights: the layer has another number of weights than the stored one\n"
            "  expected  2, of shapes (4, 3), (3,)\n"
            "  got       'a/0' (4, 3)\n"
            "  node      layer 'dense_1' ('a' in the file)"
        )

    @pytest.mark.parametrize("by_name", [False, True])
    def test_shape(self, by_name: bool) -> None:
        loaded = stored(("dense_1", [(4, 3), (3,)]), ("dense_2", [(3, 2), (7,)]))
        with pytest.raises(ShapeError) as info:
            assign_weights(MODEL, loaded, by_name=by_name)
        assert str(info.value) == (
            "load_weights: weight 1 has another shape than the stored one, 'dense_2/1'\n"
            "  expected  (2,)\n"
            "  got       (7,)\n"
            "  node      layer 'dense_2'\n"
            "  hint      build the layer as it was when the file was saved"
        )

    def test_shape_in_another_order_of_the_axes(self) -> None:
        loaded = stored(("dense_1", [(3, 4), (3,)]), ("dense_2", [(3, 2), (2,)]))
        with pytest.raises(ShapeError) as info:
            assign_weights(MODEL, loaded)
        assert info.value.hint == (
            "the sizes are the same in another order: was it saved by another library?"
        )

    def test_layers_in_another_order(self) -> None:
        loaded = stored(("dense_2", [(3, 2), (2,)]), ("dense_1", [(4, 3), (3,)]))
        with pytest.raises(ShapeError) as info:
            assign_weights(MODEL, loaded)
        assert str(info.value) == (
            "load_weights: weight 0 has another shape than the stored one, 'dense_2/0'\n"
            "  expected  (4, 3)\n"
            "  got       (3, 2)\n"
            "  node      layer 'dense_1' ('dense_2' in the file)\n"
            "  hint      the file has a 'dense_1' that fits; the order differs, so try by_name=True"
        )

    def test_no_common_name(self) -> None:
        with pytest.raises(FileFormatError) as info:
            assign_weights(MODEL, stored(("dense1", [(4, 3), (3,)])), by_name=True)
        assert str(info.value) == (
            "load_weights: no layer of the model has a name that is in the file\n"
            "  expected  'dense_1', 'dense_2'\n"
            "  got       'dense1'\n"
            "  hint      did you mean 'dense1'?"
        )
        with pytest.raises(FileFormatError) as info:
            assign_weights(MODEL, stored(("conv", [(4, 3), (3,)])), by_name=True)
        assert info.value.hint == "without by_name layers are matched in their order"

    def test_skip_mismatch_needs_names(self) -> None:
        with pytest.raises(OptionError) as info:
            assign_weights(MODEL, [], skip_mismatch=True)
        assert str(info.value) == (
            "load_weights: skip_mismatch without by_name\n  expected  by_name=True"
        )

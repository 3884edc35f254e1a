"""The functions of `thalweg.backend` give what Keras 2's give."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import backend as K

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("backend_cases", HERE / "backend_cases.py")
assert _SPEC and _SPEC.loader
cases = importlib.util.module_from_spec(_SPEC)
sys.modules["backend_cases"] = cases
_SPEC.loader.exec_module(cases)

with np.load(HERE / "reference" / "backend.npz") as _file:
    REFERENCE: dict[str, npt.NDArray[Any]] = dict(_file)


@pytest.mark.parametrize("name", cases.CASES)
def test_answer(name: str) -> None:
    call, inputs = cases.CASES[name]
    for i, x in enumerate(inputs):
        np.testing.assert_array_equal(x, REFERENCE[f"{name}/{i}"])
    answer = call(K, *[K.constant(x) for x in inputs])
    answer = answer[0] if isinstance(answer, list | tuple) else answer
    got, expected = K.eval(answer), REFERENCE[name]
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    largest = np.abs(expected.astype(np.float64)).max()
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * largest)


def test_every_function_of_tensors_is_asked() -> None:
    """But for those that draw, hold values or say how things are: their tests are elsewhere."""
    source = (HERE / "backend_cases.py").read_text(encoding="utf-8")
    apart = {
        *("dropout", "in_top_k", "in_test_phase", "in_train_phase", "logsumexp", "identity"),
        *("ones", "ones_like", "zeros", "zeros_like", "eye", "slice", "cast", "conv3d_transpose"),
        *("separable_conv1d", "random_normal_variable", "random_uniform_variable"),
    }
    for file in ("mathematics", "shapes", "neural", "convolutions", "control"):
        module = importlib.import_module(f"thalweg.backend.{file}")
        missing = {name for name in module.__all__ if f'"{name}' not in source} - apart
        assert not {name for name in missing if f"K.{name}" not in source}

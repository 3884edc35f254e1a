"""Data sets, sequences and texts against Keras 3, to the last number."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import npz

from thalweg.preprocessing import sequence, text, timeseries_dataset_from_array

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("data_cases", HERE / "data_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
sys.modules["data_cases"] = cases  # its dataclass looks itself up there
_SPEC.loader.exec_module(cases)

REFERENCE = json.loads((HERE / "reference" / "data.json").read_text(encoding="utf-8"))["cases"]


@pytest.fixture
def library(tmp_path: Path) -> Any:
    """What the cases use, from thalweg."""

    def load(name: str, arrays: Any, options: dict[str, Any]) -> Any:
        path = tmp_path / "a.npz"
        path.write_bytes(npz(arrays))
        module = importlib.import_module(f"thalweg.datasets.{name}")
        return module.load_data(path=path, **options)

    return cases.Library(load, sequence, text, timeseries_dataset_from_array)


def test_all_cases_are_there() -> None:
    assert set(REFERENCE) == set(cases.CASES)


@pytest.mark.parametrize("name", cases.CASES)
def test_as_keras(name: str, library: Any) -> None:
    got = json.loads(json.dumps(cases.plain(cases.CASES[name](library))))
    expected = REFERENCE[name]
    if name in ("make_sampling_table", *(n for n in REFERENCE if n.startswith("Tokenizer"))):
        _close(got, expected)  # logarithms and roots may differ in the last bit
    else:
        assert got == expected


def _close(got: Any, expected: Any) -> None:
    if isinstance(expected, float):
        assert got == pytest.approx(expected, rel=1e-14)
    elif isinstance(expected, list):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            _close(one, other)
    else:
        assert got == expected

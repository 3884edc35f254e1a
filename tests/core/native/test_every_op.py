"""Every op of fixed sizes runs in the engine: all rows of the conformance suite, under `strict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance import drawing, harness

import thalweg.core as core
from thalweg.core.backends.native import extension

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

ROWS, _ = drawing.load_rows(Path(harness.__file__).parent)

# Ops that run on NumPy in at least one row, and why; strings always do.
ON_NUMPY = {
    "ArrayWrite": "an array that grows",
    "AsString": "makes strings",
    "AssertFinite": "stops the run with the user's message",
    "AssertNone": "stops the run with the user's message",
    "AssertTrue": "stops the run with the user's message",
    "CTCBeamSearchDecoder": "how long results are follows from the data",
    "CTCGreedyDecoder": "how long results are follows from the data",
    "MaskPositions": "how many there are follows from the data",
    "NonMaxSuppression": "how many are kept follows from the data",
    "PrintText": "writes to a stream",
    "PyFunc": "is the user's Python",
    "RandomUniform": "draws in float16",
    "TableIndex": "looks for keys on the host, mostly for strings",
    "TableValue": "looks for keys on the host, mostly for strings",
    "UniquePositions": "how many there are follows from the data",
    "WhereIndices": "how many there are follows from the data",
    "While": "a gradient stacks values of as many iterations as there were",
}


def without_kernel(name: str) -> Any:
    """What stops a strict session in a row's results and gradients; None if nothing does."""
    case = ROWS[name]
    sizes = {letter: high for letter, (_, high) in drawing.letters(case).items()}
    arrays = drawing.draw(case, sizes, 0, "float32")
    built = harness.differentiate(case, arrays, 0) if case.gradient else harness.build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    try:
        with np.errstate(all="ignore"):
            built.run(fetches, "native", strict=True)
    except core.KernelError as error:
        if "has no kernel for it" not in str(error):
            raise
        return error
    return None


@pytest.mark.filterwarnings("ignore")
def test_what_has_no_kernel() -> None:
    """None but those, and each of those indeed."""
    found: dict[str, str] = {}
    for name in ROWS:
        error = without_kernel(name)
        if error is not None and "string" not in str(error.got):
            found.setdefault(error.where, name)
    assert found.keys() - ON_NUMPY.keys() == set(), found
    assert ON_NUMPY.keys() - found.keys() == set()

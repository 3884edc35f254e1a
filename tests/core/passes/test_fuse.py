"""fuse: what is joined, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session
from thalweg.core.backends.native import extension
from thalweg.core.passes import PIPELINE

pytestmark = pytest.mark.skipif(extension is None, reason="only the engine fuses")
OTHERS = tuple(pass_.__name__ for pass_ in PIPELINE)  # without them there is more to fuse


@pytest.fixture(autouse=True)
def graph() -> Any:
    with core.Graph().as_default() as context:
        yield context.graph


def test_a_group_that_nothing_reads_disappears() -> None:
    x = core.placeholder("float32", [3])
    unused = core.negative(core.square(x))
    with core.control_dependencies([unused]):
        y = core.identity(x)
    session, feeds = Session(backend="native", passes_off=OTHERS), {x: np.ones(3)}
    assert session.run(y, feeds).tolist() == [1.0, 1.0, 1.0]
    assert "Square" not in session.explain(y, feeds)

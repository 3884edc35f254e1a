"""A graph, a session and a seed for each test of training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from thalweg.core import Graph, Session, set_session
from thalweg.layers.naming import reset_names
from thalweg.utils import set_random_seed


@pytest.fixture(autouse=True)
def session() -> Iterator[Session]:
    """The session that models use, in a graph of the test's own."""
    set_random_seed(1)
    reset_names()
    with Graph().as_default():
        session = Session()
        set_session(session)
        yield session
    set_session(None)

"""A graph, a session and a seed for each test of a layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from thalweg.core import Graph, Session, set_seed, set_session


@pytest.fixture(autouse=True)
def session() -> Iterator[Session]:
    """The session that computes at once, in a graph of the test's own."""
    set_seed(1)
    with Graph().as_default():
        session = Session()
        set_session(session)
        yield session
    set_session(None)
    set_seed(None)

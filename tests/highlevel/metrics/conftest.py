"""A graph and a session of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from thalweg.core import Graph, Session
from thalweg.layers.naming import reset_names


@pytest.fixture(autouse=True)
def session() -> Iterator[Session]:
    session = Session()
    reset_names()
    with Graph().as_default(), session.as_default():
        yield session

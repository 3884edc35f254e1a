"""Every test begins and ends with an empty default graph and no default session, like a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thalweg.tf1 as tf


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield
    assert tf.get_default_session() is None
    tf.reset_default_graph()

"""What several tests of the engine need."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from thalweg.core import get_threads, set_threads


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of threads; it is as before afterwards."""
    before = get_threads()
    yield set_threads
    set_threads(before)

"""An empty `tmp_path`: the home folder of a test lies elsewhere."""

import pytest

from thalweg.utils import set_random_seed


@pytest.fixture(autouse=True)
def _own_machine(tmp_path_factory, monkeypatch):
    """No test sees the settings or caches of the machine, or reaches the network; a fixed seed."""
    set_random_seed(0)
    for name in ("THALWEG_DATA", "THALWEG_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("THALWEG_OFFLINE", "1")

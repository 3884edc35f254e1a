"""Options and fixtures of the whole suite."""

from __future__ import annotations

import os

import conformance.strict  # noqa: F401  (registers the strict backend)
import hypothesis
import model.arena  # noqa: F401  (registers the arena backend)
import pytest

from thalweg.core.backends.native import extension

# The same examples everywhere and every time; the long profile draws anew.
# Slow machines are no fault of a test, so nothing here depends on time.
_COMMON = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
# Examples are small, and a broken op must not cost minutes: only the long profile shrinks.
hypothesis.settings.register_profile(
    "quick",
    max_examples=5,
    derandomize=True,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    **_COMMON,
)
hypothesis.settings.register_profile("long", max_examples=300, **_COMMON)
hypothesis.settings.load_profile(os.environ.get("THALWEG_HYPOTHESIS_PROFILE", "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        action="append",
        default=None,
        metavar="NAME",
        help="a backend to run the op rows on; may be given several times "
        "(default: numpy, strict, and native where the engine is built)",
    )
    parser.addoption(
        "--model-programs",
        type=int,
        default=500,
        metavar="COUNT",
        help="how many random programs the model checker runs (default: 500)",
    )
    parser.addoption(
        "--model-first",
        type=int,
        default=0,
        metavar="NUMBER",
        help="the number of its first program (default: 0)",
    )


DEFAULT_BACKENDS = ["numpy", "strict"] if extension is None else ["numpy", "strict", "native"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = list(dict.fromkeys(metafunc.config.getoption("--backend") or DEFAULT_BACKENDS))
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", chosen)
    if "other_backend" in metafunc.fixturenames:  # those that are compared with the reference
        metafunc.parametrize("other_backend", [name for name in chosen if name != "numpy"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long starts first, so that no process is left alone with it at the end.

    Processes get equal pieces of the list, and take from one another what is left at its end. So
    each piece begins with some of the files of slow tests.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow: dict[str, list[pytest.Item]] = {}
    quick: list[pytest.Item] = []
    for item in items:
        is_slow = item.get_closest_marker("slow") is not None
        (slow.setdefault(str(item.path), []) if is_slow else quick).append(item)
    files, size = list(slow.values()), -(-len(quick) // count)
    items[:] = [
        item
        for i in range(count)
        for part in (*files[i::count], quick[i * size : (i + 1) * size])
        for item in part
    ]

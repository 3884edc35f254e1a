"""Every op against its row in `tests/conformance/cases_<family>.py`, one test a check.

`--backend=NAME` (several times) chooses the backends; `--hypothesis-profile=long`, or the
environment variable THALWEG_HYPOTHESIS_PROFILE, draws more than the five fixed examples.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conformance import drawing, harness, programs
from conformance.case import Case
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg.core  # noqa: F401  (registers every op)
from thalweg.core.opdef import REGISTRY

FOLDER = Path(harness.__file__).parent
ROWS, BROKEN = drawing.load_rows(FOLDER)

# Ops that no row can cover, why, and the file whose tests speak of them.
WITHOUT_ROW = {
    "Placeholder": ("every row feeds one", "test_session.py"),
    "PlaceholderWithDefault": ("is lowered away", "test_state.py"),
    "Call": ("tells shapes before a loop", "test_tensor_array.py"),
    "CustomGradient": ("is lowered away", "test_custom_gradient.py"),
    "NoOp": ("has no outputs", "test_state.py"),
    "Transfer": ("stands in programs only", "test_devices.py"),
    "ReadLatest": ("needs a variable", "test_control_flow.py"),
    "ReadVariable": ("needs a variable", "test_state.py"),
    "Assign": ("needs a variable", "test_state.py"),
    "AssignAdd": ("needs a variable", "test_state.py"),
    "AssignSub": ("needs a variable", "test_state.py"),
    "AssignRows": ("needs a variable", "ops/test_scatter.py"),
    "NextCount": ("needs a variable", "test_state.py"),
    "Timestamp": ("is never the same", "ops/test_host_function.py"),
    "ReadFile": ("needs a file", "ops/test_files.py"),
    "WriteFile": ("has no outputs", "ops/test_files.py"),
    "Choose": ("only one side must run", "ops/test_control.py"),
}

each_row = pytest.mark.parametrize("case", ROWS.values(), ids=ROWS)
each_row_and_dtype = pytest.mark.parametrize(
    ("case", "float_dtype"),
    [
        pytest.param(case, dtype, id=f"{name}-{dtype}")
        for name, case in ROWS.items()
        for dtype in drawing.dtypes(case)
    ],
)
SEEDS = st.integers(0, 2**32 - 1)
FEW = 0.4  # for what hardly depends on values


def sizes(case: Case, kind: str = "any") -> st.SearchStrategy[dict[str, int]]:
    """Sizes for the letters of a row: any, all as small as they may be, or some of them 0."""
    bounds = drawing.letters(case)
    if kind == "least":
        return st.just({letter: low for letter, (low, _) in bounds.items()})
    drawn = st.fixed_dictionaries(
        {letter: st.integers(low, high) for letter, (low, high) in bounds.items()}
    )
    if kind == "any":
        return drawn
    emptied = st.sets(st.sampled_from(sorted(case.empty)), min_size=1)
    return st.tuples(drawn, emptied).map(lambda pair: {**pair[0], **dict.fromkeys(pair[1], 0)})


def for_examples(
    case: Case,
    check: Callable[..., None],
    float_dtype: str = "float64",
    kind: str = "any",
    share: float = 1.0,
) -> None:
    """Calls `check(arrays, seed)` on drawn arrays: on that share of the profile's examples."""
    count = max(1, round(share * settings().max_examples))

    @settings(max_examples=count)
    @given(sizes=sizes(case, kind), seed=SEEDS)
    def run(sizes: dict[str, int], seed: int) -> None:
        check(drawing.draw(case, sizes, seed, float_dtype), seed)

    run()


@each_row_and_dtype
def test_forward(case: Case, float_dtype: str, backend: str) -> None:
    for_examples(
        case, lambda arrays, seed: harness.check_forward(case, arrays, backend), float_dtype
    )


@each_row
@pytest.mark.parametrize("known", ["ranks", "nothing"])
def test_unknown(case: Case, known: str) -> None:
    for_examples(case, lambda arrays, seed: harness.check_unknown(case, arrays, known))


@each_row
def test_gradient(case: Case) -> None:
    for_examples(case, lambda arrays, seed: harness.check_gradient(case, arrays, seed))


@each_row
def test_second_order(case: Case) -> None:
    for_examples(case, lambda arrays, seed: harness.check_second_order(case, arrays, seed))


@each_row
def test_gradient_unknown(case: Case) -> None:
    for_examples(
        case, lambda arrays, seed: harness.check_gradient_unknown(case, arrays, seed), share=FEW
    )


@each_row
def test_least_sizes(case: Case) -> None:
    def check(arrays: Any, seed: int) -> None:
        harness.check_forward(case, arrays)
        harness.check_gradient(case, arrays, seed)

    for_examples(case, check, kind="least", share=FEW)


@pytest.mark.parametrize(
    "case", [c for c in ROWS.values() if c.empty], ids=[c.name for c in ROWS.values() if c.empty]
)
def test_empty(case: Case, backend: str) -> None:
    def check(arrays: Any, seed: int) -> None:
        harness.check_forward(case, arrays, backend)
        if backend == "numpy":
            harness.check_gradient(case, arrays, seed)
            programs.check_programs(case, arrays, seed)

    for_examples(case, check, kind="empty", share=FEW)


@each_row
def test_layouts(case: Case) -> None:
    for_examples(case, lambda arrays, seed: harness.check_layouts(case, arrays, seed), share=FEW)


@each_row_and_dtype
def test_programs(case: Case, float_dtype: str) -> None:
    for_examples(
        case, lambda arrays, seed: programs.check_programs(case, arrays, seed), float_dtype
    )


@each_row
def test_passes(case: Case) -> None:
    for_examples(case, lambda arrays, seed: harness.check_passes(case, arrays, seed), share=FEW)


@each_row
def test_backend(case: Case, other_backend: str) -> None:
    for_examples(
        case,
        lambda arrays, seed: harness.check_backend(case, arrays, seed, other_backend),
        share=FEW,
    )


# Which rows there are ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FOLDER.glob("cases_*.py")), ids=lambda path: path.stem)
def test_rows_load(path: Path) -> None:
    if path.stem in BROKEN:
        raise BROKEN[path.stem]


def test_every_op_has_a_row() -> None:
    covered = {name for case in ROWS.values() for name in case.covers}
    ours = {name for name, op in REGISTRY.items() if op.__module__.startswith("thalweg.")}
    assert sorted(ours - covered - set(WITHOUT_ROW)) == [], "these ops have no row"
    assert sorted(set(WITHOUT_ROW) & covered) == [], "these ops have a row after all"
    assert sorted(set(WITHOUT_ROW) - ours) == [], "there are no such ops"


@each_row
def test_row_covers_what_it_says(case: Case) -> None:
    assert set(case.covers) <= set(REGISTRY), "there is no such op"
    assert case.covers, "a row covers some op"
    high = {letter: high for letter, (_, high) in drawing.letters(case).items()}
    found: set[str] = set()
    for float_dtype in drawing.dtypes(case):
        found |= programs.ops_of(case, drawing.draw(case, high, 0, float_dtype), 0)
    missing = set(case.covers) - found
    assert not missing, f"the row's graph does not hold {sorted(missing)}"


@pytest.mark.parametrize("name", WITHOUT_ROW)
def test_ops_without_row_are_tested_elsewhere(name: str) -> None:
    path = Path(__file__).parent / WITHOUT_ROW[name][1]
    assert path.exists(), f"{path.name} is to test {name}"

"""Every check that a row of the op tests implies, as plain functions.

A check draws nothing: it takes a `Case` and the arrays made for it by `draw`, builds the case's
graph anew, and raises `AssertionError` with what differs. `tests/core/test_conformance.py` turns
each into one test a row; tools may call them one by one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.core import (
    Graph,
    GraphError,
    Session,
    ShapeError,
    constant,
    gradients,
    placeholder,
)
from thalweg.core.graph import Operation, Tensor
from thalweg.core.lower import host_feeds, lower
from thalweg.core.passes import PIPELINE
from thalweg.core.plan import make_plan, specialize
from thalweg.core.program import Instruction, Program, verify
from thalweg.core.types import TensorType, as_dtype

from .case import Case, Input

Arrays = tuple[np.ndarray, ...]

# Largest difference over the largest value among the case's inputs and results. Sums of a few
# dozen products stay within ten units in the last place; there is room for thirty.
TOLERANCE = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-13}
# Central differences: step (near the cube root of epsilon), and tolerance, by the coarsest dtype.
DIFFERENCES = {"float64": (6e-6, 2e-7), "float32": (1e-2, 2e-2), "float16": (1e-1, 2e-1)}
PASS_NAMES = tuple(pass_.__name__ for pass_ in PIPELINE)
KNOWLEDGE = ("sizes", "ranks", "nothing")
FLOATS = ("float32", "float64")


# Rows --------------------------------------------------------------------------------------------


def load_rows(folder: Path) -> tuple[dict[str, Case], dict[str, Exception]]:
    """All rows by name, and the error of each file that cannot be read."""
    rows: dict[str, Case] = {}
    broken: dict[str, Exception] = {}
    for path in sorted(folder.glob("cases_*.py")):
        try:
            cases = importlib.import_module(f"conformance.{path.stem}").CASES
            for case in cases:
                if case.name in rows:
                    raise ValueError(f"two rows are called {case.name!r}")
                rows[case.name] = case
        except Exception as error:  # one broken file must not hide the others' rows
            broken[path.stem] = error
    return rows, broken


def letters(case: Case) -> dict[str, tuple[int, int]]:
    """Bounds of the size of each letter of the row."""
    return {
        axis: case.sizes.get(axis, (1, 4))
        for item in case.inputs
        for axis in item.shape
        if isinstance(axis, str)
    }


def dtypes(case: Case) -> tuple[str, ...]:
    """What `"float"` stands for, one after another."""
    return FLOATS if any(item.dtype == "float" for item in case.inputs) else FLOATS[1:]


def draw(case: Case, sizes: Mapping[str, int], seed: int, float_dtype: str) -> Arrays:
    """Read-only arrays for the row's inputs."""
    generator = np.random.default_rng(seed)
    arrays = []
    for item in case.inputs:
        shape = tuple(sizes[a] if isinstance(a, str) else a for a in item.shape)
        dtype = float_dtype if item.dtype == "float" else item.dtype
        arrays.append(_draw_one(item, shape, as_dtype(dtype).numpy, generator))
        arrays[-1].flags.writeable = False
    return tuple(arrays)


def _draw_one(
    item: Input, shape: tuple[int, ...], dtype: np.dtype[Any], generator: np.random.Generator
) -> np.ndarray:
    if item.values is not None:
        array = np.asarray(item.values(generator, shape, dtype))
        assert array.shape == shape and array.dtype == dtype, (
            f"values() made {array.dtype} {array.shape}, the row says {dtype} {shape}"
        )
        return array
    if dtype.kind == "b":
        return generator.random(shape) < 0.5
    if dtype.kind == "O":
        words = generator.integers(0, 1000, shape)
        return np.array([b"w%d" % n for n in words.reshape(-1)], object).reshape(shape)
    if dtype.kind in "iu":
        low = max(int(item.low), 0) if dtype.kind == "u" else int(item.low)
        return _resample(
            item, lambda n: generator.integers(low, int(item.high), n, endpoint=True), shape, dtype
        )
    if item.distinct:
        return _draw_distinct(item, shape, dtype, generator)
    return _resample(item, lambda n: generator.uniform(item.low, item.high, n), shape, dtype)


def _near(item: Input, values: np.ndarray) -> np.ndarray:
    near = np.zeros(values.shape, bool)
    for point in item.away:
        near |= np.abs(values - point) < 0.1
    return near


def _resample(
    item: Input,
    sample: Callable[[int], np.ndarray],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> np.ndarray:
    flat = sample(int(np.prod(shape, dtype=int)))
    for _ in range(1000):
        near = _near(item, flat)
        if not near.any():
            return flat.reshape(shape).astype(dtype)
        flat[near] = sample(int(near.sum()))
    raise AssertionError(f"no values between {item.low} and {item.high} are away {item.away}")


def _draw_distinct(
    item: Input, shape: tuple[int, ...], dtype: np.dtype[Any], generator: np.random.Generator
) -> np.ndarray:
    count = int(np.prod(shape, dtype=int))
    step = max(0.06, (item.high - item.low) / (2 * count + 1))
    grid = item.low + step * np.arange(4 * count + 100)
    grid = grid[~_near(item, grid)]
    inside = grid[grid <= item.high]
    pool = inside if inside.size >= count else grid[:count]  # bounds yield to distinctness
    return generator.permutation(pool)[:count].reshape(shape).astype(dtype)


# Building and running ----------------------------------------------------------------------------


@dataclass
class Built:
    """A row's graph.

    Attributes:
        feeds: the placeholders.
        values: what to feed, in their order.
        positions: the input that each feed is.
        outputs: the tensors that the row's function returned.
    """

    graph: Graph
    feeds: list[Tensor]
    values: list[np.ndarray]
    positions: list[int]
    outputs: tuple[Tensor, ...]
    extra: list[Tensor] = field(default_factory=list)

    def run(self, fetches: Sequence[Tensor], backend: str = "numpy", **options: Any) -> Arrays:
        """Values of `fetches` as arrays."""
        session = Session(graph=self.graph, backend=backend, **options)
        feeds = dict(zip(self.feeds, self.values, strict=True))
        return tuple(np.asarray(value) for value in session.run(list(fetches), feeds))


def build(case: Case, arrays: Arrays, known: str = "sizes") -> Built:
    """The row's function applied to placeholders.

    Args:
        case: the row.
        arrays: one an input.
        known: of the placeholders: `"sizes"`, `"ranks"` or `"nothing"`.
    """
    graph = Graph()
    with graph.as_default():
        tensors, feeds, values, positions = [], [], [], []
        for position, (item, array) in enumerate(zip(case.inputs, arrays, strict=True)):
            if item.host:
                tensors.append(constant(array))
                continue
            shape: Any = array.shape
            if known == "ranks":
                shape = (None,) * array.ndim
            elif known == "nothing":
                shape = None
            tensors.append(placeholder(array.dtype, shape, name=f"input_{position}"))
            feeds.append(tensors[-1])
            values.append(array)
            positions.append(position)
        result = case.function(*tensors)
    outputs = tuple(result) if isinstance(result, list | tuple) else (result,)
    for output in outputs:
        assert isinstance(output, Tensor), f"the function returned {output!r}, not a tensor"
    return Built(graph, feeds, values, positions, outputs)


@dataclass
class Differentiated(Built):
    """A row's graph with a random projection of its float outputs, and the gradients of that.

    Attributes:
        projections: placeholders, one a float output.
        targets: the float outputs.
        sources: the inputs whose gradients the row checks.
        gradients: their gradients, None where there is none.
    """

    projections: list[Tensor] = field(default_factory=list)
    targets: list[Tensor] = field(default_factory=list)
    sources: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor | None] = field(default_factory=list)


def differentiate(case: Case, arrays: Arrays, seed: int, known: str = "sizes") -> Differentiated:
    """The row's graph and gradients of a random projection of its outputs."""
    built = build(case, arrays, known)
    plain = built.run(built.outputs)
    generator = np.random.default_rng([seed, 1])
    result = Differentiated(**vars(built))
    with result.graph.as_default():
        for number, (output, value) in enumerate(zip(built.outputs, plain, strict=True)):
            if not output.dtype.is_float:
                continue
            shape: Any = value.shape if known == "sizes" else (None,) * value.ndim
            projection = placeholder(output.dtype, shape, name=f"projection_{number}")
            result.targets.append(output)
            result.projections.append(projection)
            result.feeds.append(projection)
            result.values.append(generator.uniform(-1, 1, value.shape).astype(value.dtype))
        result.sources = [
            feed
            for feed, position in zip(built.feeds, built.positions, strict=False)
            if case.inputs[position].gradient and feed.dtype.is_float
        ]
        if result.targets and result.sources:
            result.gradients = gradients(result.targets, result.sources, result.projections)
    return result


# Comparing ---------------------------------------------------------------------------------------


def largest(*arrays: np.ndarray) -> float:
    """The largest finite absolute value among the float arrays; 0 if there is none."""
    found = 0.0
    for array in arrays:
        if array.dtype.kind == "f" and array.size:
            finite = np.abs(array[np.isfinite(array)])
            found = max(found, float(finite.max(initial=0.0)))
    return found


def assert_close(
    actual: np.ndarray,
    expected: np.ndarray,
    what: str,
    *,
    scale: float = 0.0,
    rtol: float | None = None,
    exact: bool = False,
) -> None:
    """Equal shapes, equal infinities and NaNs, and differences within the tolerance table.

    Args:
        actual: the result; its dtype chooses the tolerance.
        expected: what it should be.
        what: for the message.
        scale: tolerance is relative to this, or to the largest expected value if that is larger.
        rtol: instead of the table's tolerance.
        exact: equal to the last bit.
    """
    expected = np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, not {expected.shape}"
    if exact or actual.dtype.kind != "f":
        same = actual == expected
        if actual.dtype.kind == "f":
            same = same | (np.isnan(actual) & np.isnan(expected))
        assert np.all(same), f"{what}:\n{actual}\nis not\n{expected}"
        return
    expected = expected.astype(np.float64)
    special = ~np.isfinite(expected)
    assert np.array_equal(actual[special], expected[special], equal_nan=True) and np.all(
        np.isfinite(actual[~special])
    ), f"{what}: infinities or NaNs differ:\n{actual}\nis not\n{expected}"
    tolerance = (TOLERANCE[actual.dtype.name] if rtol is None else rtol) * max(
        scale, largest(expected)
    )
    difference = np.abs(actual[~special].astype(np.float64) - expected[~special])
    assert np.all(difference <= tolerance), (
        f"{what}: differs by {difference.max()}, allowed is {tolerance}:\n"
        f"{actual}\nis not\n{expected}"
    )


def assert_same_results(case: Case, actual: Arrays, expected: Arrays, what: str) -> None:
    """Results, and perhaps gradients after them, of two ways to run the same row."""
    scale = largest(*expected)
    for number, (a, b) in enumerate(zip(actual, expected, strict=True)):
        assert a.dtype == b.dtype, f"{what}: result {number} is {a.dtype}, not {b.dtype}"
        tolerance = case.rtol * TOLERANCE.get(a.dtype.name, 0.0)
        assert_close(a, b, f"{what}: result {number}", scale=scale, rtol=tolerance)


# The checks --------------------------------------------------------------------------------------


def oracle_results(case: Case, arrays: Arrays) -> Arrays:
    """What the row's oracle says, in float64 for float inputs."""
    wide = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
    with np.errstate(all="ignore"):
        result = case.oracle(*wide)
    return tuple(np.asarray(r) for r in (result if isinstance(result, list | tuple) else (result,)))


def check_forward(case: Case, arrays: Arrays, backend: str = "numpy") -> None:
    """The results equal the oracle's, and their types are the inferred ones."""
    expected = oracle_results(case, arrays)
    built = build(case, arrays)
    results = built.run(built.outputs, backend)
    assert len(results) == len(expected), f"{len(results)} outputs, {len(expected)} expected"
    scale = largest(*arrays, *expected)
    for number, (result, wanted) in enumerate(zip(results, expected, strict=True)):
        type_ = built.outputs[number].type
        assert result.dtype == type_.dtype.numpy, f"inferred {type_}, but made {result.dtype}"
        assert type_.shape == result.shape, f"inferred {type_}, but made {result.shape}"
        assert_value_true(type_, result)
        tolerance = case.rtol * TOLERANCE.get(result.dtype.name, 0.0)
        assert_close(
            result, wanted, f"output {number}", scale=scale, rtol=tolerance, exact=case.exact
        )


def assert_value_true(type_: TensorType, result: np.ndarray) -> None:
    """A value that a type carries is the real one, where it is known."""
    if type_.value is not None:
        real = result.reshape(-1).tolist()
        assert len(real) == len(type_.value) and all(
            a is None or a == b for a, b in zip(type_.value, real, strict=True)
        ), f"its type says {type_.value}, but its value is {real}"


def check_unknown(case: Case, arrays: Arrays, known: str) -> None:
    """Inferred types with less known are right, and the results the same."""
    full = build(case, arrays)
    expected = full.run(full.outputs)
    if known == "nothing" and case.needs_rank:
        try:
            build(case, arrays, known)
        except ShapeError as error:
            assert "rank" in str(error), f"the message does not speak of the rank: {error}"
            return
        raise AssertionError("the row says needs_rank, but an unknown rank did as well")
    built = build(case, arrays, known)
    for number, (tensor, result) in enumerate(zip(built.outputs, expected, strict=True)):
        real = TensorType(as_dtype(result.dtype), result.shape)
        assert tensor.type.accepts(real), f"output {number}: inferred {tensor.type}, made {real}"
        assert_value_true(tensor.type, result)
    assert_same_results(case, built.run(built.outputs), expected, f"with unknown {known}")


def check_gradient(case: Case, arrays: Arrays, seed: int) -> None:
    """Gradients equal central differences along one random direction an input."""
    if not case.gradient:
        check_no_gradient(case, arrays, seed)
        return
    built = differentiate(case, arrays, seed)
    assert built.targets and built.sources, "there is nothing to differentiate: gradient=False"
    _check_derivative(built, built.targets, built.projections, built.sources, built.gradients, seed)


def check_no_gradient(case: Case, arrays: Arrays, seed: int) -> None:
    """Differentiating raises or finds nothing: the row would check it otherwise."""
    try:
        built = differentiate(case, arrays, seed)
    except GraphError as error:
        assert "has no gradient" in str(error), str(error)
    else:
        assert all(g is None for g in built.gradients), (
            "the row says gradient=False, but there is one"
        )


def check_second_order(case: Case, arrays: Arrays, seed: int) -> None:
    """Gradients of a random projection of the gradients equal central differences.

    The first projection counts as one more input, so that gradient helper ops are differentiated
    with respect to all they take.
    """
    if not case.gradient or case.order < 2:
        return
    built = differentiate(case, arrays, seed)
    firsts = [g for g in built.gradients if g is not None]
    if not firsts:
        return
    generator = np.random.default_rng([seed, 2])
    with built.graph.as_default():
        seconds = []
        for number, (g, value) in enumerate(zip(firsts, built.run(firsts), strict=True)):
            seconds.append(placeholder(g.dtype, value.shape, name=f"second_{number}"))
            built.feeds.append(seconds[-1])
            built.values.append(generator.uniform(-1, 1, value.shape).astype(value.dtype))
        sources = built.sources + built.projections
        found = gradients(firsts, sources, seconds)
    _check_derivative(built, firsts, seconds, sources, found, seed)


def _check_derivative(
    built: Built,
    targets: Sequence[Tensor],
    projections: Sequence[Tensor],
    sources: Sequence[Tensor],
    found: Sequence[Tensor | None],
    seed: int,
) -> None:
    """Compares `found` with differences of the sum of targets times projections."""
    if not targets:
        return
    generator = np.random.default_rng([seed, 3])
    coarsest = max((t.dtype for t in (*targets, *sources)), key=lambda d: np.finfo(d.numpy).eps)
    step, tolerance = DIFFERENCES[coarsest.name]
    value_of = dict(zip(built.feeds, built.values, strict=True))
    session = Session(graph=built.graph)

    def projected(changes: Mapping[Tensor, np.ndarray]) -> float:
        values = session.run(list(targets), {**value_of, **changes})
        terms = (
            np.asarray(value, np.float64) * value_of[p].astype(np.float64)
            for value, p in zip(values, projections, strict=True)
        )
        return float(sum(term.sum() for term in terms))

    analytic = iter(built.run([g for g in found if g is not None]))
    for source, g in zip(sources, found, strict=True):
        x = value_of[source]
        direction = generator.uniform(0.5, 1, x.shape) * generator.choice([-1, 1], x.shape)
        up, down = (x + sign * step * direction for sign in (1, -1))
        difference = projected({source: up.astype(x.dtype)}) - projected(
            {source: down.astype(x.dtype)}
        )
        numeric = difference / (2 * step)
        value = next(analytic).astype(np.float64) if g is not None else np.zeros(x.shape)
        assert value.shape == x.shape, (
            f"the gradient of '{source.name}' has shape {value.shape}, not {x.shape}"
        )
        if not x.size:
            continue  # and the result may be a NaN, the mean of nothing
        symbolic = float((value * direction).sum())
        scale = max(1.0, float(np.abs(value).sum()), abs(numeric))
        missing = "" if g is not None else " (there is none: None)"
        assert abs(symbolic - numeric) <= tolerance * scale, (
            f"the gradient of '{source.name}' along a direction is {symbolic}{missing}, "
            f"by differences {numeric}, allowed is a difference of {tolerance * scale}"
        )


def check_gradient_unknown(case: Case, arrays: Arrays, seed: int) -> None:
    """Gradients built with unknown sizes have the same values, and types that fit them."""
    if not case.gradient:
        return
    full = differentiate(case, arrays, seed)
    less = differentiate(case, arrays, seed, known="ranks")
    expected = full.run([g for g in full.gradients if g is not None])
    assert [g is None for g in full.gradients] == [g is None for g in less.gradients]
    tensors = [g for g in less.gradients if g is not None]
    for tensor, value in zip(tensors, expected, strict=True):
        real = TensorType(as_dtype(value.dtype), value.shape)
        assert tensor.type.accepts(real), f"inferred {tensor.type}, made {real}"
    assert_same_results(case, less.run(tensors), expected, "gradients with unknown sizes")


def layouts(array: np.ndarray) -> Iterator[np.ndarray]:
    """The same values in other memory layouts."""
    if array.ndim:
        every = (slice(None, None, -1),) * array.ndim
        yield np.ascontiguousarray(array[every])[every]
        yield np.asfortranarray(array)
        yield np.repeat(array, 2, axis=-1)[..., ::2]


def check_layouts(case: Case, arrays: Arrays, seed: int) -> None:
    """Reversed, transposed and strided feeds give the same results and gradients."""
    built = differentiate(case, arrays, seed) if case.gradient else build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    expected = built.run(fetches)
    plain = list(built.values)
    for position, array in enumerate(plain):
        for layout in layouts(array):
            built.values[position] = layout
            actual = built.run(fetches)
            assert_same_results(case, actual, expected, f"strides {layout.strides}")
        built.values[position] = array


def check_passes(case: Case, arrays: Arrays, seed: int) -> None:
    """Results and gradients do not depend on any pass."""
    built = differentiate(case, arrays, seed, "ranks") if case.gradient else build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    expected = built.run(fetches)
    for off in [*[(name,) for name in PASS_NAMES], PASS_NAMES]:
        actual = built.run(fetches, passes_off=off)
        assert_same_results(case, actual, expected, f"without {' and '.join(off)}")


def check_backend(case: Case, arrays: Arrays, seed: int, backend: str) -> None:
    """Another backend's results and gradients are NumPy's."""
    built = differentiate(case, arrays, seed) if case.gradient else build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    expected = built.run(fetches)
    assert_same_results(case, built.run(fetches, backend), expected, f"on {backend}")


# Programs ----------------------------------------------------------------------------------------


def check_programs(case: Case, arrays: Arrays, seed: int) -> None:
    """Programs stay valid after every pass, and each instruction keeps its op's promises."""
    for program, values in _programs(case, arrays, seed):
        verify(program)
        for pass_ in PIPELINE:
            program = pass_(program)
            verify(program)
        special = specialize(program, [value.shape for value in values])
        verify(special)
        interpret(special, values)
        for pass_ in PIPELINE:
            special = pass_(special)
            verify(special)
        interpret(special, values)


def _programs(case: Case, arrays: Arrays, seed: int) -> Iterator[tuple[Program, list[np.ndarray]]]:
    """The row's forward and gradient programs, lowered but not yet rewritten."""
    for built, fetches in _fetches(case, arrays, seed):
        deciding = set(host_feeds(fetches, built.feeds))
        given = {t: v for t, v in zip(built.feeds, built.values, strict=True) if t in deciding}
        yield lower(fetches, built.feeds, given), built.values


def _fetches(case: Case, arrays: Arrays, seed: int) -> Iterator[tuple[Built, list[Tensor]]]:
    built = build(case, arrays, "ranks")
    yield built, list(built.outputs)
    if case.gradient:
        first = differentiate(case, arrays, seed, "ranks")
        found = [g for g in first.gradients if g is not None]
        yield first, [*first.outputs, *found]
        if case.order >= 2 and found:
            with first.graph.as_default():
                second = gradients(found, first.sources + first.projections)
            yield first, [g for g in second if g is not None]


def interpret(program: Program, feeds: Sequence[np.ndarray]) -> Arrays:
    """Runs a program by `compute` alone, and checks each instruction.

    Inputs must not be changed, outputs have exactly the inferred type, and share memory with an
    input only where the op says so.
    """
    values: dict[int, Any] = dict(program.constants)
    for number, array in zip(program.feeds, feeds, strict=True):
        if number is not None:
            values[number] = array
    assert not program.state_in, "rows have no variables"
    with np.errstate(all="ignore"):
        for instruction in program.instructions:
            inputs = [values[n] for n in instruction.inputs]
            before = [np.array(array) for array in inputs]
            result = instruction.opdef.compute(np, *inputs)
            results = result if isinstance(result, tuple) else (result,)
            _check_instruction(program, instruction, inputs, before, results)
            values.update(zip(instruction.outputs, results, strict=True))
    return tuple(np.asarray(values[n]) for n in program.fetches)


def _check_instruction(
    program: Program,
    instruction: Instruction,
    inputs: list[np.ndarray],
    before: list[np.ndarray],
    results: Sequence[Any],
) -> None:
    opdef = instruction.opdef
    for position, (array, copy) in enumerate(zip(inputs, before, strict=True)):
        same = (
            array.tolist() == copy.tolist()
            if array.dtype == object
            else (np.asarray(array).tobytes() == copy.tobytes())
        )
        assert same, f"{opdef.label} changed its input {position}"
    assert len(results) == len(instruction.outputs), f"{opdef.label} made {len(results)} outputs"
    for position, (number, result) in enumerate(zip(instruction.outputs, results, strict=True)):
        type_ = program.types[number]
        assert isinstance(result, np.ndarray | np.generic), (
            f"{opdef.label} made a {type(result).__name__}, not an array"
        )
        assert result.dtype == type_.dtype.numpy, f"{opdef.label} made {result.dtype}, not {type_}"
        assert result.shape == type_.shape, f"{opdef.label} made {result.shape}, not {type_}"
        assert_value_true(type_, np.asarray(result))
        _check_aliases(instruction, position, np.asarray(result), inputs)


def _check_aliases(
    instruction: Instruction, position: int, result: np.ndarray, inputs: list[np.ndarray]
) -> None:
    opdef = instruction.opdef
    data = sorted(set(range(len(inputs))) - opdef.host_inputs)
    for number, array in enumerate(inputs):
        if np.shares_memory(result, array):
            # the memory pass reads the flags so: output 0 of a view lies in the first data input,
            # and all outputs of an op that may alias may do so
            is_told = opdef.may_alias or (opdef.is_view and position == 0)
            assert number == data[0] and is_told, (
                f"{opdef.label}: output {position} shares memory with input {number}, "
                "which the op does not say"
            )


def ops_of(case: Case, arrays: Arrays, seed: int) -> set[str]:
    """Names of the ops that the row's programs hold, before and after the passes."""
    found: set[str] = set()
    for program, values in _programs(case, arrays, seed):
        found.update(i.opdef.label for i in program.instructions)
        for pass_ in PIPELINE:
            program = pass_(program)
            found.update(i.opdef.label for i in program.instructions)
        plan = make_plan(program, [value.shape for value in values])
        found.update(i.opdef.label for i in plan.program.instructions)
    for built, fetches in _fetches(case, arrays, seed):
        found.update(op.type for op in _reachable(fetches))
        del built
    return found


def _reachable(fetches: Sequence[Tensor]) -> set[Operation]:
    seen: set[Operation] = set()
    stack = [t.op for t in fetches]
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend(t.op for t in op.inputs)
    return seen

"""Loops in blocks of rows: which bodies allow it, and that the results stay what they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session
from thalweg.core.backends.native import extension
from thalweg.core.backends.native.lowering import Builder, LoopCall, lower_instruction
from thalweg.core.backends.native.rows import block_size, find_rows, with_rows
from thalweg.core.opdef import REGISTRY
from thalweg.core.ops.loops import Scan
from thalweg.core.ops.slicing import Span
from thalweg.core.program import Program
from thalweg.core.types import TensorType, as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

B, N = 6, 4  # rows, and what each has


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with core.Graph().as_default() as context:
        yield context.graph


class Writer:
    """Writes a body: `w("Add", a, b)` is the number of the sum."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        self.program = Program()
        self.feeds = [self.program.value(TensorType(as_dtype("float32"), s)) for s in shapes]
        self.program.feeds = list(self.feeds)

    def __call__(self, label: str, *inputs: int, **options: Any) -> int:
        return self.program.emit_many(REGISTRY[label](**options), *inputs)[0]

    def shape(self, *sizes: int) -> int:
        return self.program.constant(np.array(sizes, np.int32))

    def fetch(self, *values: int) -> Program:
        self.program.fetches = list(values)
        return self.program


def cell(rows: int, units: int) -> tuple[Program, int, int]:
    """h, x; w: tanh(h w + x), with as many rows as units where a test wants that."""
    w = Writer((rows, units), (rows, units), (units, units))
    h, x, kernel = w.feeds
    product = w("MatMul", h, kernel, transpose_a=False, transpose_b=False)
    return w.fetch(w("Tanh", w("Add", product, x))), 1, 1


class TestFindRows:
    def test_a_recurrent_cell(self) -> None:
        body, carries, xs = cell(B, N)
        rows = find_rows(body, carries, xs)
        assert rows is not None
        assert (rows.count, sorted(rows.feeds(body))) == (B, [0, 1])

    def test_weights_with_as_many_rows_as_the_batch_are_shared(self) -> None:
        body, carries, xs = cell(N, N)
        rows = find_rows(body, carries, xs)
        assert rows is not None
        assert sorted(rows.feeds(body)) == [0, 1]  # not the weights

    def test_a_constant_that_meets_rows_has_them(self) -> None:
        w = Writer((B, N), (B, N), (B, N), (N,))
        h, x, mask, bias = w.feeds
        body = w.fetch(w("Add", w("Multiply", w("Add", h, x), mask), bias))
        rows = find_rows(body, 1, 1)
        assert rows is not None
        assert sorted(rows.feeds(body)) == [0, 1, 2]

    def test_a_constant_that_is_both_is_not_split(self) -> None:
        w = Writer((N, N), (N, N), (N, N))
        h, x, both = w.feeds
        product = w("MatMul", w("Multiply", h, both), both, transpose_a=False, transpose_b=False)
        assert find_rows(w.fetch(w("Add", product, x)), 1, 1) is None

    def test_a_bias_as_long_as_the_batch_is_shared(self) -> None:
        w = Writer((N, N), (N, N), (N,))
        h, x, bias = w.feeds
        body = w.fetch(w("Add", w("Add", h, x), bias))
        rows = find_rows(body, 1, 1)
        assert rows is not None
        assert sorted(rows.feeds(body)) == [0, 1]

    @pytest.mark.parametrize(
        ("label", "options"),
        [
            ("Concat", {"axis": 1}),
            ("Stack", {"axis": 1}),
            ("Stack", {"axis": 2}),
        ],
    )
    def test_moves_within_rows(self, label: str, options: dict[str, Any]) -> None:
        w = Writer((B, N), (B, N))
        h, x = w.feeds
        moved = w(label, h, x, **options)
        rows = find_rows(w.fetch(w("Add", h, x), moved), 1, 1)
        assert rows is not None
        assert rows.count == B


def reverse_rows(w: Writer, h: int, x: int) -> int:
    return w("Add", w("Reverse", h, axes=(0,)), x)


def transposed(w: Writer, h: int, x: int) -> int:
    return w("Add", w("Transpose", h, axes=(1, 0)), x)


def product_of_rows(w: Writer, h: int, x: int) -> int:
    return w("MatMul", h, x, transpose_a=False, transpose_b=True)  # row i and row j


def product_over_rows(w: Writer, h: int, x: int) -> int:
    return w("MatMul", h, x, transpose_a=True, transpose_b=False)


def sum_over_rows(w: Writer, h: int, x: int) -> int:
    return w("Add", w("ReduceSum", h, axis=(0,), keepdims=True), x)


def sum_over_rows_as_bias(w: Writer, h: int, x: int) -> int:
    return w("Add", w("ReduceSum", h, axis=(0,), keepdims=False), x)


def sum_in_rows_as_bias(w: Writer, h: int, x: int) -> int:
    # (rows,) meets the last axis: what was a row is a column now
    return w("Add", w("ReduceSum", h, axis=(1,), keepdims=False), x)


def folded(w: Writer, h: int, x: int) -> int:
    half = w("Reshape", h, w.shape(N // 2, 2 * N))
    turned = w("Reverse", half, axes=(0,))
    return w("Add", w("Reshape", turned, w.shape(N, N)), x)


def shifted(w: Writer, h: int, x: int) -> int:
    parts = (w("Slice", h, index=(span,)) for span in (Span(1, None), Span(0, 1)))
    return w("Add", w("Concat", *parts, axis=0), x)


MIXERS = [
    reverse_rows,
    transposed,
    product_of_rows,
    product_over_rows,
    sum_over_rows,
    sum_over_rows_as_bias,
    sum_in_rows_as_bias,
    folded,
    shifted,
]


@pytest.mark.parametrize("mix", MIXERS)
def test_rows_that_need_another_are_not_split(mix: Callable[[Writer, int, int], int]) -> None:
    w = Writer((N, N), (N, N))
    assert find_rows(w.fetch(mix(w, *w.feeds)), 1, 1) is None


def test_a_body_without_carries_or_with_one_row_is_not_split() -> None:
    w = Writer((B, N))
    assert find_rows(w.fetch(w("Tanh", w.feeds[0])), 0, 1) is None
    for rows in (0, 1):
        assert find_rows(*cell(rows, N)) is None


def test_a_carry_without_rows_is_not_split() -> None:
    w = Writer((B, N), (), (B, N))
    h, count, x = w.feeds
    assert find_rows(w.fetch(w("Add", h, x), w("Add", count, count)), 2, 1) is None


class TestWithRows:
    def test_shapes_follow(self) -> None:
        w = Writer((B, N), (B, N), (N, N))
        h, x, kernel = w.feeds
        product = w("MatMul", h, kernel, transpose_a=False, transpose_b=False)
        pairs = w("Reshape", product, w.shape(B, 2, N // 2))
        body = w.fetch(w("Add", product, x), pairs)
        rows = find_rows(body, 1, 1)
        assert rows is not None
        small = with_rows(body, rows, 2)
        assert small is not None
        assert [small.types[n].dims() for n in small.fetches] == [(2, N), (2, 2, N // 2)]
        rng = np.random.default_rng(0)
        a, b, k = (rng.normal(size=s).astype("f") for s in ((B, N), (B, N), (N, N)))
        want = a @ k
        for first in range(0, B, 2):
            part = slice(first, first + 2)
            got = small.compute(np, [a[part], b[part], k])
            np.testing.assert_allclose(got[0], want[part] + b[part], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(got[1].reshape(2, N), want[part], rtol=1e-5, atol=1e-6)

    def test_shapes_of_what_all_rows_share_stay(self) -> None:
        # the bias has as many numbers as there are rows, and is reshaped to that
        w = Writer((N, N), (N, N), (N, 1))
        h, x, column = w.feeds
        bias = w("Reshape", column, w.shape(N))
        body = w.fetch(w("Add", w("Add", h, x), bias))
        rows = find_rows(body, 1, 1)
        assert rows is not None
        small = with_rows(body, rows, 1)
        assert small is not None
        a, b, c = (np.arange(N * k, dtype="f").reshape(N, k) for k in (N, N, 1))
        got = small.compute(np, [a[:1], b[:1], c])[0]
        np.testing.assert_array_equal(got, (a + b + np.arange(N, dtype="f"))[:1])


def test_block_sizes_follow_from_sizes() -> None:
    sizes = {}
    for rows, units in ((32, 128), (33, 128), (12, 128), (64, 512), (32, 4), (1000, 128)):
        body, carries, xs = cell(rows, units)
        found = find_rows(body, carries, xs)
        assert found is not None
        sizes[rows, units] = block_size(body, found)
    # at least 8 rows a block, 16 where the weights are 1 MB; at most 8 blocks; tiny work is one
    assert sizes == {
        (32, 128): 8,
        (33, 128): 9,
        (12, 128): 12,
        (64, 512): 16,
        (32, 4): 32,
        (1000, 128): 125,
    }


def blocks_of(body: Program, carries: int, xs: int, length: int) -> int:
    """Of a scan over this body."""
    program = Program()
    types = [body.types[n] for n in body.feeds if n is not None]
    for i, type_ in enumerate(types):
        dims = type_.dims()
        is_slice = carries <= i < carries + xs
        type_ = type_.with_shape((length, *dims)) if is_slice else type_
        program.feeds.append(program.value(type_))
    feeds = [n for n in program.feeds if n is not None]
    program.emit_many(Scan((body,), carries, xs, False), *feeds)
    builder = Builder(program)
    assert lower_instruction(builder, program.instructions[-1])
    [call] = builder.calls
    assert isinstance(call, LoopCall)
    return call.blocks


def test_a_scan_runs_in_blocks_where_it_can() -> None:
    assert blocks_of(*cell(32, 128), 5) == 4
    assert blocks_of(*cell(32, 4), 5) == 1  # too little work
    w = Writer((128, 128), (128, 128))
    mixing = w.fetch(w("Tanh", product_of_rows(w, *w.feeds)))
    assert blocks_of(mixing, 1, 1, 5) == 1


# In graphs ----------------------------------------------------------------------------------------


def recurrent(rows: int | None, units: int, reverse: bool = False) -> tuple[Any, ...]:
    """A cell of two carries with a mask; the last states, the rows, and their gradients."""
    x = core.placeholder("float32", [None, rows, units])
    mask = core.placeholder("bool", [None, rows, 1])
    h0 = core.placeholder("float32", [rows, units])
    w = core.Variable(np.random.default_rng(3).normal(size=(units, units)).astype("f") / units**0.5)

    def step(state: Any, row: Any) -> Any:
        h, total = state
        x, m = row
        new = core.tanh(core.matmul(h, w) + x)
        new = core.where(m, new, h)
        return (new, total + new), new

    (last, total), rows_ = core.scan(step, (h0, core.zeros_like(h0)), (x, mask), reverse=reverse)
    gradients = core.gradients(core.reduce_sum(core.square(total) + last), [x, h0, w])
    return (x, mask, h0, w), [last, total, rows_, *gradients]


def by_hand(
    x: np.ndarray, mask: np.ndarray, h0: np.ndarray, w: np.ndarray, reverse: bool
) -> list[np.ndarray]:
    """The same states in float64, one sample and one step at a time."""
    states = np.zeros(x.shape)
    last, total = h0.astype("d").copy(), np.zeros(h0.shape)
    for sample in range(x.shape[1]):
        h = h0[sample].astype("d")
        for t in range(len(x))[:: -1 if reverse else 1]:
            if mask[t, sample, 0]:
                h = np.tanh(w.T.astype("d") @ h + x[t, sample])
            states[t, sample] = h
            total[sample] += h
        last[sample] = h
    return [last, total, states]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("length", "rows", "units"),
    [(7, 32, 128), (5, 35, 96), (3, 17, 130), (4, 1, 64), (3, 0, 64), (1, 32, 128), (0, 32, 128)],
)
def test_results_are_right_and_do_not_depend_on_threads(
    length: int, rows: int, units: int, reverse: bool, threads: Callable[[int], None]
) -> None:
    (x, mask, h0, w), fetches = recurrent(None, units, reverse)
    rng = np.random.default_rng(4)
    feeds = {
        x: rng.normal(size=(length, rows, units)).astype("f"),
        mask: rng.random((length, rows, 1)) < 0.7,
        h0: rng.normal(size=(rows, units)).astype("f"),
    }
    session = Session()
    results = []
    for count in (1, 2, 3, 4):
        threads(count)
        results.append(session.run(fetches, feeds))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    want = by_hand(feeds[x], feeds[mask], feeds[h0], session.run(w), reverse)
    for got, expected in zip(results[0], want, strict=False):
        np.testing.assert_allclose(got, expected, rtol=0, atol=2e-5)
    plain = Session(backend="numpy").run(fetches, feeds)
    for got, expected in zip(results[0], plain, strict=True):
        scale = float(np.abs(expected).max(initial=1.0))
        np.testing.assert_allclose(got, expected, rtol=0, atol=2e-5 * scale)


def test_a_batch_of_another_size_gets_its_own_blocks() -> None:
    (x, mask, h0, _), fetches = recurrent(None, 128)
    session = Session()
    rng = np.random.default_rng(5)
    whole = rng.normal(size=(4, 40, 128)).astype("f")
    keep = np.ones((4, 40, 1), bool)
    start = rng.normal(size=(40, 128)).astype("f")
    states = session.run(fetches[2], {x: whole, mask: keep, h0: start})
    for rows in (32, 17, 9, 2):
        feeds = {x: whole[:, :rows], mask: keep[:, :rows], h0: start[:rows]}
        got = session.run(fetches[2], feeds)
        np.testing.assert_allclose(got, states[:, :rows], rtol=0, atol=1e-5)


def test_weights_that_change_between_runs_are_packed_anew() -> None:
    (x, mask, h0, w), fetches = recurrent(32, 128)
    session = Session()
    rng = np.random.default_rng(6)
    feeds = {
        x: rng.normal(size=(3, 32, 128)).astype("f"),
        mask: np.ones((3, 32, 1), bool),
        h0: np.zeros((32, 128), "f"),
    }
    for scale in (1.0, 0.5):
        session.run(core.assign(w, np.eye(128, dtype="f") * scale))
        want = by_hand(feeds[x], feeds[mask], feeds[h0], np.eye(128) * scale, False)
        np.testing.assert_allclose(session.run(fetches[0], feeds), want[0], rtol=0, atol=1e-5)


def run_both(build: Callable[[], Any], feeds: Callable[[Any], dict[Any, Any]]) -> None:
    """A scan on the engine and on NumPy."""
    x, fetches = build()
    ours = Session().run(fetches, feeds(x))
    plain = Session(backend="numpy").run(fetches, feeds(x))
    for got, expected in zip(ours, plain, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


VALUES = np.random.default_rng(8).normal(size=(4, 64, 64)).astype("f")


@pytest.mark.parametrize(
    "mix",
    [
        lambda h: core.reverse(h, 0),
        lambda h: core.transpose(h),
        lambda h: core.softmax(h),
        lambda h: core.transpose(core.softmax(core.transpose(h))),
        lambda h: core.matmul(h, h, transpose_a=True) * 0.01,
        lambda h: core.matmul(h, h, transpose_b=True) * 0.01,
        lambda h: core.where(core.random_bernoulli([64, 64], 0.5, seed=3), h, h * 0.5),
        lambda h: h + core.random_normal([64, 64], seed=4),
    ],
    ids=["reverse", "transpose", "softmax", "over rows", "ata", "aat", "masks", "noise"],
)
def test_rows_that_mix_give_what_numpy_gives(mix: Callable[[Any], Any]) -> None:
    def build() -> Any:
        x = core.placeholder("float32", [None, 64, 64])
        kernel = core.constant(np.eye(64, dtype="f") * 0.7)

        def step(h: Any, row: Any) -> Any:
            new = core.tanh(core.matmul(mix(h), kernel) + row)
            return new, new

        return x, core.scan(step, core.zeros([64, 64]), x)

    run_both(build, lambda x: {x: VALUES})


def test_a_body_that_writes_a_variable() -> None:
    x = core.placeholder("float32", [None, 64, 64])
    count = core.Variable(np.float32(0))

    def step(h: Any, row: Any) -> Any:
        new = core.tanh(core.matmul(h, row)) + count.assign_add(1.0) * 0.1
        return new, new

    last, rows = core.scan(step, core.zeros([64, 64]), x)
    session = Session()
    got, _ = session.run([last, rows], {x: VALUES})
    want = np.zeros((64, 64))
    for t, row in enumerate(VALUES.astype("d")):
        want = np.tanh(want @ row) + 0.1 * (t + 1)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-4)
    assert session.run(count) == 4.0


def test_an_index_out_of_range_in_a_loop_is_an_error() -> None:
    x = core.placeholder("int32", [None, 32])
    table = core.constant(np.ones((5, 128), "f"))
    w = core.constant(np.eye(128, dtype="f"))

    def step(h: Any, row: Any) -> Any:
        new = core.tanh(core.matmul(h, w) + core.gather(table, row))
        return new, new

    last, _ = core.scan(step, core.zeros([32, 128]), x)
    session = Session()
    assert session.run(last, {x: np.zeros((2, 32), "int32")}).shape == (32, 128)
    with pytest.raises((core.KernelError, ValueError, IndexError), match="index"):
        session.run(last, {x: np.full((2, 32), 9, "int32")})

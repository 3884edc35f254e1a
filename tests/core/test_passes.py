"""Each pass: before and after as printed programs; and memory plans that cannot overlap."""

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session
from thalweg.core.lower import lower
from thalweg.core.passes import PIPELINE, run_passes
from thalweg.core.passes.fold import fold
from thalweg.core.passes.memory import ALIGNMENT, plan_memory
from thalweg.core.passes.merge import merge
from thalweg.core.passes.rewrite import rewrite
from thalweg.core.passes.simplify import simplify
from thalweg.core.plan import specialize
from thalweg.core.program import verify


@pytest.fixture(autouse=True)
def graph():
    with core.Graph().as_default():
        yield


def labels(program):
    return [instruction.opdef.label for instruction in program.instructions]


def test_the_pipeline_is_in_this_order():
    assert [pass_.__name__ for pass_ in PIPELINE] == [
        "simplify",
        "fold",
        "sparse",
        "sum_outside",
        "merge",
        "place",
    ]


def test_a_program_prints_and_verifies():
    x = core.placeholder("float32", [None, 2], name="x")
    w = core.Variable(np.ones(2, np.float32), name="w")
    program = lower([core.multiply(x, w, name="y"), w.assign_add([1.0, 1.0]).op], [x])
    verify(program)
    assert str(program).splitlines() == [
        "%0 = feed 0  float32 (None, 2)",
        "%1 = variable 'w'  float32 (2,)",
        "%3 = constant [1.0, 1.0]  float32 (2,)",
        "%2 = Multiply(%0, %1)  float32 (None, 2)  # y",
        "%4 = Add(%1, %3)  float32 (2,)  # w/AssignAdd",
        "fetch %2",
        "commit 'w' <- %4",
    ]


def test_verify_finds_a_wrong_program():
    x = core.placeholder("float32", [None], name="x")
    program = lower([x * x], [x])
    program.instructions[0].inputs = (5, 0)
    with pytest.raises(core.GraphError, match="reads a value that does not exist yet"):
        verify(program)
    program = lower([x * x], [x])
    program.types[program.instructions[0].outputs[0]] = core.TensorType(core.float32, (7, 7))
    with pytest.raises(core.GraphError, match=r"makes float32 \(None,\), not float32 \(7, 7\)"):
        verify(program)


def test_fold_computes_what_depends_on_constants():
    x = core.placeholder("float32", [])
    y = x * (core.constant(2.0) + core.constant(3.0))
    program = fold(lower([y], [x]))
    assert labels(program) == ["Multiply"]
    assert [float(a) for a in program.constants.values()] == [5.0]


def test_fold_leaves_large_results_and_random_draws():
    big = core.zeros([1000, 1000]) + 1.0
    draw = core.random_uniform([2])
    program = fold(lower([big, draw], []))
    assert "Add" in labels(program) and "FoldIn" in labels(program)


def test_merge_computes_equal_expressions_once():
    x = core.placeholder("float32", [])
    program = merge(lower([core.exp(x) + core.exp(x)], [x]))
    assert labels(program) == ["Exp", "Add"]


def test_merge_keeps_draws_apart():
    program = merge(lower([core.random_uniform([2]), core.random_uniform([2])], []))
    assert labels(program).count("RandomUniform") == 2


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x: x + 0.0, []),
        (lambda x: 0.0 + x, []),
        (lambda x: x - 0.0, []),
        (lambda x: 1.0 * x / 1.0, []),
        (lambda x: x * core.ones_like(x), []),
        (lambda x: x + core.zeros_like(x), []),
        (lambda x: core.negative(-x), []),
        (lambda x: core.identity(core.stop_gradient(x)), []),
        (lambda x: core.relu(core.relu(x)), ["Relu"]),
        (lambda x: core.transpose(core.transpose(x)), []),
        (lambda x: core.log(core.softmax(x)), ["LogSoftmax"]),
        (lambda x: core.log(core.sigmoid(x)), ["Negative", "Softplus", "Negative"]),
        (lambda x: x - 1.0 + 0.5, ["Subtract", "Add"]),
    ],
)
def test_simplify(build, expected):
    x = core.placeholder("float32", [2, 3])
    y = build(x)
    program = run_passes(lower([y], [x]))
    verify(program)
    assert labels(program) == expected
    value = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    plain = Session(passes_off=["fold", "merge", "simplify"])
    np.testing.assert_allclose(
        Session().run(y, {x: value}), plain.run(y, {x: value}), rtol=2e-6, atol=1e-6
    )


def test_zero_of_another_shape_is_not_neutral():
    x = core.placeholder("float32", [1, 3])
    y = x + core.zeros([2, 3])
    assert Session().run(y, {x: np.ones((1, 3))}).shape == (2, 3)


@pytest.mark.parametrize("shape", [[None], None], ids=str)
def test_one_of_an_unknown_shape_is_not_neutral(shape):
    x, y = core.placeholder("float32", shape), core.placeholder("float32", shape)
    for z in (x * core.ones_like(y), core.zeros_like(y) + x):
        assert core.Session().run(z, {x: [2.0], y: [1.0, 2.0, 3.0]}).tolist() == [2.0, 2.0, 2.0]


def test_a_view_of_a_view_is_one_view():
    x = core.placeholder("float32", [None, 6])
    y = core.reshape(core.reshape(x, [-1, 2, 3]), [-1, 3, 2])
    assert labels(simplify(specialize(lower([y], [x]), [(4, 6)]))) == ["Reshape"]


def picking(axes, shape=(5, 4), indices=(2, 3)):
    """The plan of transpose(gather(table, i), axes), its tensor, and what to feed."""
    i = core.placeholder("int32", [None, None])
    y = core.transpose(core.gather(core.constant(np.ones(shape, np.float32)), i), axes)
    return specialize(simplify(lower([y], [i])), [indices])


def test_rows_are_picked_in_the_order_in_which_they_are_wanted():
    program = picking([1, 0, 2])
    assert labels(program) == ["Transpose", "Gather"]
    assert program.types[program.fetches[0]].shape == (3, 2, 4)
    assert labels(picking([1, 2, 0])) == ["Gather", "Transpose"]  # it moves what is in a row


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 2, 0), (2, 0, 1), (2, 1, 0)], ids=str)
def test_picking_and_adding_up_in_another_order_change_nothing(order):
    rng = np.random.default_rng(0)
    table, weights = rng.normal(size=(5, 4)), rng.normal(size=(2, 3, 6, 4))
    picks = rng.integers(-5, 5, (2, 3, 6))
    w = core.Variable(table)
    i = core.placeholder("int32", [None, None, None])
    rows = core.transpose(core.gather(w, i), [*order, 3])
    [gradient] = core.gradients(core.reduce_sum(rows * weights.transpose([*order, 3])), [w.value()])
    text = Session(backend="numpy").explain([rows, gradient], {i: picks})
    moved = [line for line in text.splitlines() if "= Transpose(" in line]
    assert moved and not any("float64" in line for line in moved)  # indices, and no rows
    got_rows, got_gradient = Session().run([rows, gradient], {i: picks})
    np.testing.assert_array_equal(got_rows, table[picks].transpose([*order, 3]))
    expected = np.zeros_like(table)
    np.add.at(expected, picks, weights)
    np.testing.assert_allclose(got_gradient, expected, rtol=1e-12)


def test_a_scan_puts_together_once_what_it_hands_out_twice():
    x = core.placeholder("float32", [None, 3])

    def body(row):
        y = core.tanh(row)
        return y * 2.0, y, y * 2.0

    first, other, second = core.map_fn(body, x)
    program = run_passes(lower([first, other, second], [x]))
    verify(program)
    [scan] = [i for i in program.instructions if i.opdef.label == "Scan"]
    assert len(scan.outputs) == 2
    assert program.fetches[0] == program.fetches[2] != program.fetches[1]
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    y = np.tanh(rows)
    for value, expected in zip(
        Session().run([first, other, second], {x: rows}), (2 * y, y, 2 * y), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_a_softmax_that_is_fed_is_not_looked_through():
    x = core.placeholder("float32", [2])
    s = core.softmax(x)
    [g] = core.gradients(core.reduce_sum(core.log(s)), [s])
    assert Session().run([core.log(s), g], {s: [0.25, 0.5]})[1].tolist() == [4, 2]


def test_no_shape_arithmetic_is_left_in_a_plan():
    x = core.placeholder("float32", [None, 28, 28])
    b = core.Variable(np.zeros(10, np.float32))
    y = core.reduce_mean(core.matmul(core.reshape(x, [-1, 784]), np.zeros((784, 10), "f")) + b)
    [g] = core.gradients(y, [b])
    program = run_passes(specialize(run_passes(lower([y, g], [x])), [(5, 28, 28)]))
    assert not {"Shape", "Size", "Stack", "Cast"} & set(labels(program))


def test_rules_cannot_lose_the_origin():
    x = core.placeholder("float32", [3], name="x")
    with core.name_scope("tower"):
        y = core.log(core.softmax(x), name="mine")
    [instruction] = simplify(lower([y], [x])).instructions
    assert instruction.origin.node == "tower/mine"
    assert instruction.origin.site.filename == __file__


def test_rewriting_drops_what_nothing_needs():
    x = core.placeholder("float32", [])
    z = core.placeholder("float32", [])
    program = lower([core.exp(x) * 0.0 + z], [x, z])
    result = rewrite(
        program, lambda rewriter, i: (program.feeds[1],) if i.opdef.label == "Add" else None
    )
    assert result.instructions == [] and result.feeds == [None, program.feeds[1]]


def overlapping(program, memory):
    """Pairs of values that lie over each other while both are alive."""
    born, dies = {}, {}
    for position, instruction in enumerate(program.instructions):
        for n in (*instruction.inputs, *instruction.outputs):
            root = memory.root.get(n, n)
            born.setdefault(root, position)
            dies[root] = position
    placed = [n for n in memory.offset if n in born]
    for i, a in enumerate(placed):
        for b in placed[i + 1 :]:
            share = (
                memory.offset[a] < memory.offset[b] + program.types[b].size_bytes
                and memory.offset[b] < memory.offset[a] + program.types[a].size_bytes
            )
            together = born[a] <= dies[b] and born[b] <= dies[a]
            in_place = memory.reused.get(b) == a or memory.reused.get(a) == b
            if share and together and not in_place:
                yield a, b


def random_program(seed):
    rng = np.random.default_rng(seed)
    x = core.placeholder("float32", [None, 4])
    w = core.Variable(np.ones((4, 4), np.float32))
    pool = [x, core.matmul(x, w)]
    for _ in range(40):
        a, b = (pool[i] for i in rng.integers(len(pool), size=2))
        pool.append(
            [
                lambda a, b: a + b,
                lambda a, b: core.tanh(a),
                lambda a, b: core.reshape(core.reshape(a, [4, -1]), [-1, 4]),
                lambda a, b: core.matmul(a, w),
                lambda a, b: core.concat([a, b], 1)[:, :4],
                lambda a, b: a * core.reduce_sum(b, axis=1, keepdims=True),
            ][rng.integers(6)](a, b)
        )
    fetches = [pool[i] for i in rng.integers(len(pool), size=3)]
    return [*fetches, w.assign_sub(core.matmul(pool[-1], pool[-2], transpose_a=True)).op], [x]


@pytest.mark.parametrize("seed", range(10))
def test_memory_never_overlaps(seed):
    fetches, feeds = random_program(seed)
    program = run_passes(specialize(run_passes(lower(fetches, feeds)), [(8, 4)]))
    verify(program)
    memory = plan_memory(program)
    assert list(overlapping(program, memory)) == []
    outside = {*program.results(), *program.constants, *program.state_in.values()}
    assert not outside & set(memory.offset)
    ends = [memory.offset[n] + program.types[n].size_bytes for n in memory.offset]
    assert max(ends, default=0) <= memory.arena_bytes
    assert all(offset % ALIGNMENT == 0 for offset in memory.offset.values())


def test_a_chain_needs_two_places_and_elementwise_one():
    x = core.placeholder("float32", [1024])
    y = x
    for _ in range(10):
        y = core.tanh(y)
    program = specialize(lower([core.reduce_sum(y)], [x]), [(1024,)])
    assert plan_memory(program).arena_bytes == 4096
    a = core.placeholder("float32", [32, 32])
    b = a
    for _ in range(10):
        b = core.matmul(b, a)
    program = specialize(lower([core.reduce_sum(b)], [a]), [(32, 32)])
    assert plan_memory(program).arena_bytes == 2 * 4096


def test_what_a_view_still_reads_is_not_overwritten():
    x = core.placeholder("float32", [4, 4])
    y = core.tanh(x)
    z = core.transpose(y)
    out = core.exp(y) @ core.exp(z)  # exp(y) must not overwrite y before z is read
    program = specialize(lower([out], [x]), [(4, 4)])
    memory = plan_memory(program)
    exps = [i.outputs[0] for i in program.instructions if i.opdef.label == "Exp"]
    assert exps[0] not in memory.reused
    both = specialize(lower([core.tanh(y) + core.transpose(y)], [x]), [(4, 4)])
    assert not any(
        i.opdef.label == "Add" and plan_memory(both).reused.get(i.outputs[0]) == i.inputs[1]
        for i in both.instructions
    )


def test_a_constant_softmax_is_made_safe_before_it_is_folded():
    y = core.log(core.softmax(core.constant([0.0, 1000.0])))
    assert Session().run(y).tolist() == [-1000, 0]


def test_a_variable_is_overwritten_by_its_update_after_the_last_reader():
    w = core.Variable(np.ones(1024, np.float32))
    new = w * 0.5
    program = lower([core.reduce_sum(w.value()), w.assign(new).op], [])
    memory = plan_memory(specialize(program, []))
    assert memory.reused == {}  # the sum still reads the old value
    program = lower([w.assign(new).op], [])
    memory = plan_memory(specialize(program, []))
    assert list(memory.reused.values()) == [program.state_in[w]]


def test_a_variable_is_not_overwritten_through_a_copy_of_it():
    w = core.Variable(np.ones((4, 4), np.float32))
    program = specialize(lower([w.assign(core.tanh(core.transpose(w))).op], []), [])
    memory = plan_memory(program)  # the transposed values lie in the arena, where no result may
    assert memory.reused == {}


def test_the_arena_holds_no_strings_and_nothing_of_unknown_size():
    words = core.placeholder("string", [2])
    joined = core.concat([words, words], 0)
    program = specialize(lower([core.concat([joined, joined], 0)], [words]), [(2,)])
    assert plan_memory(program).offset == {}
    x = core.placeholder("float32", [])
    loop = core.while_loop(lambda v: v < 9.0, lambda v: v * v, [x])[0]
    program = specialize(lower([loop, *core.gradients(loop, [x])], [x]), [()])
    memory = plan_memory(program)
    unknown = [n for i in program.instructions for n in i.outputs if not program.types[n].is_static]
    assert unknown and not memory.offset.keys() & set(unknown)


def test_results_that_share_memory_are_marked():
    x = core.placeholder("float32", [2, 3])
    program = specialize(lower([core.transpose(x), x + 1.0], [x]), [(2, 3)])
    memory = plan_memory(program)
    assert memory.detached == {program.fetches[0]}

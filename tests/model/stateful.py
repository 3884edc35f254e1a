"""The statements of random programs that have to do with state, and the runs between them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from .bodies import BODIES
from .programs import (
    INTEGERS,
    NUMBERS,
    OPEN_SHAPES,
    SHAPES,
    SIZES,
    Kind,
    Load,
    Program,
    Run,
    Value,
    Writer,
)
from .statements import COMPUTED, PURE, clipped, condition

__all__ = ["write_program", "write_traced"]

ON_DEVICE = 'with core.device("strict:0"):'


def variable(w: Writer) -> None:
    """A new variable, whose initial value may be a tensor or a function."""
    if w.depth:
        return
    dtype, shape = w.choice(NUMBERS), w.choice(SHAPES)
    kind = w.choice((*["array"] * 5, "function", "variable", "draw", "function that draws"))
    text = w.literal(dtype, shape)
    if kind == "function":
        text = f'lambda: {text}, dtype="{dtype}", shape={list(shape)}'
    elif kind == "variable" and w.variables:
        other = w.choice(w.variables)
        dtype, shape = other.dtype, other.shape
        text = f"core.add({other.name}, {w.literal(dtype, shape)})"
    elif "draw" in kind:
        dtype = "float32"
        text = f"core.floor(core.random_uniform({list(shape)}, -3.0, 4.0))"
        if "function" in kind:
            text = f'lambda: {text}, dtype="{dtype}", shape={list(shape)}'
    made = Value(w.name("w"), dtype, shape)
    with w.block(ON_DEVICE) if w.coin(5) else nullcontext():
        w.line(f"{made.name} = core.Variable({text})")
    w.variables.append(made)


def read(w: Writer) -> None:
    v = some_variable(w)
    text = w.choice((f"core.identity({v.name})", f"{v.name}.read_value()", f"{v.name}.value()"))
    w.define(text, v.dtype, v.shape)


def write(w: Writer) -> None:
    v = some_variable(w)
    value = w.like(v.dtype, v.shape)
    method = w.choice(("assign", "assign_add", "assign_sub"))
    text = clipped(w, value.name, v.dtype) if w.coin(50) else value.name
    w.here.writes.append((w.define(f"{v.name}.{method}({text})", v.dtype, v.shape).name, v))


def write_rows(w: Writer) -> None:
    """Changes some rows of a variable, or some of its elements; perhaps one of them twice."""
    tables = [v for v in w.variables if v.shape]
    w.limit(not tables)
    v = w.choice(tables)
    kinds = ("update", "add", "sub")
    if len(v.shape) == 2 and w.coin(40):
        indices: list[Any] = [[w.index(int(n)) for n in v.shape] for _ in range(2)]
        function, rows = f"scatter_nd_{w.choice(kinds)}", w.like(v.dtype, (2,))
    else:
        indices = [w.index(int(v.shape[0])) for _ in range(2)]
        function = f"scatter_{w.choice((*kinds, 'max', 'min'))}"
        rows = w.like(v.dtype, (2, *v.shape[1:]))
    made = w.define(f"core.{function}({v.name}, {indices}, {rows.name})", v.dtype, v.shape)
    w.here.writes.append((made.name, v))


def some_variable(w: Writer) -> Value:
    """A variable, rather one that has been written."""
    return w.late(w.here.writes)[1] if w.here.writes and w.coin(60) else w.choice(w.variables)


def write_or_not(w: Writer) -> None:
    """A write that happens if something decides so."""
    write(w)
    name, v = w.here.writes[-1]
    other = w.like(v.dtype, v.shape)
    w.define(f"core.choose({condition(w).name}, {name}, {other.name})", v.dtype, v.shape)


def effect(w: Writer) -> None:
    v = w.number()
    w.define(f"note({w.index(4)}, {v.name})", v.dtype, v.shape)


def initialize(w: Writer) -> None:
    """Sets a variable to its initial value again."""
    w.leave_body()
    v = some_variable(w)
    operation(w, f"{v.name}.initializer")
    w.here.writes.append((w.here.operations[-1], v))


def operation(w: Writer, text: str) -> None:
    name = w.name("o")
    w.line(f"{name} = {text}")
    w.here.operations.append(name)


def group(w: Writer) -> None:
    operation(w, f"core.group({', '.join(some_nodes(w))})")


def some_nodes(w: Writer) -> list[str]:
    """What may stand in control dependencies."""
    return [name for name in (some_node(w) for _ in range(1 + w.index(2))) if name]


def some_node(w: Writer) -> str:
    """A tensor or an operation, rather a write; "" if there is none."""
    if w.here.writes and w.coin(50):
        return w.late(w.here.writes)[0]
    scopes = w.scopes if w.coin(30) else w.scopes[-1:]
    names = [name for s in scopes for name in (*s.operations, *(v.name for v in s.values))]
    if not names:
        return ""
    name = w.late(names)
    return f"{name}.op" if name.startswith("v") and w.coin(20) else name


def ordered(w: Writer) -> None:
    """Statements that run after others."""
    nodes = some_nodes(w)
    if nodes:
        block(w, f"with core.control_dependencies([{', '.join(nodes)}]):")


def seen_later(w: Writer) -> None:
    """A read that comes after what is made of a write."""
    if w.here.writes and w.depth < 2:
        name, v = w.late(w.here.writes)
        made = w.define(f"core.identity({name})", v.dtype, v.shape) if name[0] == "v" else None
        with w.block(f"with core.control_dependencies([{made.name if made else name}]):"):
            w.define(f"{v.name}.read_value()", v.dtype, v.shape)


def on_device(w: Writer) -> None:
    """Statements that run on another device, whose arrays are none of NumPy's."""
    if w.coin(30):
        block(w, ON_DEVICE)


def traced(w: Writer) -> None:
    """Statements whose reads and writes take effect in program order."""
    w.leave_body()
    if w.traces and w.coin(30):
        name = w.choice(w.traces)
    elif w.depth:
        return
    else:
        name = w.name("t")
        w.line(f"{name} = core.Trace()")
        w.traces.append(name)
    block(w, f"with {name}.open():")
    if w.coin(50):
        operation(w, f"core.group(*{name}.writes)")


def block(w: Writer, head: str) -> None:
    if w.depth > 2:
        return
    with w.block(head):
        w.inner_statements(4)


def optimizer(w: Writer) -> None:
    """A step of an optimizer on one or two variables."""
    dtype = w.choice(("float64", "float32"))
    chosen = [v for v in w.variables if v.dtype == dtype][-2:]
    w.limit(not chosen or w.depth > 0)
    rule, slots = w.choice(
        (
            ("core.SgdRule()", 0),
            ("core.MomentumRule(0.5)", 1),
            ("core.UnscaledMomentumRule(0.5, True)", 1),
            ("core.AdagradRule()", 1),
        )
    )
    loss = loss_of_rows(w, chosen) or w.like(dtype, w.choice(((), (2, 3), (3,))))
    new, gradients, moments = w.name("u"), w.name("g"), [w.name("w") for _ in chosen][: slots * 9]
    names = ", ".join(v.name for v in chosen)
    for moment, v in zip(moments, chosen, strict=False):
        w.line(f'{moment} = core.Variable(np.zeros({list(v.shape)}, "{dtype}"))')
    w.line(f'{gradients} = core.gradients({loss.name}, [{names}], unconnected_gradients="zero")')
    reads = ", ".join(f"{v.name}.value()" for v in chosen)
    columns = [", ".join(f"{m}.value()" for m in moments)] if slots else []
    rate = f'core.constant(0.5, "{dtype}")'
    w.line(
        f"{new} = core.update({rule}, {rate}, {rate}, [{reads}], {gradients}, "
        f"[{', '.join(f'[{c}]' for c in columns)}])"
    )
    writes = [f"{v.name}.assign({new}[0][{i}])" for i, v in enumerate(chosen)]
    writes += [f"{m}.assign({new}[1][0][{i}])" for i, m in enumerate(moments)]
    operation(w, f"core.group({', '.join(writes)})")


def loss_of_rows(w: Writer, variables: list[Value]) -> Value | None:
    """A loss that depends on a few rows of a table, perhaps twice on one."""
    tables = [v for v in variables if len(v.shape) == 2 and v.shape[0] != 1]
    if not tables or w.coin(50):
        return None
    table = w.choice(tables)
    count = w.choice((1, 2))
    indices = [w.index(int(table.shape[0])) for _ in range(count)]
    factor = w.like(table.dtype, (count, table.shape[1]))
    text = f"core.reduce_sum(core.multiply(core.gather({table.name}, {indices}), {factor.name}))"
    return w.define(text, table.dtype, ())


STATEFUL: tuple[Kind, ...] = (
    read, read, write, write, write, write_rows, write_or_not, initialize, group, ordered, ordered,
    seen_later, traced, traced, variable, optimizer, effect, on_device,
)  # fmt: skip
SIMPLE: tuple[Kind, ...] = (
    *PURE,
    *([write, read, ordered, group, effect] * 3),
    write_rows,
    on_device,
)
NESTED: tuple[Kind, ...] = (*SIMPLE, *BODIES)


# Runs -------------------------------------------------------------------------------------------


def run(w: Writer) -> None:
    """A run of any mixture of things; often the same as in an earlier run."""
    earlier = [step for step in w.steps if isinstance(step, Run)]
    if earlier and w.coin(40):
        again = w.late(earlier)
        fetches = list(again.fetches)
        fed = {name for name, _ in again.feeds}
        feeds = {v.name: v for v in w.values if v.name in fed}
    else:
        fetches, feeds = mixture(w)
    feeds |= {v.name: v for v in w.placeholders}
    sizes = {name: w.choice(values) for name, values in SIZES.items()}
    texts = {name: literal(w, value, sizes) for name, value in feeds.items()}
    if texts and w.coin(10):  # though it may be needed
        del texts[w.choice(list(texts))]
    w.steps.append(Run(int(w.coin(20)), tuple(fetches), tuple(texts.items()), w.coin(50)))


def mixture(w: Writer) -> tuple[list[str], dict[str, Value]]:
    """What to fetch, and what to feed besides placeholders."""
    some = [w.choice(w.variables).name if w.coin(20) else some_node(w) for _ in range(w.index(5))]
    fetches = [name for name in some if name]
    if w.coin(25):
        fetches += [v.name for v in w.values]
    feeds: dict[str, Value] = {}
    for _ in range(w.choice((0, 1, 0, 2))):
        value = some_value(w)
        if value is not None:
            feeds[value.name] = value
            if w.coin(50):  # it is fed, but its operation must run
                fetches.append(f"{value.name}.op")
    return fetches, feeds


def some_value(w: Writer) -> Value | None:
    """Something to feed, rather a write, or what decides a size."""
    written = {name for name, _ in w.here.writes}
    kind = w.choice(("any", "any", "written", "written", "deciding"))
    if kind == "written":
        return w.find(lambda v: v.name in written)
    if kind == "deciding":
        return w.find(lambda v: v.is_early and v.shape == () and v.dtype in INTEGERS)
    return w.find(lambda v: True)


def literal(w: Writer, value: Value, sizes: dict[str, int]) -> str:
    if value.name.startswith("k"):  # a size itself
        return f'array({sizes["k"]}, "int32")'
    return w.literal(value.dtype, value.shape, sizes)


def load(w: Writer) -> None:
    v = some_variable(w)
    w.steps.append(Load(int(w.coin(20)), v.name, w.literal(v.dtype, v.shape)))


# what a trace can hold, so that Python's own order is its meaning
TRACED: tuple[Kind, ...] = (*COMPUTED, *([write, write, read, ordered, *BODIES] * 3), write_rows)


def write_traced(seed: int) -> Program:
    """The program of this number, all of it in one trace; each run fetches all that it has."""
    w = Writer(seed, TRACED)
    for _ in range(3):
        dtype, shape = w.choice(NUMBERS), w.choice(SHAPES)
        w.variables.append(Value(w.name("w"), dtype, shape))
        w.line(f"{w.variables[-1].name} = core.Variable({w.literal(dtype, shape)})")
    for shape in ((), *OPEN_SHAPES[:2]):
        w.placeholder(w.choice(NUMBERS), shape)
    w.placeholder("bool", ())
    w.line("t = core.Trace()")
    w.no_placeholders = True
    for _ in range(1 + w.index(3)):
        with w.block("with t.open():"):
            w.inner_statements(8)
        for _ in range(2):
            sizes = {name: w.choice(values) for name, values in SIZES.items()}
            feeds = [(v.name, literal(w, v, sizes)) for v in w.placeholders]
            w.steps.append(Run(0, tuple(v.name for v in w.values), tuple(feeds)))
    return Program(tuple(w.steps))


RUNS: tuple[Kind, ...] = (run, run, run, load)


def write_program(seed: int) -> Program:
    """The program of this number; every other one has no loops and branches."""
    has_bodies = seed % 2 == 1
    w = Writer(seed, NESTED if has_bodies else SIMPLE)
    families = [PURE, PURE, STATEFUL, STATEFUL, BODIES if has_bodies else PURE, RUNS]
    for _ in range(2):
        variable(w)
    while not w.coin(3) and len(w.steps) < 40:
        w.statement(w.choice(families))
    run(w)
    run(w)
    return Program(tuple(w.steps))

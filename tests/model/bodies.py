"""The statements of random programs that run functions: branches, loops and scans."""

from __future__ import annotations

from .programs import FLOATS, NUMBERS, Kind, Value, Writer
from .statements import clipped

__all__ = ["BODIES"]

MAX_DEPTH = 3  # of functions in functions


def cond(w: Writer) -> None:
    """One of two functions runs."""
    enter(w)
    asked = w.find(lambda v: v.dtype == "bool" and v.shape == ())
    if asked is None or w.coin(20):
        asked = w.constant("bool", ())
    with w.function() as first:
        w.inner_statements(3)
        results = [w.number() for _ in range(1 + w.index(2))]
        returns(w, [v.name for v in results])
    with w.function() as second:
        w.inner_statements(3)
        returns(w, [w.like(v.dtype, v.shape).name for v in results])
    assign(w, f"core.cond({asked.name}, {first}, {second})", results)


def while_loop(w: Writer) -> None:
    """A function runs a few times, perhaps not at all."""
    enter(w)
    starts = [w.number() for _ in range(1 + w.index(2))]
    most = w.find(lambda v: v.dtype == "int32" and v.shape == ()) or w.constant("int32", ())
    counter = Value(w.name("x"), "int32", ())
    carried = [Value(w.name("x"), v.dtype, v.shape) for v in starts]
    with w.function([counter, *carried]) as condition:
        limit = f"core.clip_by_value({most.name}, 0, 3)"
        w.line(f"return core.less({counter.name}, {limit})")
    with w.function([counter, *carried]) as body:
        w.inner_statements(3)
        new = [clipped(w, w.like(v.dtype, v.shape).name, v.dtype) for v in starts]
        returns(w, [f"core.add({counter.name}, 1)", *new])
    first = ", ".join(["core.constant(0)", *(v.name for v in starts)])
    count = Value("", "int32", ())
    assign(w, f"core.while_loop({condition}, {body}, [{first}])", [count, *starts])


def scan(w: Writer) -> None:
    """A function runs along the first axis of a tensor and hands a value on."""
    enter(w)
    along = w.find(lambda v: v.dtype in NUMBERS and len(v.shape) > 0)
    along = along or w.constant(w.choice(NUMBERS), (3,))
    start = w.number()
    carried = Value(w.name("x"), start.dtype, start.shape)
    part = Value(w.name("x"), along.dtype, along.shape[1:])
    with w.function([carried, part]) as body:
        w.inner_statements(3)
        new = clipped(w, w.like(start.dtype, start.shape).name, start.dtype)
        row = w.number()
        w.line(f"return {new}, {row.name}")
    text = f"core.scan({body}, {start.name}, {along.name}, reverse={w.coin(50)})"
    rows = Value("", row.dtype, (along.shape[0], *row.shape))
    assign(w, text, [start, rows])


def map_fn(w: Writer) -> None:
    """A function of each slice along the first axis of a tensor."""
    enter(w)
    along = w.find(lambda v: v.dtype in FLOATS and len(v.shape) > 0)
    along = along or w.constant(w.choice(FLOATS), (3,))
    part = Value(w.name("x"), along.dtype, along.shape[1:])
    with w.function([part]) as body:
        w.inner_statements(3)
        row = w.number()
        w.line(f"return {row.name}")
    shape = (along.shape[0], *row.shape)
    w.define(f"core.map_fn({body}, {along.name})", row.dtype, shape)


def enter(w: Writer) -> None:
    """Functions in functions come to an end."""
    w.limit(len(w.scopes) > MAX_DEPTH)


def returns(w: Writer, names: list[str]) -> None:
    w.line(f"return [{', '.join(names)}]")


def assign(w: Writer, text: str, types: list[Value]) -> None:
    """`v1, v2, = text`"""
    values = [Value(w.name("v"), v.dtype, v.shape) for v in types]
    w.line(f"{', '.join(v.name for v in values)}, = {text}")
    w.here.values += values


BODIES: tuple[Kind, ...] = (cond, cond, while_loop, scan, map_fn)

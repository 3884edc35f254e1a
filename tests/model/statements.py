"""The statements of random programs that only compute: what they look like, what they make."""

from __future__ import annotations

from .programs import (
    FLOATS,
    INTEGERS,
    MAX_SIZE,
    NUMBERS,
    OPEN_SHAPES,
    SIZES,
    Kind,
    Shape,
    Statement,
    Value,
    Writer,
)

__all__ = ["COMPUTED", "PURE", "clipped", "condition"]


def size(shape: Shape) -> int:
    """The number of elements where sizes are as large as they get."""
    total = 1
    for n in shape:
        total *= max(SIZES[n]) if isinstance(n, str) else n
    return total


def clipped(w: Writer, text: str, dtype: str) -> str:
    """Keeps floats so small that sums of products are exact; integers wrap and need nothing."""
    if dtype in INTEGERS:
        return text
    if w.coin(30):
        return f"core.floormod({text}, 5.0)"
    return f"core.clip_by_value({text}, -6.0, 6.0)"


def constant(w: Writer) -> None:
    w.constant(w.choice((*NUMBERS, "bool")))


def open_placeholder(w: Writer) -> None:
    w.placeholder(w.choice(NUMBERS), w.choice(OPEN_SHAPES))


def placeholder(w: Writer) -> None:
    w.placeholder(w.choice((*NUMBERS, "bool")), w.choice(SHAPES_AND_SCALARS))


SHAPES_AND_SCALARS: tuple[Shape, ...] = ((), (3,), (2, 3))


def unknown_rank(w: Writer) -> None:
    """A placeholder of which only the dtype is known, and a reshape that tells the rest."""
    w.leave_body()
    holder = Value(w.name("v"), w.choice(NUMBERS), w.choice(((2, 3), ("n", 3), (3,))))
    w.line(f'{holder.name} = core.placeholder("{holder.dtype}")')
    w.placeholders.append(holder)
    other = w.like(holder.dtype, w.choice(((), holder.shape)))
    sizes = [-1 if isinstance(n, str) else n for n in holder.shape]
    w.define(
        f"core.reshape(core.add({holder.name}, {other.name}), {sizes})", holder.dtype, holder.shape
    )


def with_default(w: Writer) -> None:
    """A placeholder that has a value already."""
    w.leave_body()
    v = w.number()
    w.define(f"core.placeholder_with_default({v.name}, {declared(v.shape)})", v.dtype, v.shape)


def declared(shape: Shape) -> list[int | None]:
    """A shape as Python text, None where it is open."""
    return [None if isinstance(n, str) else n for n in shape]


def unary(w: Writer) -> None:
    v = w.number()
    names = ["negative", "square", "identity", "stop_gradient", "zeros_like", "ones_like"]
    if v.dtype in FLOATS:
        names += ["relu", "abs", "sign", "round", "floor"]
    name = w.choice(names)
    text = f"core.{name}({v.name})"
    w.define(clipped(w, text, v.dtype) if name == "square" else text, v.dtype, v.shape)


def binary(w: Writer) -> None:
    a = w.number()
    b = w.like(a.dtype, w.choice((a.shape, a.shape, (), a.shape[1:])))
    first, second = (b, a) if w.coin(30) else (a, b)
    name = w.choice(("add", "subtract", "maximum", "minimum", "multiply", "squared_difference"))
    text = f"core.{name}({first.name}, {second.name})"
    wild = name in ("multiply", "squared_difference") or w.coin(30)
    w.define(clipped(w, text, a.dtype) if wild else text, a.dtype, a.shape)


def neutral(w: Writer) -> None:
    """What simplify removes."""
    v = w.number()
    texts = [
        f"core.add({v.name}, 0)",
        f"core.multiply(1, {v.name})",
        f"core.subtract({v.name}, core.zeros_like({v.name}))",
        f"core.negative(core.negative({v.name}))",
        f"core.transpose(core.transpose({v.name}))",
        f'core.cast(core.cast({v.name}, "float64"), "{v.dtype}")',
    ]
    sizes = [-1 if isinstance(n, str) else n for n in v.shape]
    if sizes.count(-1) < 2:
        texts.append(f"core.reshape(core.reshape({v.name}, [-1]), {sizes})")
    w.define(w.choice(texts), v.dtype, v.shape)


def nearly_neutral(w: Writer) -> None:
    """What simplify must not remove."""
    dtype = w.choice(NUMBERS)
    row, matrix = w.like(dtype, (3,)), w.like(dtype, (2, 3))
    block = w.like(dtype, w.choice(((2, 2, 2), (2, 1, 3))))
    orders = ([2, 0, 1], [1, 2, 0], [0, 2, 1], [1, 0, 2])
    first, second = w.choice(orders), w.choice(orders)
    turned = tuple(block.shape[i] for i in first)
    turned = tuple(turned[i] for i in second)
    text, shape = w.choice(
        (
            (f"core.add({row.name}, core.zeros_like({matrix.name}))", (2, 3)),
            (f"core.multiply(core.ones_like({matrix.name}), {row.name})", (2, 3)),
            (f'core.cast(core.cast({row.name}, "bool"), "{dtype}")', (3,)),
            (f"core.transpose(core.transpose({block.name}, {first}), {second})", turned),
            (f"core.subtract(0, {row.name})", (3,)),
        )
    )
    w.define(text, dtype, shape)


def rounded(w: Writer) -> None:
    """Functions that are not exact, made so at once; some are rewritten into safer ones."""
    v = w.number(FLOATS)
    kinds = ["tanh({})", "sigmoid({})", "log(core.sigmoid({}))", "exp(core.minimum({}, 2.0))"]
    if v.shape and v.shape[-1] != "n":
        kinds += ["softmax({})", "log(core.softmax({}))"]
    text = w.choice(kinds).format(f"core.clip_by_value({v.name}, -6.0, 6.0)")
    w.define(f"core.round(core.{text} * 4.0)", v.dtype, v.shape)


def compare(w: Writer) -> None:
    a = w.number()
    b = w.like(a.dtype, w.choice((a.shape, ())))
    name = w.choice(("greater", "less_equal", "equal", "not_equal"))
    early = a.is_early and b.is_early and a.dtype in INTEGERS
    w.define(f"core.{name}({a.name}, {b.name})", "bool", a.shape, is_early=early)


def logical(w: Writer) -> None:
    a = w.find(lambda v: v.dtype == "bool") or w.constant("bool")
    if w.coin(50):
        b = w.like("bool", a.shape)
        text = f"core.{w.choice(('logical_and', 'logical_or'))}({a.name}, {b.name})"
        w.define(text, "bool", a.shape, is_early=a.is_early and b.is_early)
    else:
        w.define(f"core.logical_not({a.name})", "bool", a.shape, is_early=a.is_early)


def where(w: Writer) -> None:
    a = w.number()
    b = w.like(a.dtype, a.shape)
    c = w.like("bool", w.choice((a.shape, ())))
    w.define(f"core.where({c.name}, {a.name}, {b.name})", a.dtype, a.shape)


def cast(w: Writer) -> None:
    v = w.find(lambda v: True) or w.constant("bool")
    dtype = w.choice(NUMBERS)
    w.define(clipped(w, f'core.cast({v.name}, "{dtype}")', dtype), dtype, v.shape)


def matmul(w: Writer) -> None:
    a = w.find(lambda v: v.dtype in FLOATS and len(v.shape) == 2)
    a = a or w.constant(w.choice(FLOATS), (2, 3))
    units = w.choice((2, 3))
    b = w.like(a.dtype, (a.shape[1], units))
    text = f"core.matmul({a.name}, {b.name})"
    w.define(clipped(w, text, a.dtype), a.dtype, (a.shape[0], units))


def dense(w: Writer) -> None:
    """A product and what follows it, which a backend may compute as one."""
    a = w.find(lambda v: v.dtype in FLOATS and len(v.shape) == 2)
    a = a or w.constant(w.choice(FLOATS), (2, 3))
    units = w.choice((2, 3))
    b = w.like(a.dtype, (a.shape[1], units))
    text = f"core.matmul({a.name}, {b.name})"
    if w.coin(80):
        text = f"core.add({text}, {w.like(a.dtype, (units,)).name})"
    text = f"core.relu({text})"
    w.define(clipped(w, text, a.dtype), a.dtype, (a.shape[0], units))


def gram(w: Writer) -> None:
    """The same matrix twice, turned."""
    a = w.find(lambda v: v.dtype in FLOATS and len(v.shape) == 2)
    a = a or w.constant(w.choice(FLOATS), (2, 3))
    text = f"core.matmul({a.name}, {a.name}, transpose_a=True)"
    w.define(clipped(w, text, a.dtype), a.dtype, (a.shape[1], a.shape[1]))


def reduction(w: Writer) -> None:
    v = w.number()
    axes = tuple(axis for axis in range(len(v.shape)) if w.coin(50))
    keep = w.coin(30)
    shape = [1 if i in axes else n for i, n in enumerate(v.shape) if keep or i not in axes]
    name = w.choice(("sum", "max", "min"))
    w.define(
        f"core.reduce_{name}({v.name}, axis={list(axes)}, keepdims={keep})", v.dtype, tuple(shape)
    )


def cumsum(w: Writer) -> None:
    v = w.find(lambda v: v.dtype in NUMBERS and len(v.shape) > 0) or w.constant("int32", (3,))
    text = f"core.cumsum({v.name}, {w.index(len(v.shape))}, reverse={w.coin(50)})"
    w.define(text, v.dtype, v.shape)


# Views and copies -------------------------------------------------------------------------------


def any_shaped(w: Writer) -> Value:
    return w.find(lambda v: len(v.shape) > 0) or w.constant(w.choice(NUMBERS), (2, 3))


def transpose(w: Writer) -> None:
    v = any_shaped(w)
    rest, order = list(range(len(v.shape))), []
    while rest:
        order.append(rest.pop(w.index(len(rest))))
    w.define(f"core.transpose({v.name}, {order})", v.dtype, tuple(v.shape[i] for i in order))


def reshape(w: Writer) -> None:
    v = any_shaped(w)
    is_open = [n for n in v.shape if isinstance(n, str)]
    if not is_open:
        total = size(v.shape)
        target = w.choice(((total,), (1, total), (total, 1), (-1,)))
        shape: Shape = tuple(total if n == -1 else n for n in target)
        w.define(f"core.reshape({v.name}, {list(target)})", v.dtype, shape)
    else:  # the sizes of another tensor, computed in the graph
        sizes = [f"core.shape_of({v.name})[{i}]" for i in range(len(v.shape))]
        w.define(f"core.reshape({v.name}, [{', '.join(sizes)}, 1])", v.dtype, (*v.shape, 1))


def expand_dims(w: Writer) -> None:
    v = w.number()
    axis = w.index(len(v.shape) + 1)
    w.define(f"core.expand_dims({v.name}, {axis})", v.dtype, (*v.shape[:axis], 1, *v.shape[axis:]))


def squeeze(w: Writer) -> None:
    v = w.find(lambda v: 1 in v.shape) or w.constant(w.choice(NUMBERS), (1, 3))
    axis = v.shape.index(1)
    w.define(f"core.squeeze({v.name}, {axis})", v.dtype, (*v.shape[:axis], *v.shape[axis + 1 :]))


def getitem(w: Writer) -> None:
    v = any_shaped(w)
    keys, shape = [], []
    for n in v.shape:
        if isinstance(n, str):
            keys.append(w.choice((":", "::-1")))
            shape.append(n)
        else:
            key, left = w.choice(((":", n), ("0", None), ("-1", None), ("1:", n - 1), ("::-1", n)))
            keys.append(key)
            shape += [] if left is None else [left]
    if 0 not in shape:
        w.define(f"{v.name}[{', '.join(keys)}]", v.dtype, tuple(shape))


def reverse(w: Writer) -> None:
    v = any_shaped(w)
    w.define(f"core.reverse({v.name}, {w.index(len(v.shape))})", v.dtype, v.shape)


def concat(w: Writer) -> None:
    a = w.find(
        lambda v: (
            len(v.shape) > 0 and isinstance(v.shape[-1], int) and size(v.shape) * 2 <= MAX_SIZE
        )
    )
    a = a or w.constant(w.choice(NUMBERS), (2, 3))
    b = w.like(a.dtype, a.shape)
    shape = (*a.shape[:-1], int(a.shape[-1]) * 2)
    w.define(f"core.concat([{a.name}, {b.name}], -1)", a.dtype, shape)


def split(w: Writer) -> None:
    """Several outputs, which may be views of one input."""
    v = any_shaped(w)
    axis = next((i for i, n in enumerate(v.shape) if isinstance(n, int) and n > 1), None)
    if axis is None:
        return
    count = int(v.shape[axis])
    names = [w.name("v") for _ in range(count)]
    w.line(f"{', '.join(names)} = core.split({v.name}, {count}, {axis})")
    w.here.values += [
        Value(name, v.dtype, (*v.shape[:axis], 1, *v.shape[axis + 1 :])) for name in names
    ]


def stack(w: Writer) -> None:
    a = w.find(lambda v: size(v.shape) * 2 <= MAX_SIZE and len(v.shape) < 3) or w.constant(
        "int32", ()
    )
    b = w.like(a.dtype, a.shape)
    axis = w.choice((0, len(a.shape)))
    shape = (*a.shape[:axis], 2, *a.shape[axis:])
    w.define(f"core.stack([{a.name}, {b.name}], {axis})", a.dtype, shape)


def gather(w: Writer) -> None:
    v = w.find(lambda v: len(v.shape) > 0 and v.shape[0] != "n" and v.shape[0] != "k")
    v = v or w.constant(w.choice(NUMBERS), (2, 3))
    indices = [w.index(int(v.shape[0])) for _ in range(2)]
    w.define(f"core.gather({v.name}, {indices})", v.dtype, (2, *v.shape[1:]))


def fill(w: Writer) -> None:
    """A size that is fed."""
    k = next((v for v in w.placeholders if v.shape == () and v.name.startswith("k")), None)
    if k is None:
        w.leave_body()
        k = Value(w.name("k"), "int32", (), is_early=True)
        w.line(f'{k.name} = core.placeholder("int32", [])')
        w.placeholders.append(k)
    v = w.find(lambda v: v.shape == () and v.dtype in NUMBERS) or w.constant("int32", ())
    w.define(f"core.fill([{k.name}, 2], {v.name})", v.dtype, ("k", 2))


def sized_by_data(w: Writer) -> None:
    """A size that is computed; what depends on it has a fixed one again."""
    n = w.find(lambda v: v.shape == () and v.dtype in INTEGERS) or w.constant("int32", ())
    v = w.find(lambda v: v.shape == () and v.dtype in NUMBERS) or w.constant("int32", ())
    many = f"core.fill([core.clip_by_value({n.name}, 0, 3), 2], {v.name})"
    w.define(f"core.reduce_sum({many}, axis=0)", v.dtype, (2,))


def broadcast(w: Writer) -> None:
    v = w.find(lambda v: size(v.shape) * 2 <= MAX_SIZE and len(v.shape) < 3) or w.constant(
        "int32", ()
    )
    like = w.find(lambda x: x.shape[1:] == v.shape and len(x.shape) == len(v.shape) + 1)
    if like is None:
        sizes = [2, *(f"core.shape_of({v.name})[{i}]" for i in range(len(v.shape)))]
        text = f"core.stack([{', '.join(map(str, sizes))}])"
        w.define(f"core.broadcast_to({v.name}, {text})", v.dtype, (2, *v.shape))
    else:
        w.define(f"core.broadcast_to({v.name}, core.shape_of({like.name}))", v.dtype, like.shape)


def again(w: Writer) -> None:
    """An earlier line once more: what merge finds, or must not."""
    lines = [
        (step.text, value)
        for step in w.steps
        if isinstance(step, Statement)
        for value in w.values
        if step.text.startswith(f"{value.name} = core.") and "placeholder" not in step.text
    ]
    if lines:
        text, value = w.late(lines)
        w.define(text.partition(" = ")[2], value.dtype, value.shape, is_early=value.is_early)


# Choices and random numbers ---------------------------------------------------------------------


def condition(w: Writer) -> Value:
    """A boolean that decides: mostly one that is known when a run is planned."""
    is_early = not w.coin(20)
    found = w.find(lambda v: v.dtype == "bool" and v.shape == () and v.is_early is is_early)
    kind = w.index(6)
    if found is not None and kind < 3:
        return found
    if kind == 3:
        v = w.find(lambda v: "n" in v.shape)
        if v is not None:
            text = f"core.greater(core.shape_of({v.name})[{v.shape.index('n')}], 1)"
            return Value(text, "bool", ())
    if kind == 4 and not w.is_in_body:
        text = f"core.placeholder_with_default({w.coin(50)}, [])"
        return w.define(text, "bool", (), is_early=True)
    if kind == 5 and found is not None:
        return w.define(f"core.logical_not({found.name})", "bool", (), is_early=True)
    return w.placeholder("bool", ())


def choose(w: Writer) -> None:
    c = condition(w)
    written = {name for name, _ in w.here.writes} if w.coin(60) else set()
    a = w.find(lambda v: v.name in written) or w.number()
    b = w.like(a.dtype, a.shape)
    if w.coin(50):
        a, b = b, a
    w.define(f"core.choose({c.name}, {a.name}, {b.name})", a.dtype, a.shape)


def draw(w: Writer) -> None:
    shape = w.choice(((), (3,), (2, 3)))
    seed = w.choice((None, None, 1))
    if w.coin(30):
        text = f'core.random_integers({list(shape)}, -3, 4, "int32", seed={seed})'
        w.define(text, "int32", shape)
    else:
        text = f"core.floor(core.random_uniform({list(shape)}, -3.0, 4.0, seed={seed}))"
        w.define(text, "float32", shape)


def draw_as(w: Writer) -> None:
    """A draw whose size a run decides."""
    v = w.find(lambda v: "n" in v.shape)
    if v is not None:
        text = f"core.floor(core.random_uniform(core.shape_of({v.name}), 0.0, 4.0))"
        w.define(text, "float32", v.shape)


def gradient(w: Writer) -> None:
    y = w.find(lambda v: v.dtype in FLOATS)
    if y is None:
        return
    xs = [v for v in w.here.values if v.dtype == y.dtype and v.name != y.name]
    xs += [v for v in w.variables if v.dtype == y.dtype and not w.is_in_body]
    if not xs:
        return
    chosen = [w.late(xs) for _ in range(1 + w.index(2))]
    names = [w.name("v") for _ in chosen]
    sources = ", ".join(x.name for x in chosen)
    w.line(
        f'{", ".join(names)}, = core.gradients({y.name}, [{sources}], unconnected_gradients="zero")'
    )
    w.here.values += [Value(name, x.dtype, x.shape) for name, x in zip(names, chosen, strict=True)]


COMPUTED: tuple[Kind, ...] = (
    constant, unary, binary, binary, binary, neutral, nearly_neutral, rounded, compare, logical,
    where, cast, matmul, matmul, dense, gram, reduction, reduction, cumsum, transpose, reshape,
    expand_dims,
    squeeze, getitem, reverse, concat, split, stack, gather, sized_by_data, broadcast,
)  # fmt: skip
PURE: tuple[Kind, ...] = (
    *COMPUTED, fill, again, again, choose, choose, draw, draw_as, gradient, gradient, placeholder,
    open_placeholder, open_placeholder, unknown_rank, with_default,
)  # fmt: skip

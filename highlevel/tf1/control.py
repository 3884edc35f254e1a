"""Control flow in TF1's spelling: branches, loops, and functions run along tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import core
from thalweg.core import (
    Tensor,
    convert,
    custom_gradient,
    flatten,
    gradients,
    jacobian,
    rebuild,
)

from .arguments import either, refuse

__all__ = [
    "case",
    "cond",
    "custom_gradient",
    "foldl",
    "foldr",
    "hessians",
    "map_fn",
    "scan",
    "switch_case",
    "while_loop",
]


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """What one of two functions returns; only that one runs.

    Args:
        pred: () bool tensor.
        true_fn: a function without arguments.
        false_fn: the same, with results of the same structure and dtypes.
        strict: False: a list of one result is returned as that result.
        name: of the node.
        fn1: the old name of `true_fn`.
        fn2: the old name of `false_fn`.

    >>> from thalweg.core import Session, placeholder
    >>> x = placeholder("float32", [])
    >>> y = cond(x > 0, lambda: x, lambda: -x)
    >>> float(Session().run(y, {x: -2.0}))
    2.0
    """
    yes = either("cond", "true_fn", true_fn, "fn1", fn1)
    no = either("cond", "false_fn", false_fn, "fn2", fn2)
    result = core.cond(pred, yes, no, name)
    return result if strict else _single(result)


def _single(result: Any) -> Any:
    """A list of one item as the item, as TF1 unpacks it."""
    is_single = isinstance(result, list | tuple) and len(result) == 1
    return result[0] if is_single else result


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """What the function beside the first true condition returns.

    Args:
        pred_fn_pairs: pairs of a () bool tensor and a function, or a dict of them.
        default: the function if none is true.
        exclusive: whether at most one may be true; the first counts in any case.
        strict: False: a list of one result is returned as that result.
        name: of the nodes.
    """
    result = core.case(pred_fn_pairs, default, exclusive, name)
    return result if strict else _single(result)


def switch_case(
    branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case"
) -> Any:
    """What the function of a number returns.

    Args:
        branch_index: () int32 tensor.
        branch_fns: functions, or pairs of a number and a function, or a dict of them.
        default: the function for any other number; the one of the largest number if None.
        name: of the nodes.

    >>> from thalweg.core import Session, placeholder
    >>> i = placeholder("int32", [])
    >>> y = switch_case(i, [lambda: 1.0, lambda: 2.0])
    >>> float(Session().run(y, {i: 1}))
    2.0
    """
    if isinstance(branch_fns, dict):
        pairs = sorted(branch_fns.items())
    elif all(callable(item) for item in branch_fns):
        pairs = list(enumerate(branch_fns))
    else:
        pairs = sorted(branch_fns)
    index = convert(branch_index)
    last = pairs[-1][1] if default is None else default
    tests = [(core.equal(index, number), function) for number, function in pairs]
    return core.case(tests, last, name=name)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """Runs `body` as long as `cond` holds, and returns the values that it ends with.

    Args:
        cond: (loop variables) -> () bool tensor.
        body: (loop variables) -> loop variables.
        loop_vars: the values to start with.
        shape_invariants: shapes that hold at each iteration, where a size changes.
        parallel_iterations: accepted; iterations run one after the other.
        back_prop: False stops gradients.
        swap_memory: accepted.
        name: of the nodes.
        maximum_iterations: at most so many.
        return_same_structure: False: a single loop variable is returned bare.

    >>> from thalweg.core import Session
    >>> int(Session().run(while_loop(lambda i: i < 10, lambda i: i + 3, [0])))
    12
    """
    del parallel_iterations, swap_memory
    ends = core.while_loop(
        cond, body, loop_vars, _plain_shapes(shape_invariants), maximum_iterations, name
    )
    if not back_prop:
        ends = _without_gradient(ends)
    return ends if return_same_structure else _single(ends)


def _plain_shapes(shapes: Any) -> Any:
    """Shapes as tuples of sizes; TF1's are objects."""
    if isinstance(shapes, dict):
        return {name: _plain_shapes(shape) for name, shape in shapes.items()}
    as_list = getattr(shapes, "as_list", None)
    if as_list is not None:
        return tuple(as_list())
    if isinstance(shapes, list | tuple) and not all(
        size is None or isinstance(size, int) for size in shapes
    ):
        return [_plain_shapes(shape) for shape in shapes]
    return shapes


def _without_gradient(structure: Any) -> Any:
    leaves = [core.stop_gradient(leaf) for leaf in flatten(structure)]
    return rebuild(structure, iter(leaves))


def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`fn` of each slice along the first axis, stacked.

    Args:
        fn: slices -> tensors.
        elems: tensors of (length, ...) each, perhaps nested.
        dtype: accepted: what `fn` returns tells.
        parallel_iterations: accepted.
        back_prop: False stops gradients.
        swap_memory: accepted.
        infer_shape: accepted.
        name: of the nodes.
    """
    del dtype, parallel_iterations, swap_memory, infer_shape
    result = core.map_fn(fn, elems, name)
    return result if back_prop else _without_gradient(result)


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the slices along the first axis, from the first to the last.

    Args:
        fn: (so far, slices) -> so far.
        elems: tensors of (length, ...) each.
        initializer: the value to start with; the first slices if None.
        parallel_iterations, swap_memory: accepted.
        back_prop: False stops gradients.
        name: of the nodes.
    """
    del parallel_iterations, swap_memory
    result = core.foldl(fn, elems, initializer, name)
    return result if back_prop else _without_gradient(result)


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the slices along the first axis, from the last to the first.

    Args:
        fn: (so far, slices) -> so far.
        elems: tensors of (length, ...) each.
        initializer: the value to start with; the last slices if None.
        parallel_iterations, swap_memory: accepted.
        back_prop: False stops gradients.
        name: of the nodes.
    """
    del parallel_iterations, swap_memory
    result = core.foldr(fn, elems, initializer, name)
    return result if back_prop else _without_gradient(result)


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the slices along the first axis, and keeps what was combined so far.

    Args:
        fn: (so far, slices) -> so far.
        elems: tensors of (length, ...) each, perhaps nested.
        initializer: the value to start with; the first slices if None, which then are also the
            first result.
        parallel_iterations, swap_memory, infer_shape: accepted.
        back_prop: False stops gradients.
        reverse: from the last slice to the first; results stand where their slices stood.
        name: of the nodes.

    >>> from thalweg.core import Session
    >>> Session().run(scan(lambda a, x: a + x, [1.0, 2.0, 3.0])).tolist()
    [1.0, 3.0, 6.0]
    """
    del parallel_iterations, swap_memory, infer_shape

    def step(so_far: Any, slices: Any) -> Any:
        new = fn(so_far, slices)
        return new, new

    if initializer is not None:
        result = core.scan(step, initializer, elems, reverse, name)[1]
    else:
        result = _from_first(step, elems, reverse, name)
    return result if back_prop else _without_gradient(result)


def _from_first(step: Any, elems: Any, reverse: bool, name: str | None) -> Any:
    """A scan whose first result is the first slice itself."""
    is_nested = isinstance(elems, list | tuple | dict) and any(
        isinstance(leaf, Tensor | core.Variable) or getattr(leaf, "ndim", 0)
        for leaf in flatten(elems)
    )
    tensors = [convert(leaf) for leaf in flatten(elems)] if is_nested else [convert(elems)]
    pattern = elems if is_nested else None
    ends = slice(-1, None) if reverse else slice(None, 1)
    others = slice(None, -1) if reverse else slice(1, None)
    first = rebuild(pattern, iter([t[ends] for t in tensors]))
    start = rebuild(pattern, iter([t[-1 if reverse else 0] for t in tensors]))
    rest = rebuild(pattern, iter([t[others] for t in tensors]))
    rows = core.scan(step, start, rest, reverse, name)[1]
    joined = [
        core.concat([row, one] if reverse else [one, row], axis=0)
        for one, row in zip(flatten(first), flatten(rows), strict=True)
    ]
    return rebuild(rows, iter(joined))


def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
) -> list[Tensor]:
    """The matrices of second derivatives of the sum of `ys`.

    Args:
        ys: a tensor or a list of them.
        xs: tensors or variables of known sizes.
        name: of the nodes.
        colocate_gradients_with_ops: accepted.
        gate_gradients: accepted.
        aggregation_method: must be None.

    Returns:
        One tensor for each of `xs`, of its shape twice.
    """
    del colocate_gradients_with_ops, gate_gradients
    refuse("hessians", "one way to add gradients", aggregation_method=aggregation_method)
    sources = xs if isinstance(xs, list | tuple) else [xs]
    with core.name_scope(name):
        slopes = gradients(ys, list(sources), unconnected_gradients="zero")
        return [jacobian(slope, x) for slope, x in zip(slopes, sources, strict=True)]

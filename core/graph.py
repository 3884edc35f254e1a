"""What the user wrote: a graph of operations, and the tensors between them.

A `Graph` only grows. An `Operation` is one node: an `OpDef` applied to tensors; since its inputs
exist before it does, creation order is a topological order, and nothing here ever sorts.

Where a new operation goes, how it is named and who owns it is a `Context`: an immutable record in
a context variable, so threads and coroutines that build at once do not disturb each other.

Operations made by library code (`with library():`) are held weakly by their graph and die with
the model that holds their tensors; what a user makes by hand lives as long as the graph.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .devices import as_device
from .errors import GraphError, ShapeError, Site, UnknownNameError, nearest, user_site
from .types import DType, TensorShape, TensorType, as_shape, shape_text

if TYPE_CHECKING:
    from .opdef import OpDef

__all__ = [
    "Graph",
    "Operation",
    "Tensor",
    "control_dependencies",
    "device",
    "get_default_graph",
    "library",
    "name_scope",
    "reset_default_graph",
    "set_graph_class",
]

OPERATORS: dict[str, Callable[..., Any]] = {}  # filled by ops/operators.py


class Operation:
    """One node of a graph: an `OpDef` applied to tensors.

    Attributes:
        opdef: what is computed.
        inputs: tensors it reads.
        control_inputs: operations that must run before it.
        device: where it is to run, `"gpu:0"`; None leaves it open.
        outputs: tensors it makes.
        name: unique in its graph, `"lenet/dense_1/matmul"`.
        site: the user's line that made it.
        owner: the layer it belongs to, `"Dense 'dense_1'"`, or None.
        index: its place in creation order.
        functions: compiled functions whose first fetch it is, kept by sessions.
    """

    __slots__ = (
        "__weakref__", "control_inputs", "device", "functions", "graph", "index", "inputs", "name",
        "opdef", "outputs", "owner", "site",
    )  # fmt: skip

    def __init__(
        self,
        graph: Graph,
        opdef: OpDef,
        inputs: tuple[Tensor, ...],
        types: Sequence[TensorType],
        name: str,
        context: Context,
    ) -> None:
        self.graph = graph
        self.opdef = opdef
        self.inputs = inputs
        self.control_inputs = context.control
        self.device = context.device
        self.outputs = tuple(Tensor(self, i, type_) for i, type_ in enumerate(types))
        self.site = context.site or user_site(3)
        self.owner = context.owner
        self.functions: dict[Any, Any] = {}
        self.name, self.index = graph._add(self, name, context)

    @property
    def type(self) -> str:
        """The op's name, `"MatMul"` (TF1's attribute)."""
        return type(self.opdef).__name__

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Runs the operation in the given or the default session."""
        OPERATORS["eval"](self, feed_dict, session)

    def __repr__(self) -> str:
        return f"<Operation {self.name!r} {self.type}>"


class Tensor:
    """A value that an operation will make: symbolic, with a type and no data.

    Python's operators build more graph. Comparison with `==` is identity, as in TF1.
    """

    __slots__ = ("__weakref__", "history", "index", "mask", "op", "type")
    __array_ufunc__ = None  # numpy_array + tensor asks the tensor

    def __init__(self, op: Operation, index: int, type_: TensorType) -> None:
        self.op = op
        self.index = index
        self.type = type_
        self.history: Any = None  # the layer call that made it, for functional models
        self.mask: Tensor | None = None  # which positions count, for layers

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self.op.graph

    @property
    def name(self) -> str:
        """Operation and output number, `"dense/matmul:0"`."""
        return f"{self.op.name}:{self.index}"

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.type.dtype

    @property
    def shape(self) -> TensorShape | None:
        """Sizes, None where unknown; None as a whole if the rank is unknown."""
        shape = self.type.shape
        return None if shape is None else TensorShape(shape)

    @property
    def ndim(self) -> int | None:
        """Number of axes, None if unknown."""
        return self.type.rank

    def get_shape(self) -> TensorShape | None:
        """The shape (TF1's spelling)."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Narrows the type by what the caller knows.

        Raises:
            ShapeError: if it contradicts what is known.
        """
        new = as_shape(shape)
        if not self.type.accepts_shape(new):
            raise ShapeError(
                "set_shape",
                "contradicts the known shape",
                expected=shape_text(self.shape),
                got=shape_text(new),
                node=self.op.name,
            )
        if new is not None:
            old = self.shape or (None,) * len(new)
            merged = tuple(b if a is None else a for a, b in zip(old, new, strict=True))
            self.type = TensorType(self.dtype, merged, self.type.value)

    def consumers(self) -> list[Operation]:
        """The living operations that read it."""
        return [op for op in self.graph.get_operations() if self in op.inputs]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value in the given or the default session."""
        return OPERATORS["eval"](self, feed_dict, session)

    def __repr__(self) -> str:
        return f"<Tensor {self.name!r} {self.type}>"

    __hash__ = object.__hash__  # by identity, without a call of Python: there are many look-ups

    def __eq__(self, other: object) -> bool:
        return self is other

    def __bool__(self) -> bool:
        raise self._has_no_value("a truth value")

    def __float__(self) -> float:
        raise self._has_no_value("a float")

    def __int__(self) -> int:
        raise self._has_no_value("an int")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._has_no_value("an array")

    def __len__(self) -> int:
        if self.shape and self.shape[0] is not None:
            return self.shape[0]
        raise self._has_no_value("a length")

    def __iter__(self) -> Iterator[Tensor]:
        return iter([self[i] for i in range(len(self))])

    def _has_no_value(self, what: str) -> GraphError:
        return GraphError(
            "Tensor",
            f"a symbolic tensor has no value that could become {what}",
            got=str(self.type),
            node=self.op.name,
            site=self.op.site,
            hint="Session.run(tensor) gives its value; where(condition, a, b) chooses in the graph",
        )

    def __getitem__(self, key: Any) -> Tensor:
        return OPERATORS["getitem"](self, key)  # type: ignore[no-any-return]

    if TYPE_CHECKING:  # installed below, one line an operator; spelled out here for checkers

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __rxor__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...


def _binary_operator(name: str, *, reflected: bool) -> Callable[[Tensor, Any], Tensor]:
    def method(self: Tensor, other: Any) -> Tensor:
        a, b = (other, self) if reflected else (self, other)
        return OPERATORS[name](a, b)  # type: ignore[no-any-return]

    return method


def _install_operators() -> None:
    """Gives Tensor Python's operators."""
    for symbol, name in {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide",
        "floordiv": "floordiv", "mod": "floormod", "pow": "pow", "matmul": "matmul",
        "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
    }.items():  # fmt: skip
        setattr(Tensor, f"__{symbol}__", _binary_operator(name, reflected=False))
        setattr(Tensor, f"__r{symbol}__", _binary_operator(name, reflected=True))
    for symbol, name in {
        "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    }.items():  # fmt: skip
        setattr(Tensor, f"__{symbol}__", _binary_operator(name, reflected=False))
    for symbol, name in {"neg": "negative", "abs": "abs", "invert": "logical_not"}.items():
        setattr(Tensor, f"__{symbol}__", lambda self, _name=name: OPERATORS[_name](self))


_install_operators()


@dataclass(frozen=True, slots=True)
class Context:
    """Where and how the next operation is made."""

    graph: Graph
    scope: str = ""
    control: tuple[Operation, ...] = ()
    owner: str | None = None
    site: Site | None = None
    trace: Any = None  # the open Trace of ops/state.py
    is_library: bool = False
    stream: Any = None  # the random Stream of random.py
    device: str | None = None

    def full_name(self, name: str) -> str:
        """A name inside the scope; one that ends in a slash is a scope's, and absolute."""
        return name if name.endswith("/") else self.scope + name


_context: ContextVar[Context | None] = ContextVar("thalweg_context", default=None)


def current_context() -> Context:
    """The context in force on this thread."""
    context = _context.get()
    return Context(_shared.graph) if context is None else context


@contextmanager
def use_context(context: Context) -> Iterator[Context]:
    """Makes `context` the one in force inside a `with`."""
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)


def changed_context(**changes: Any) -> Any:
    """A `with` block in which some fields of the context are others."""
    return use_context(replace(current_context(), **changes))


class Graph:
    """Operations in creation order, with unique names.

    >>> graph = Graph()
    >>> with graph.as_default(), graph.name_scope("tower"):
    ...     get_default_graph() is graph
    True
    """

    def __init__(self) -> None:
        self.seed: int | None = None  # tf.set_random_seed
        self.outer: Context | None = None  # where the loop is built whose body this graph is
        self.finalized = False
        self.collections: dict[str, list[Any]] = {}
        self._kept: list[Operation] = []
        self._by_name: weakref.WeakValueDictionary[str, Operation] = weakref.WeakValueDictionary()
        self._reserved: set[str] = set()  # names that no operation gets by chance
        self._next_suffix: dict[str, int] = {}
        self._index = itertools.count()
        self._lock = threading.RLock()

    def _add(self, op: Operation, name: str, context: Context) -> tuple[str, int]:
        """Gives a new operation its unique name and index."""
        if self.finalized:
            raise GraphError("Graph", "is finalized: no operation can be added", node=name)
        with self._lock:
            unique = self.free_name(name)
            self._by_name[unique] = op
            if not context.is_library:
                self._kept.append(op)
            return unique, next(self._index)

    def free_name(self, name: str, reserve: bool = False) -> str:
        """`name`, or `name_1`, `name_2`, … where that is taken.

        Args:
            name: in full. One that ends in a slash is a scope's; an operation that is given it
                has the scope's name, `"tower/"` -> `"tower"`, although that is reserved.
            reserve: keeps later operations from having it.
        """
        is_scope = name.endswith("/")
        name = name.rstrip("/")
        if name in self._by_name or (name in self._reserved and not is_scope):
            name = self._numbered(name)
        if reserve:
            self._reserved.add(name)
        return name

    def forget_names(self) -> None:
        """Later operations may have names that are taken; what has them now is no longer found."""
        with self._lock:
            self._by_name = weakref.WeakValueDictionary()
            self._reserved.clear()
            self._next_suffix.clear()

    def _numbered(self, name: str) -> str:
        if len(self._next_suffix) > 64 + 4 * (len(self._by_name) + len(self._reserved)):
            self._next_suffix.clear()  # only hints; without this, dead names would pile up
        suffix = self._next_suffix.get(name, 1)
        while (unique := f"{name}_{suffix}") in self._by_name or unique in self._reserved:
            suffix += 1
        self._next_suffix[name] = suffix + 1
        return unique

    def capture(self, tensor: Tensor) -> Tensor:
        """What stands for a tensor of another graph here; only bodies of loops know any."""
        raise GraphError(
            "Graph", "inputs belong to different graphs", got=f"{tensor.name} of another graph"
        )

    def control_from(self, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
        """Those of the operations that control edges in this graph start from: here all."""
        return operations

    def as_default(self) -> Any:
        """A `with` block in which new operations go to this graph."""
        return use_context(Context(self))

    def name_scope(self, name: str | None) -> Any:
        """A `with` block that puts `name/` before new names."""
        return name_scope(name, graph=self)

    def control_dependencies(self, operations: Sequence[Any]) -> Any:
        """A `with` block whose operations run after the given ones."""
        return control_dependencies(operations)

    def finalize(self) -> None:
        """Forbids new operations."""
        self.finalized = True

    def get_operations(self) -> list[Operation]:
        """The living operations in creation order."""
        return sorted(self._by_name.values(), key=lambda op: op.index)

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of that name.

        Raises:
            UnknownNameError: if there is none, with the nearest name.
        """
        op = self._by_name.get(name)
        if op is None:
            raise UnknownNameError(
                "Graph",
                "no operation of this name",
                got=repr(name),
                hint=nearest(name, list(self._by_name)),
            )
        return op

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor `"op:0"`.

        Raises:
            UnknownNameError: if there is none.
        """
        op_name, _, index = name.partition(":")
        op = self.get_operation_by_name(op_name)
        if not index.isdigit() or int(index) >= len(op.outputs):
            raise UnknownNameError(
                "Graph",
                "no tensor of this name",
                expected=f"{op_name}:0" + (f" to :{len(op.outputs) - 1}" if op.outputs else ""),
                got=repr(name),
            )
        return op.outputs[int(index)]

    def show(self, fetches: Any = None, depth: int | None = 1, path: Any = None) -> Any:
        """A picture of the graph as SVG, drawn without any other program.

        Args:
            fetches: a tensor, operation, variable or name, or a list of them: only what they need
                is shown. None shows all operations.
            depth: name scopes at this level are shown as one box each, those above as boxes with
                their insides; None shows everything.
            path: a file to write the picture to, whole or not at all.

        Returns:
            A drawing with `svg`, its text, and `save(path)`; Jupyter shows it.

        >>> from thalweg.core import Graph, placeholder
        >>> with Graph().as_default() as context:
        ...     y = placeholder("float32", [None, 2], name="x") * 2.0
        >>> context.graph.show().svg[:4]
        '<svg'
        """
        return OPERATORS["show"](self, fetches, depth, path)

    def get_name_scope(self) -> str:
        """The name scope in force, without its last slash."""
        return current_context().scope.rstrip("/")

    def add_to_collection(self, name: str, value: Any) -> None:
        """Appends to a named list of anything (TF1)."""
        self.collections.setdefault(name, []).append(value)

    def get_collection(self, name: str) -> list[Any]:
        """A copy of a named list."""
        return list(self.collections.get(name, ()))

    def __repr__(self) -> str:
        return f"<Graph of {len(self._by_name)} operations>"


class _Shared:
    """The one default graph that all threads share until one enters another."""

    graph = Graph()


_shared = _Shared()


def get_default_graph() -> Graph:
    """The graph that new operations go to."""
    return current_context().graph


def reset_default_graph() -> None:
    """Replaces the shared default graph by an empty one.

    Raises:
        GraphError: inside a `with graph.as_default()` block, where it would have no effect.
    """
    if _context.get() is not None:
        raise GraphError(
            "reset_default_graph",
            "called inside a `with` block that has chosen a graph",
            hint="call it outside of as_default(), name_scope() and control_dependencies()",
        )
    _shared.graph = type(_shared.graph)()


def set_graph_class(cls: type[Graph]) -> None:
    """Makes the shared default graph, and all that replace it, graphs of a subclass.

    What is in the graph stays: the subclass adds methods, and no state that it could not find
    missing. `thalweg.tf1` so gives TF1's methods to the graph that models are built in as well.
    """
    _shared.graph.__class__ = cls


def _scope_in(context: Context, name: str | None) -> str:
    """TF1's rules: None or "" is the root, a trailing slash is absolute, else nested."""
    if not name:
        return ""
    if name.endswith("/"):
        return name
    return f"{context.scope}{name}/"


@contextmanager
def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None, graph: Any = None
) -> Iterator[str]:
    """A `with` block that puts `name/` before the names of new operations.

    Args:
        name: the scope; None or `""` means the root; a trailing slash re-enters a scope as it is.
        default_name: used if `name` is None, as in TF1.
        values: ignored; TF1 code passes it.
        graph: the graph to build in; the default one if None.
    """
    del values
    context = current_context()
    if graph is not None and graph is not context.graph:
        context = Context(graph)
    scope = _scope_in(context, default_name if name is None else name)
    with use_context(replace(context, scope=scope)):
        yield scope


def control_dependencies(operations: Sequence[Any] | None) -> Any:
    """A `with` block whose operations run after `operations`; None clears what is in force.

    In the body of a loop or branch, all of the loop or branch runs after operations outside of it.
    """
    context = current_context()
    if operations is None:
        return changed_context(control=())
    ops = tuple(getattr(item, "op", item) for item in operations)
    for op in ops:
        if not isinstance(op, Operation):
            raise GraphError(
                "control_dependencies",
                "not an operation",
                expected="Operations or Tensors",
                got=repr(op),
            )
    return changed_context(control=(*context.control, *context.graph.control_from(ops)))


def device(name: str | None) -> Any:
    """A `with` block whose operations and variables go to a device.

    Args:
        name: `"gpu:0"`, `"cpu:0"`, or TensorFlow's spelling, `"/device:GPU:0"`; None leaves the
            choice to the session.

    Raises:
        OptionError: if it is not the name of a device.
    """
    return changed_context(device=as_device(name))


def library() -> Any:
    """A `with` block whose operations the graph holds weakly: they die with their last user."""
    return changed_context(is_library=True)

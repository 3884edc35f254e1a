"""Graphs and scopes in TF1's spelling.

The default graph is one of these, also where models of layers are built in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import thalweg.core
from thalweg.core import (
    GraphError,
    Operation,
    Tensor,
    Variable,
    current_context,
    get_default_graph,
    reset_default_graph,
    set_graph_class,
)
from thalweg.core import name_scope as core_name_scope

from .graph_state import Access, home, matching, state_of

__all__ = [
    "Graph",
    "Operation",
    "Tensor",
    "colocate_with",
    "container",
    "device",
    "get_default_graph",
    "init_scope",
    "name_scope",
    "reset_default_graph",
    "set_random_seed",
]


class Graph(thalweg.core.Graph):
    """Operations in creation order, with unique names, and named lists of anything.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default() as graph:
    ...     x = tf.constant(1.0, name="x")
    ...     print(graph.as_graph_element("x:0") is x, graph.unique_name("x"))
    True x_1
    """

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """A `with` block in which new operations go to this graph."""
        with super().as_default():
            yield self

    @property
    def version(self) -> int:
        """A number that grows with every operation."""
        return max((op.index + 1 for op in self.get_operations()), default=0)

    @property
    def building_function(self) -> bool:
        """False: functions in graphs are graphs of their own."""
        return False

    # Elements -----------------------------------------------------------------------------------

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Tensor | Operation:
        """The tensor or operation of this graph that an object or a name means.

        Args:
            obj: a tensor, an operation, a variable, or a name: `"dense/MatMul"` is an operation,
                `"dense/MatMul:0"` a tensor.
            allow_tensor: whether it may be a tensor.
            allow_operation: whether it may be an operation.

        Raises:
            UnknownNameError: if nothing has that name.
            GraphError: if it is of another kind or graph.
        """
        if isinstance(obj, str):
            found: Any = (
                self.get_tensor_by_name(obj) if ":" in obj else self.get_operation_by_name(obj)
            )
        else:
            found = obj.value() if isinstance(obj, Variable) else obj
        is_allowed = (allow_tensor and isinstance(found, Tensor)) or (
            allow_operation and isinstance(found, Operation)
        )
        if not is_allowed or found.graph is not self:
            kinds = ["a tensor"] * allow_tensor + ["an operation"] * allow_operation
            raise GraphError(
                "as_graph_element",
                "not an element of this graph",
                expected=f"{' or '.join(kinds)} of this graph, or its name",
                got=repr(obj),
            )
        return found  # type: ignore[no-any-return]

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """`name` inside the scope in force, with a number where it is taken.

        Args:
            name: without the scope.
            mark_as_used: keeps later operations from having it.
        """
        context = current_context()
        scope = context.scope if context.graph is self else ""
        return self.free_name(scope + name, reserve=mark_as_used)

    def is_feedable(self, tensor: Any) -> bool:
        """False after `prevent_feeding(tensor)`."""
        return tensor not in state_of(self, Access).unfeedable

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """False after `prevent_fetching(tensor_or_op)`."""
        return tensor_or_op not in state_of(self, Access).unfetchable

    def prevent_feeding(self, tensor: Tensor) -> None:
        """Makes feeding a tensor an error."""
        state_of(self, Access).unfeedable.add(tensor)

    def prevent_fetching(self, op: Operation) -> None:
        """Makes fetching an operation an error."""
        state_of(self, Access).unfetchable.add(op)

    # Collections --------------------------------------------------------------------------------

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Appends to several named lists; a name that comes twice counts once."""
        for name in dict.fromkeys([names] if isinstance(names, str) else names):
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """A copy of a named list.

        Args:
            name: its name.
            scope: a regular expression that the start of an item's name must match, if given.
        """
        return matching(super().get_collection(name), scope)

    def get_collection_ref(self, name: str) -> list[Any]:
        """A named list itself, so that it can be changed."""
        return self.collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[str]:
        """The names of all lists."""
        return [name for name in self.collections if isinstance(name, str)]

    def clear_collection(self, name: str) -> None:
        """Empties a named list."""
        self.collections.pop(name, None)

    # Scopes -------------------------------------------------------------------------------------

    def name_scope(self, name: str | None) -> AbstractContextManager[str]:
        """A `with` block that puts `name/` before the names of new operations."""
        if current_context().graph is self:
            return name_scope(name)
        return _scope_of(self, name)

    def control_dependencies(
        self, control_inputs: Sequence[Any] | None
    ) -> AbstractContextManager[Any]:
        """A `with` block whose operations run after the given ones; None clears them."""
        block: AbstractContextManager[Any] = thalweg.core.control_dependencies(control_inputs)
        return block

    def device(self, device_name_or_function: Any) -> AbstractContextManager[Any]:
        """`tf.device` for this graph."""
        return device(device_name_or_function)

    def colocate_with(self, op: Any, ignore_existing: bool = False) -> AbstractContextManager[None]:
        """`tf.colocate_with` for this graph."""
        return colocate_with(op, ignore_existing)

    def container(self, container_name: str) -> AbstractContextManager[str]:
        """`tf.container` for this graph."""
        return container(container_name)

    # What is not here -----------------------------------------------------------------------------

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """Not supported: raises GraphError."""
        raise _no_graph_def("Graph.as_graph_def")

    def create_op(
        self,
        op_type: str,
        inputs: Any,
        dtypes: Any = None,
        input_types: Any = None,
        name: str | None = None,
        attrs: Any = None,
        op_def: Any = None,
        compute_shapes: bool = True,
        compute_device: bool = True,
    ) -> Any:
        """Not supported: raises GraphError."""
        raise GraphError(
            "Graph.create_op",
            "operations are not made by the name of their type",
            got=repr(op_type),
            hint="call the function that makes it, tf.matmul for MatMul",
        )

    def gradient_override_map(self, op_type_map: Any) -> Any:
        """Not supported: raises GraphError."""
        raise GraphError(
            "Graph.gradient_override_map",
            "the gradient of an op cannot be replaced by the name of its type",
            got=repr(op_type_map),
            hint="write the function with the gradient that you want: y = f(x) + "
            "tf.stop_gradient(g(x) - f(x)) has the value of g and the gradient of f",
        )


set_graph_class(Graph)


def _no_graph_def(where: str) -> GraphError:
    return GraphError(
        where,
        "graphs are not written to protocol buffers",
        hint="session.explain(fetches) prints what a run would execute",
    )


_SCOPE_NAME = re.compile(r"[A-Za-z0-9_.\-/]*")


@contextmanager
def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None
) -> Iterator[str]:
    """A `with` block that puts `name/` before the names of new operations.

    A scope entered a second time becomes `name_1/`; a name that ends in a slash re-enters it. An
    operation whose own name is that of a scope, slash included, is called like the scope.

    Args:
        name: the scope; None takes `default_name`, and "" (or None for both) is the root.
        default_name: used if `name` is None.
        values: ignored: tensors know their graph.

    Raises:
        GraphError: if the name has characters that names of operations may not have.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     for _ in range(2):
    ...         with tf.name_scope("tower") as scope:
    ...             print(tf.constant(1).name, tf.no_op(name=scope).name)
    tower/Const:0 tower
    tower_1/Const:0 tower_1
    """
    chosen = default_name if name is None else name
    if chosen:
        context = current_context()
        starts_badly = not context.scope and chosen[0] in "_-/"
        if starts_badly or not _SCOPE_NAME.fullmatch(chosen):
            raise GraphError(
                "name_scope",
                "not a scope name",
                expected="letters, digits and . _ - /, beginning with a letter, a digit or a dot",
                got=repr(chosen),
            )
        if not chosen.endswith("/"):
            chosen = context.graph.free_name(context.scope + chosen, reserve=True) + "/"
    with core_name_scope(chosen) as scope:
        yield scope


@contextmanager
def _scope_of(graph: Graph, name: str | None) -> Iterator[str]:
    with graph.as_default(), name_scope(name) as scope:
        yield scope


def device(device_name_or_function: Any) -> AbstractContextManager[Any]:
    """A `with` block whose operations and variables go to a device.

    Args:
        device_name_or_function: `"/gpu:0"`, `"/device:CPU:0"`; None, or a function of operations,
            which is not called, leaves the choice to the session.

    Raises:
        OptionError: if it is not the name of a device.

    >>> import thalweg.tf1 as tf
    >>> with tf.device("/cpu:0"):
    ...     print(tf.constant(1).op.device)
    cpu:0
    """
    name = None if callable(device_name_or_function) else device_name_or_function
    block: AbstractContextManager[Any] = thalweg.core.device(name)
    return block


@contextmanager
def colocate_with(op: Any, ignore_existing: bool = False) -> Iterator[None]:
    """A `with` block for operations beside `op`: accepted and ignored."""
    del op, ignore_existing
    yield


@contextmanager
def container(container_name: str) -> Iterator[str]:
    """A `with` block for variables of one container: accepted and ignored.

    A session keeps its own values of all variables.
    """
    yield container_name


@contextmanager
def init_scope() -> Iterator[None]:
    """A `with` block outside of control edges and of the bodies of loops and branches."""
    with home(), thalweg.core.control_dependencies(None):
        yield


def set_random_seed(seed: int) -> None:
    """Fixes the numbers that random operations of the default graph draw, from the next one on.

    >>> import thalweg.tf1 as tf
    >>> def draw():
    ...     with tf.Graph().as_default(), tf.Session() as session:
    ...         tf.set_random_seed(1)
    ...         return float(session.run(tf.random_uniform([])))
    >>> draw() == draw()
    True
    """
    get_default_graph().seed = seed

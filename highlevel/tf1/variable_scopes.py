"""Variable scopes: prefixes of names that can be entered again to share variables.

Entering a scope by its name prolongs the one in force; entering a `VariableScope` jumps to it.
Names of variables depend on variable scopes alone; names of operations on name scopes, of which
every variable scope opens one of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from thalweg.core import Graph, OptionError, current_context

from .graph import name_scope
from .graph_state import home_graph, state_of
from .scope_defaults import VariableScope
from .variable_store import AUTO_REUSE, Reuse

__all__ = [
    "AUTO_REUSE",
    "VariableScope",
    "get_variable_scope",
    "variable_op_scope",
    "variable_scope",
]


class _Scopes:
    """What a graph knows of its scopes: the outermost, and how often each was opened."""

    def __init__(self) -> None:
        self.root = VariableScope(False)
        self.counts: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def forget_inside(self, name: str) -> None:
        """So that the next visit of a scope numbers nameless scopes in it from the start."""
        for inner in self.counts:
            if inner.startswith(f"{name}/"):
                self.counts[inner] = 0

    def unused(self, prefix: str, name: str) -> str:
        """`name`, or `name_1`, … if such a scope was opened inside `prefix`."""
        full = f"{prefix}/{name}" if prefix else name
        if not self.counts.get(full):
            return name
        number = 1
        while self.counts.get(f"{full}_{number}"):
            number += 1
        return f"{name}_{number}"


_entered: ContextVar[tuple[tuple[Graph, VariableScope], ...]] = ContextVar(
    "thalweg_tf1_scopes", default=()
)


def get_variable_scope() -> VariableScope:
    """The variable scope in force.

    >>> import thalweg.tf1 as tf
    >>> with tf.variable_scope("tower"):
    ...     print(tf.get_variable_scope().name)
    tower
    """
    graph = home_graph()
    for owner, scope in reversed(_entered.get()):
        if owner is graph:
            return scope
    return state_of(graph, _Scopes).root


@contextmanager
def variable_scope(
    name_or_scope: Any,
    default_name: str | None = None,
    values: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Callable[..., Any] | None = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:
    """A `with` block that puts a prefix before the names of variables of `get_variable`.

    Args:
        name_or_scope: a name, which prolongs the scope in force, or a scope to jump to.
        default_name: the name if `name_or_scope` is None; numbered if it was used here before.
        values: ignored: tensors know their graph.
        initializer: for variables that are given none; inherited by scopes inside, as are all
            of the following but `constraint`.
        regularizer: likewise; `no_regularizer` ends what is inherited.
        caching_device: ignored.
        partitioner: not supported.
        custom_getter: a function `f(getter, name, *args, **kwargs)` that is called in the place
            of `get_variable`; those of scopes around it are called by its `getter`.
        reuse: True: variables must exist; AUTO_REUSE: they are made where they are missing;
            None or False: as in the scope around it.
        dtype: of variables that are given none.
        use_resource: ignored.
        constraint: for variables that are given none.
        auxiliary_name_scope: False opens no name scope.

    Raises:
        OptionError: if there is no name, or `reuse` is none of these.

    >>> import thalweg.tf1 as tf
    >>> with tf.variable_scope("tower", reuse=tf.AUTO_REUSE):
    ...     w, again = tf.get_variable("w", [2]), tf.get_variable("w", [2])
    >>> print(w.name, again is w)
    tower/w:0 True
    """
    reuse = _checked(name_or_scope, default_name, None if reuse is False else reuse)
    graph = home_graph()
    scopes = state_of(graph, _Scopes)
    around = get_variable_scope()
    settings = {
        "initializer": initializer,
        "regularizer": regularizer,
        "caching_device": caching_device,
        "partitioner": partitioner,
        "dtype": dtype,
        "use_resource": use_resource,
    }
    label = default_name if name_or_scope is None else name_or_scope
    if isinstance(name_or_scope, VariableScope):
        label = name_or_scope.name.split("/")[-1]
    opens = name_scope(label) if auxiliary_name_scope and label else nullcontext()
    with opens:
        if isinstance(name_or_scope, VariableScope):
            base, name = name_or_scope, name_or_scope.name
            scope = _copy(base, name, reuse or base.reuse, base.original_name_scope)
        else:
            base, name = around, name_or_scope
            if name is None:
                name = scopes.unused(base.name, default_name or "")
            name = f"{base.name}/{name}" if base.name else name
            scope = _copy(base, name, reuse or base.reuse, current_context().scope)
        for setting, value in settings.items():
            if value is not None:
                getattr(scope, f"set_{setting}")(value)
        if custom_getter is not None:
            scope.set_custom_getter(_chained(custom_getter, base.custom_getter))
        scope._constraint = constraint
        scopes.open(name)
        counts = dict(scopes.counts)
        token = _entered.set((*_entered.get(), (graph, scope)))
        try:
            yield scope
        finally:
            _entered.reset(token)
            if isinstance(name_or_scope, VariableScope):
                scopes.counts = counts
            else:
                scopes.forget_inside(name)


def _checked(name_or_scope: Any, default_name: str | None, reuse: Any) -> Any:
    """`reuse`, if the arguments make sense together."""
    if name_or_scope is None and default_name is None:
        raise OptionError(
            "variable_scope", "there is no name", expected="name_or_scope or default_name"
        )
    if not isinstance(name_or_scope, str | VariableScope | None):
        raise OptionError(
            "variable_scope",
            "name_or_scope is of another kind",
            expected="a name or a tf.VariableScope",
            got=repr(name_or_scope),
        )
    if reuse not in (None, True) and not isinstance(reuse, Reuse):
        raise OptionError(
            "variable_scope",
            "reuse has another value",
            expected="True, False, None or tf.AUTO_REUSE",
            got=repr(reuse),
        )
    if name_or_scope is None and reuse is True:
        raise OptionError(
            "variable_scope",
            "a scope with a name of its own has nothing that could be used again",
            expected="name_or_scope with reuse=True",
            got=f"default_name={default_name!r}",
        )
    return reuse


def _copy(base: VariableScope, name: str, reuse: Any, opened: str) -> VariableScope:
    return VariableScope(
        reuse,
        name,
        base.initializer,
        base.regularizer,
        base.caching_device,
        base.partitioner,
        base.custom_getter,
        opened,
        base.dtype,
        base.use_resource,
    )


def _chained(custom: Callable[..., Any], outer: Callable[..., Any] | None) -> Callable[..., Any]:
    """A custom getter whose own getter is that of the scope around it."""
    if outer is None:
        return custom

    def chained(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return custom(functools.partial(outer, getter), *args, **kwargs)

    return chained


@contextmanager
def variable_op_scope(
    values: Any,
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Callable[..., Any] | None = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Any = None,
) -> Iterator[VariableScope]:
    """`variable_scope` with its arguments in the order of TensorFlow before 1.0."""
    with variable_scope(
        name_or_scope,
        default_name,
        values,
        initializer,
        regularizer,
        caching_device,
        partitioner,
        custom_getter,
        reuse,
        dtype,
        use_resource,
        constraint,
    ) as scope:
        yield scope

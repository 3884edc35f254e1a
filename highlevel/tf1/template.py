"""`make_template`: a function whose variables are made at its first call and shared by all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from thalweg.core import GraphError

from .collections import GraphKeys
from .graph_state import home_graph
from .variable_scopes import VariableScope, variable_scope
from .variables import Variable

__all__ = ["make_template"]


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> _Template:
    """A function whose variables are made at its first call and used again by all others.

    Args:
        name_: of the scope of its variables, numbered if it was used before.
        func_: the function, which makes its variables by `get_variable`.
        create_scope_now_: opens the scope now rather than at the first call.
        unique_name_: a name in the place of `name_` that is not numbered.
        custom_getter_: of the scope.
        kwargs: arguments of every call.

    Raises:
        GraphError: on a call other than the first that makes a trainable variable.

    >>> import thalweg.tf1 as tf
    >>> def scaled(x, name):
    ...     return x * tf.get_variable(name, [], initializer=tf.ones_initializer())
    >>> with tf.Graph().as_default():
    ...     scale = tf.make_template("scale", scaled, name="factor")
    ...     y = scale(2.0) + scale(3.0)
    ...     print([variable.name for variable in tf.global_variables()])
    ['scale/factor:0']
    """
    function = functools.partial(func_, **kwargs) if kwargs else func_
    return _Template(name_, function, create_scope_now_, unique_name_, custom_getter_)


class _Template:
    """What `make_template` returns."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        create_scope_now: bool,
        unique_name: str | None,
        custom_getter: Callable[..., Any] | None,
    ) -> None:
        self._name = name
        self._function = function
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._scope: VariableScope | None = None
        self._was_called = False
        if create_scope_now:
            with self._opened() as self._scope:
                pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function in the scope of its variables."""
        if self._scope is None:
            with self._opened() as self._scope:
                return self._first(args, kwargs)
        if not self._was_called:
            with variable_scope(self._scope):
                return self._first(args, kwargs)
        with variable_scope(self._scope, reuse=True):
            before = len(self._all(GraphKeys.TRAINABLE_VARIABLES))
            result = self._function(*args, **kwargs)
            made = self._all(GraphKeys.TRAINABLE_VARIABLES)[before:]
        if made:
            raise GraphError(
                "make_template",
                f"a call of {self._name!r} other than the first makes variables",
                expected="variables made by tf.get_variable, which are found again",
                got=", ".join(repr(variable.name) for variable in made),
            )
        return result

    def _opened(self) -> Any:
        return variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter)

    def _first(self, args: Any, kwargs: Any) -> Any:
        self._was_called = True
        return self._function(*args, **kwargs)

    @staticmethod
    def _all(key: str) -> list[Variable]:
        return home_graph().get_collection(key)

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function."""
        return self._function

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of its variables; None before it is opened."""
        return self._scope

    @property
    def variable_scope_name(self) -> str | None:
        """That scope's name."""
        return None if self._scope is None else self._scope.name

    @property
    def trainable_variables(self) -> list[Variable]:
        """Its trainable variables."""
        return [] if self._scope is None else self._scope.trainable_variables()

    @property
    def global_variables(self) -> list[Variable]:
        """Its global variables."""
        return [] if self._scope is None else self._scope.global_variables()

    @property
    def local_variables(self) -> list[Variable]:
        """Its local variables."""
        return [] if self._scope is None else self._scope.local_variables()

    @property
    def variables(self) -> list[Variable]:
        """Its global and local variables."""
        return self.global_variables + self.local_variables

"""`VariableScope`: a prefix of names, and what variables under it are given by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.core import DType, as_dtype, changed_context, convert, float32

from .arguments import refuse
from .collections import GraphKeys, get_collection
from .variable_store import VariableStore
from .variables import Variable, VariableAggregation, VariableSynchronization

__all__ = ["VariableScope"]


class VariableScope:
    """A prefix of the names of variables, and defaults for `get_variable`.

    Args:
        reuse: True: variables must exist; False: they must not; AUTO_REUSE: they may.
        name: the prefix.
        initializer: for variables that are given none.
        regularizer: likewise.
        caching_device: ignored.
        partitioner: not supported.
        custom_getter: a function that is called in the place of `get_variable`.
        name_scope: the name scope that was opened with it.
        dtype: of variables that are given none.
        use_resource: ignored.
        constraint: for variables that are given none.
    """

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Callable[..., Any] | None = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: bool | None = None,
        constraint: Any = None,
    ) -> None:
        self._reuse = reuse
        self._name = name
        self._name_scope = name_scope
        self.set_initializer(initializer)
        self.set_regularizer(regularizer)
        self.set_caching_device(caching_device)
        self.set_partitioner(partitioner)
        self.set_custom_getter(custom_getter)
        self.set_dtype(dtype)
        self.set_use_resource(use_resource)
        self._constraint = constraint

    @property
    def name(self) -> str:
        """The prefix, `"tower/conv1"`, without a slash at its end."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that was opened with it, `"tower/conv1/"`; enter it to go on there."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        """Whether variables must, must not or may exist: True, False or AUTO_REUSE."""
        return self._reuse

    @property
    def initializer(self) -> Any:
        """For variables that are given none."""
        return self._initializer

    @property
    def regularizer(self) -> Any:
        """For variables that are given none."""
        return self._regularizer

    @property
    def constraint(self) -> Any:
        """For variables that are given none."""
        return self._constraint

    @property
    def dtype(self) -> DType:
        """Of variables that are given none."""
        return self._dtype

    @property
    def custom_getter(self) -> Callable[..., Any] | None:
        """What is called in the place of `get_variable`."""
        return self._custom_getter

    @property
    def caching_device(self) -> Any:
        """Ignored."""
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        """None."""
        return self._partitioner

    @property
    def use_resource(self) -> bool | None:
        """Ignored."""
        return self._use_resource

    def reuse_variables(self) -> None:
        """From now on, variables of this scope must exist."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Sets the initializer of variables that are given none."""
        self._initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """Sets the regularizer of variables that are given none."""
        self._regularizer = regularizer

    def set_dtype(self, dtype: Any) -> None:
        """Sets the dtype of variables that are given none."""
        self._dtype = as_dtype(dtype)

    def set_custom_getter(self, custom_getter: Callable[..., Any] | None) -> None:
        """Sets what is called in the place of `get_variable`."""
        self._custom_getter = custom_getter

    def set_caching_device(self, caching_device: Any) -> None:
        """Ignored."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Not supported: only None is taken."""
        refuse("variable_scope", "variables lie in one piece", partitioner=partitioner)
        self._partitioner = partitioner

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Ignored."""
        self._use_resource = use_resource

    def get_collection(self, name: str) -> list[Any]:
        """The items of a collection whose names begin with this scope's."""
        return get_collection(name, f"{self._name}/" if self._name else "")

    def global_variables(self) -> list[Variable]:
        """The global variables of this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Variable]:
        """The local variables of this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def trainable_variables(self) -> list[Variable]:
        """The trainable variables of this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def get_variable(
        self,
        var_store: VariableStore,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Sequence[str] | None = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        custom_getter: Callable[..., Any] | None = None,
        constraint: Any = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
    ) -> Any:
        """A variable of this scope, whose defaults fill what is not given.

        Arguments as of `tf.get_variable`, after the graph's variables.
        """
        if initializer is None:
            initializer = self._initializer
        elif dtype is not None and not callable(initializer):
            initializer = convert(initializer, as_dtype(dtype))
        with changed_context(scope=""):
            return var_store.get_variable(
                f"{self._name}/{name}" if self._name else name,
                shape,
                self._dtype if dtype is None else dtype,
                initializer,
                self._regularizer if regularizer is None else regularizer,
                self._reuse if reuse is None else reuse,
                trainable,
                collections,
                caching_device,
                self._partitioner if partitioner is None else partitioner,
                validate_shape,
                use_resource,
                self._custom_getter if custom_getter is None else custom_getter,
                self._constraint if constraint is None else constraint,
                synchronization,
                aggregation,
            )

    def __repr__(self) -> str:
        return f"<tf.VariableScope {self._name!r}, reuse={self._reuse}>"

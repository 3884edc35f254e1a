"""The variables of a graph by name: what `get_variable` makes, and finds again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from thalweg.core import (
    DType,
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    as_dtype,
    as_shape,
    float32,
    nearest,
    shape_text,
)

from .arguments import refuse
from .collections import GraphKeys
from .graph import name_scope
from .initializer_classes import glorot_uniform_initializer, zeros_initializer
from .variables import Variable, VariableAggregation, VariableSynchronization

__all__ = ["AUTO_REUSE", "Reuse", "VariableStore"]


class Reuse(Enum):
    """The third answer to whether variables are used again: those that exist."""

    AUTO_REUSE = 1


AUTO_REUSE = Reuse.AUTO_REUSE


class VariableStore:
    """The variables that `get_variable` has made in one graph."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}

    def get_variable(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
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
        constraint: Callable[[Tensor], Tensor] | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
    ) -> Any:
        """The variable of this full name, through the custom getter if there is one.

        Arguments as of `tf.get_variable`; `reuse` decides whether it must, may or must not exist.
        """
        options = {
            "shape": shape,
            "dtype": dtype,
            "initializer": initializer,
            "regularizer": regularizer,
            "reuse": reuse,
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        if custom_getter is None:
            return self._get(name=name, constraint=constraint, **options)
        if _takes(custom_getter, "constraint"):
            options["constraint"] = constraint
        return custom_getter(getter=self._get, name=name, **options)

    def _get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Sequence[str] | None = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        constraint: Callable[[Tensor], Tensor] | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
    ) -> Variable:
        """What custom getters call."""
        refuse("get_variable", "variables lie in one piece", partitioner=partitioner)
        wanted = as_dtype(dtype)
        found = self.variables.get(name)
        if found is not None:
            if reuse is False:
                raise GraphError(
                    "get_variable",
                    f"the variable {name!r} already exists",
                    expected="reuse=True or reuse=tf.AUTO_REUSE in its scope, to share it",
                    got=f"{found!r}",
                    site=found.site,
                )
            return _shared(found, name, shape, wanted)
        if reuse is True:
            raise GraphError(
                "get_variable",
                f"there is no variable {name!r} to be used again",
                expected="one that tf.get_variable has made; with reuse=tf.AUTO_REUSE it is made "
                "where it is missing",
                hint=nearest(name, self.variables),
            )
        initial, wanted = _initial_value(name, shape, wanted, initializer)
        variable = Variable(
            initial,
            trainable=trainable,
            collections=collections,
            validate_shape=validate_shape,
            caching_device=caching_device,
            name=name,
            dtype=wanted,
            constraint=constraint,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )
        self.variables[name] = variable
        if regularizer is not None:
            with name_scope(f"{name}/Regularizer/"):
                loss = regularizer(variable)
            if loss is not None:
                variable.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
        return variable


def _shared(found: Variable, name: str, shape: Any, dtype: DType) -> Variable:
    """A variable that is used again, if it is what is wanted."""
    if not found.type.accepts_shape(as_shape(shape)):
        raise ShapeError(
            "get_variable",
            f"the variable {name!r} that is to be used again has another shape",
            expected=shape_text(as_shape(shape)),
            got=shape_text(found.shape),
            site=found.site,
        )
    if found.dtype is not dtype:
        raise DtypeError(
            "get_variable",
            f"the variable {name!r} that is to be used again has another dtype",
            expected=str(dtype),
            got=str(found.dtype),
            site=found.site,
        )
    return found


def _initial_value(name: str, shape: Any, dtype: DType, initializer: Any) -> tuple[Any, Any]:
    """The first argument of Variable, and the dtype to convert it to."""
    if initializer is None:
        initializer = _default_initializer(name, dtype)
    if not callable(initializer):
        if shape is not None:
            raise ShapeError(
                "get_variable",
                f"the initial value of {name!r} has a shape already",
                expected="shape=None where the initializer is a value",
                got=f"shape {shape_text(as_shape(shape))}",
                hint="tf.constant_initializer(value) fills any shape",
            )
        return initializer, None  # whose dtype is the variable's
    if isinstance(initializer, type):
        initializer = initializer()
    sizes = as_shape(shape)
    if sizes is not None and None not in sizes:
        more = {"partition_info": None} if _takes(initializer, "partition_info", False) else {}
        return (lambda: initializer(list(sizes), dtype=dtype, **more)), dtype
    if not _needs_arguments(initializer):
        return initializer, None
    raise ShapeError(
        "get_variable",
        f"the shape of the new variable {name!r} is not fully known",
        expected="known sizes, or an initializer without arguments",
        got=f"shape {shape_text(sizes)}",
    )


def _default_initializer(name: str, dtype: DType) -> Any:
    if dtype.is_float:
        return glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool:
        return zeros_initializer()
    raise GraphError(
        "get_variable", f"the variable {name!r} of {dtype} needs an initializer", got="None"
    )


def _takes(function: Callable[..., Any], name: str, by_any_name: bool = True) -> bool:
    """Whether a function has an argument of this name, or takes any."""
    parameters = inspect.signature(function).parameters
    return name in parameters or (
        by_any_name and any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    )


def _needs_arguments(function: Callable[..., Any]) -> bool:
    return any(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    )

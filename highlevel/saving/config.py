"""Class <-> configuration: what an object was made with, as plain JSON data.

`Configurable` records the arguments of the outermost `__init__`, so that no class writes
`get_config` by hand. Reading goes through closed registries: a name that is not registered is an
error, and nothing is ever imported because a file says so.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

import numpy as np

from thalweg.core.errors import FileFormatError, OptionError, nearest

__all__ = [
    "Configurable",
    "cannot_be_written",
    "custom_object",
    "custom_object_scope",
    "describing",
    "deserialize",
    "family",
    "get_custom_objects",
    "get_registered_name",
    "register_keras_serializable",
    "serialize",
]

_Class = TypeVar("_Class")
_Self = TypeVar("_Self", bound="Configurable")


def _recording(init: Callable[..., None]) -> Callable[..., None]:
    signature = inspect.signature(init)

    @functools.wraps(init)
    def recorded(self: Configurable, *args: Any, **kwargs: Any) -> None:
        if not hasattr(self, "_arguments"):
            self._arguments = {}  # inner __init__s must not record
            args, kwargs = self._read_arguments(args, kwargs)
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            arguments = dict(list(bound.arguments.items())[1:])
            for name, parameter in signature.parameters.items():
                if parameter.kind is parameter.VAR_KEYWORD:
                    arguments.update(arguments.pop(name, {}))
            self._arguments = arguments
        init(self, *args, **kwargs)

    return recorded


class Configurable:
    """An object that can say how it was made, and be made again from that.

    >>> class Scale(Configurable):
    ...     def __init__(self, factor=2.0):
    ...         self.factor = factor
    >>> Scale(3.0).get_config()
    {'factor': 3.0}
    >>> Scale.from_config({"factor": 4.0}).factor
    4.0
    """

    # The module that a file names beside the class: losses and metrics share names of classes.
    config_module: ClassVar[str | None] = None
    _arguments: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = _recording(cls.__dict__["__init__"])  # type: ignore[method-assign]

    def _read_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments as they were given, by the names that the class has for them."""
        return args, kwargs

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, as JSON data."""
        arguments = getattr(self, "_arguments", {})  # a class without __init__ records none
        return {name: serialize(value) for name, value in arguments.items()}

    @classmethod
    def from_config(cls: type[_Self], config: Mapping[str, Any]) -> _Self:
        """An object made with these arguments; nested objects are made first.

        Raises:
            OptionError: for an argument that the class does not take.
        """
        parameters = inspect.signature(cls.__init__).parameters
        accepts_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        for name in config:
            if name not in parameters and not accepts_any:
                raise OptionError(
                    cls.__name__,
                    f"has no argument {name!r}",
                    expected=", ".join(list(parameters)[1:]),
                    hint=nearest(name, parameters),
                )
        return cls(**{name: deserialize(value) for name, value in config.items()})


_custom: dict[str, Any] = {}
_ours: dict[str, Any] = {}  # what the networks of thalweg.applications register
_PREFIX = "thalweg>"
_registered_names: dict[Any, str] = {}


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[_Class], _Class]:
    """Decorator: lets files name a class or function of the user's as `package>name`.

    >>> @register_keras_serializable(package="mine")
    ... class Widget(Configurable):
    ...     def __init__(self):
    ...         pass
    >>> serialize(Widget())["class_name"]
    'mine>Widget'
    """

    def register(item: _Class) -> _Class:
        full = f"{package}>{name or item.__name__}"  # type: ignore[attr-defined]
        # Ours are not the user's, whose scopes come and go.
        (_ours if full.startswith(_PREFIX) else _custom)[full] = item
        _registered_names[item] = full
        return item

    return register


def get_custom_objects() -> dict[str, Any]:
    """The user's registered objects by name; may be changed in place, as in Keras."""
    return _custom


def custom_object(name: str) -> Any:
    """The object registered under a name, by the user or by a network of thalweg; else None."""
    if name in _custom:
        return _custom[name]
    if name.startswith(_PREFIX) and name not in _ours:
        import thalweg

        # Through the package, which may know what lies above this folder.
        thalweg.applications.lenet  # type: ignore[attr-defined]  # noqa: B018
    return _ours.get(name)


class custom_object_scope:
    """A `with` block in which files may also name these objects.

    >>> with custom_object_scope({"Widget": dict}):
    ...     "Widget" in get_custom_objects()
    True
    """

    def __init__(self, *custom_objects: Mapping[str, Any]) -> None:
        self._new = {name: item for table in custom_objects for name, item in table.items()}
        self._before: dict[str, Any] = {}

    def __enter__(self) -> custom_object_scope:
        self._before = dict(_custom)
        _custom.update(self._new)
        return self

    def __exit__(self, *error: Any) -> None:
        _custom.clear()
        _custom.update(self._before)


def get_registered_name(item: Any) -> str:
    """The name under which files know a class or function."""
    return _registered_names.get(item, item.__name__)  # type: ignore[no-any-return]


_describe: ContextVar[Callable[[Any], Any] | None] = ContextVar("describe", default=None)


@contextlib.contextmanager
def describing(describe: Callable[[Any], Any]) -> Iterator[None]:
    """A `with` block in which `serialize` leaves objects and functions to `describe`.

    Where that returns NotImplemented, the object is written as elsewhere.

    >>> with describing(lambda item: {"made_of": type(item).__name__}):
    ...     serialize([1, Configurable()])
    [1, {'made_of': 'Configurable'}]
    """
    token = _describe.set(describe)
    try:
        yield
    finally:
        _describe.reset(token)


def serialize(value: Any) -> Any:
    """A value as JSON data.

    Raises:
        OptionError: for an object that could not be read back.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [serialize(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): serialize(item) for name, item in value.items()}
    describe = _describe.get()
    if describe is not None and (isinstance(value, Configurable) or inspect.isfunction(value)):
        described = describe(value)
        if described is not NotImplemented:
            return described
    if isinstance(value, Configurable):
        module = value.config_module
        return {
            **({"module": f"thalweg.{module}"} if module else {}),
            "class_name": get_registered_name(type(value)),
            "config": value.get_config(),
        }
    if callable(value) and hasattr(value, "__name__") and value.__name__ != "<lambda>":
        return get_registered_name(value)
    if hasattr(value, "name") and type(value).__name__ == "DType":
        return value.name
    raise cannot_be_written(value)


def cannot_be_written(value: Any) -> OptionError:
    """The error for an object that could not be read back."""
    return OptionError(
        "get_config",
        "this value cannot be written to a file",
        expected="numbers, strings, lists, and objects of registered classes",
        got=repr(value),
        hint="a named function or class under @register_keras_serializable() can",
    )


def deserialize(value: Any) -> Any:
    """The value that `serialize` wrote: objects are made again, other data stay."""
    if isinstance(value, Mapping) and set(value) >= {"class_name", "config"}:
        found = find(str(value["class_name"]), str(value.get("module", "")))
        return found.from_config(value["config"])
    if isinstance(value, list):
        return [deserialize(item) for item in value]
    return value


def find(name: str, module: str = "") -> Any:
    """The class a file calls `name`.

    Args:
        name: of the class.
        module: where it is, `"thalweg.metrics"`; others than thalweg's and Keras's do not matter.

    Raises:
        FileFormatError: if nothing is registered under it, with the nearest name.
    """
    known_object = custom_object(name)
    if known_object is not None:
        return known_object
    tables = _library_classes()
    family = module.rpartition(".")[2]
    for table in [tables[family]] if family in tables else tables.values():
        if name in table:
            return table[name]
    raise FileFormatError(
        "load",
        f"unknown class {name!r}",
        expected="a class of thalweg, or one under @register_keras_serializable()",
        hint=nearest(name, [*_custom, *(known for table in tables.values() for known in table)])
        or "custom_object_scope({name: class}) makes a class known",
    )


def family(cls: type[Any]) -> str | None:
    """The library's module that a class is public in, `"layers"`; None for a user's class.

    >>> from thalweg.optimizers.schedules import ExponentialDecay
    >>> family(ExponentialDecay), family(Configurable)
    ('optimizers.schedules', None)
    """
    from thalweg import optimizers
    from thalweg.optimizers import schedules

    for name, table in _library_classes().items():
        if table.get(cls.__name__) is cls:
            return name
    for name, module in (("optimizers.schedules", schedules), ("optimizers", optimizers)):
        if cls.__name__ in module.__all__ and getattr(module, cls.__name__) is cls:
            return name
    return None


@functools.cache
def _library_classes() -> dict[str, dict[str, Any]]:
    """Thalweg's own classes by module and name: the public ones of these modules, no others."""
    from thalweg import constraints, initializers, layers, losses, metrics, models, regularizers

    modules = (constraints, initializers, layers, models, regularizers, losses, metrics)
    return {
        module.__name__.rpartition(".")[2]: {
            item.__name__: item
            for item in (getattr(module, name) for name in module.__all__)
            if isinstance(item, type) and issubclass(item, Configurable)
        }
        for module in modules
    }

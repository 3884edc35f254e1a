"""`Record`: immutable objects of named fields, as frozen dataclasses are.

Dataclasses write and compile source for every class, half a millisecond each; with a class an op
that was half of the time `import thalweg` took. A Record's methods are ordinary ones that look at
the class's list of fields, so a class costs some microseconds.

>>> class Point(Record):
...     x: int
...     y: int = 0
>>> Point(1), Point(1) == Point(x=1, y=0), hash(Point(1)) == hash(Point(1))
(Point(x=1, y=0), True, True)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**options: Any) -> Callable[[type], type]:
        """Only type checkers look at it."""
        return lambda cls: cls


__all__ = ["Record"]


@dataclass_transform(frozen_default=True)
class Record:
    """Base of immutable objects whose annotated attributes are their fields.

    Two records are equal if their classes are the same and their fields are equal. Fields of base
    classes come first; a class attribute is its field's default.

    Raises:
        TypeError: for missing, unknown or too many arguments.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        notes = inspect.get_annotations(cls)
        own = (n for n, note in notes.items() if not str(note).startswith(("ClassVar", "typing.")))
        cls._fields = tuple(dict.fromkeys((*cls._fields, *own)))

    if not TYPE_CHECKING:  # checkers derive the signature from the fields

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            fields = self._fields
            if not kwargs and len(args) == len(fields):
                self.__dict__.update(zip(fields, args, strict=True))
                return
            values = dict(zip(fields, args, strict=False))
            if len(args) > len(fields) or not values.keys().isdisjoint(kwargs):
                raise TypeError(f"{type(self).__name__}{args}: fields are {fields}")
            values.update(kwargs)
            for name in fields:
                if name not in values and not hasattr(type(self), name):
                    raise TypeError(f"{type(self).__name__} needs {name!r}")
            if len(values) > len(fields) or not values.keys() <= set(fields):
                raise TypeError(f"{type(self).__name__} has no field {set(values) - set(fields)}")
            self.__dict__.update(values)

    def field_values(self) -> tuple[Any, ...]:
        """The fields' values, in order."""
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            type(self) is type(other)
            and isinstance(other, Record)
            and self.field_values() == other.field_values()
        )

    def __hash__(self) -> int:
        return hash((type(self), *self.field_values()))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; it cannot set {name!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.fields_text()})"

    def fields_text(self) -> str:
        """`"strides=(1, 1), groups=1"`."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)

"""A closed registry: the names under which one kind of object is known to strings and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.core import user_site
from thalweg.core.errors import OptionError, nearest

from .saving import config

__all__ = ["Registry"]


class Registry:
    """Looks up classes and functions of one kind by name.

    Args:
        kind: what they are, `"initializer"`, for messages.
        items: by name.

    >>> registry = Registry("container", {"dict": dict, "len": len})
    >>> registry.get("dict"), registry.get("len") is len
    ({}, True)
    """

    def __init__(self, kind: str, items: Mapping[str, Any]) -> None:
        self.kind = kind
        self.items = dict(items)

    def get(self, identifier: Any) -> Any:
        """The object that an argument means.

        Args:
            identifier: None (which stays None), a name, a class, what `serialize` wrote, or
                anything that can be called.

        Raises:
            OptionError: for an unknown name, with the nearest one, or another object.
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            identifier = self._named(identifier)
        elif isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier):
            return identifier
        many = self.kind + ("es" if self.kind.endswith("s") else "s")
        raise OptionError(
            self.kind,
            f"not one of the {many}",
            expected="a name, an object that can be called, or None",
            got=repr(identifier),
            site=user_site(),
        )

    def _named(self, name: str) -> Any:
        found = config.custom_object(name) or self.items.get(name)
        if found is None:
            raise OptionError(
                self.kind,
                f"unknown {self.kind} {name!r}",
                expected="one of " + ", ".join(sorted(self.items)),
                site=user_site(),
                hint=nearest(name, [*self.items, *config.get_custom_objects()]),
            )
        return found

    def serialize(self, item: Any) -> Any:
        """An object as JSON data: the name of a function, or a class and its arguments."""
        data = config.serialize(item)
        if isinstance(data, dict) and "registered_name" not in data:
            data.pop("module", None)  # the registry that reads it knows where to look
        return data

    def deserialize(self, data: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that `serialize` wrote.

        Args:
            data: its result.
            custom_objects: further classes and functions, by name.

        Raises:
            OptionError: for a name that is not registered, or an argument that a class lacks.
        """
        with config.custom_object_scope(custom_objects or {}):
            if not isinstance(data, Mapping):
                return self.get(data)
            found = self._named(str(data.get("class_name")))
            return found.from_config(data.get("config") or {})

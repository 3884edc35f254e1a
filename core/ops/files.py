"""Whole files as strings."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ..atomic import atomic_path
from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, no_gradient, register
from ..types import TensorType, string, types_text
from .source import convert
from .string import each, require_strings

__all__ = ["read_file", "write_file"]


class _FileOp(OpDef):
    """Base of ops whose inputs are scalar strings; the first is a file's name."""

    runs_on_host: ClassVar[bool] = True
    has_effect: ClassVar[bool] = True  # a file that is read may be one that is written
    is_pure: ClassVar[bool] = False

    def check(self, **types: TensorType) -> None:
        """Raises DtypeError or ShapeError unless all inputs are scalar strings."""
        require_strings(self, **types)
        if any(type_.rank not in (0, None) for type_ in types.values()):
            raise ShapeError(
                self.label, "takes one file", expected="string ()", got=types_text(**types)
            )

    gradient = no_gradient


@register
class ReadFile(_FileOp):
    """The contents of a file.  filename: () string -> () string."""

    def infer(self, filename: TensorType) -> TensorType:
        """A scalar."""
        self.check(filename=filename)
        return TensorType(string, ())

    def infer_unknown(self, filename: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(filename),)

    def compute(self, xp: Any, filename: Any) -> Any:
        """`open` and `read`."""
        del xp

        def contents(name: bytes) -> bytes:
            with open(name, "rb") as file:
                return file.read()

        return each(contents, string, filename)


@register
class WriteFile(_FileOp):
    """Writes a file.  filename, contents: () string -> nothing."""

    def infer(self, filename: TensorType, contents: TensorType) -> tuple[TensorType, ...]:
        """No outputs."""
        self.check(filename=filename, contents=contents)
        return ()

    def infer_unknown(self, filename: TensorType, contents: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return self.infer(filename, contents)

    def compute(self, xp: Any, filename: Any, contents: Any) -> Any:
        """Under another name first."""
        del xp
        path = os.fsdecode(filename[()])
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(contents[()])
        return ()


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The contents of a file.

    It is read when a run needs it, in creation order among what has effects.

    Args:
        filename: () string.
        name: of the node.

    Returns:
        () string.

    Raises:
        ShapeError: if it is not one name.
        KernelError: in the run, if the file cannot be read.

    >>> import os, tempfile
    >>> from thalweg.core import Session
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "note.txt")
    ...     Session().run(write_file(path, "whole"))
    ...     Session().run(read_file(path))
    b'whole'
    """
    return apply(ReadFile(), convert(filename), name=name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Writes a file: it appears whole, or not at all.

    Missing folders are made; an existing file is replaced. Writing happens when a run needs the
    operation, in creation order among what has effects.

    Args:
        filename: () string.
        contents: () string.
        name: of the node.

    Returns:
        The operation.

    Raises:
        ShapeError: if it is not one name, or not one string.
        KernelError: in the run, if the file cannot be written.

    >>> import os, tempfile
    >>> from thalweg.core import Session
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Session().run(write_file(os.path.join(folder, "a", "note.txt"), "whole"))
    ...     os.listdir(os.path.join(folder, "a"))
    ['note.txt']
    """
    return apply_many(WriteFile(), convert(filename), convert(contents), name=name)

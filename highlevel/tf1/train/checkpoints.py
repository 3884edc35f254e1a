"""What is in a checkpoint, without a saver; and variables that start from one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from thalweg.core.errors import FileFormatError, OptionError, nearest

from ..errors import NotFoundError
from ..graph_state import home_graph, state_of
from ..raising import raised_for_programs
from ..state import global_variables
from ..variable_store import VariableStore
from ..variables import Variable, start_from
from .checkpoint_files import CheckpointReader, check_shape
from .checkpoint_state import latest_checkpoint

__all__ = [
    "NewCheckpointReader",
    "init_from_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_variable",
]


def load_checkpoint(ckpt_dir_or_file: str) -> CheckpointReader:
    """A reader of a checkpoint: `has_tensor`, `get_tensor`, `get_variable_to_shape_map`.

    Args:
        ckpt_dir_or_file: the prefix of a checkpoint, or a folder, which means its latest one.

    Raises:
        FileFormatError: if there is none, or it is damaged.
    """
    prefix: str | None = ckpt_dir_or_file
    if os.path.isdir(ckpt_dir_or_file):
        prefix = latest_checkpoint(ckpt_dir_or_file)
        if prefix is None:
            with raised_for_programs(NotFoundError):
                raise FileFormatError(
                    os.fspath(ckpt_dir_or_file),
                    "no checkpoint in this folder",
                    expected="a file 'checkpoint' that leads to one",
                )
    return CheckpointReader(prefix or "")


def NewCheckpointReader(filepattern: str) -> CheckpointReader:
    """A reader of the checkpoint of this prefix."""
    return CheckpointReader(filepattern)


def list_variables(ckpt_dir_or_file: str) -> list[tuple[str, list[int]]]:
    """Names and shapes of the variables of a checkpoint, sorted by name.

    >>> import tempfile
    >>> import thalweg.tf1 as tf
    >>> with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
    ...     w = tf.Variable([1.0, 2.0], name="w")
    ...     path = tf.train.Saver().save(tf.Session(), folder + "/model.ckpt")
    ...     print(tf.train.list_variables(folder), tf.train.load_variable(path, "w"))
    [('w', [2])] [1. 2.]
    """
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    return sorted(shapes.items())


def load_variable(ckpt_dir_or_file: str, name: str) -> NDArray[Any]:
    """The value of one variable of a checkpoint.

    Args:
        ckpt_dir_or_file: the prefix of a checkpoint, or a folder, which means its latest one.
        name: of the variable, with or without `:0`.
    """
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def init_from_checkpoint(
    ckpt_dir_or_file: str, assignment_map: Mapping[str, Any] | list[Any]
) -> None:
    """Makes variables start from a checkpoint: from now on that is their initial value.

    Args:
        ckpt_dir_or_file: the prefix of a checkpoint, or a folder, which means its latest one.
        assignment_map: names in the checkpoint -> variables, or their names in the graph; or
            scopes, both with a slash at the end: `{"old/": "new/"}`, where `"/"` is the whole
            checkpoint. Variables in a list stand for themselves.

    Raises:
        FileFormatError: if the checkpoint has no such variable.
        OptionError: if the graph has none.
        ShapeError: if shapes differ.

    >>> import tempfile
    >>> import thalweg.tf1 as tf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tf.Graph().as_default(), tf.variable_scope("old"):
    ...         _ = tf.get_variable("w", initializer=[1.0, 2.0])
    ...         _ = tf.train.Saver().save(tf.Session(), folder + "/model.ckpt")
    ...     with tf.Graph().as_default(), tf.variable_scope("new"):
    ...         w = tf.get_variable("w", [2])
    ...         tf.train.init_from_checkpoint(folder, {"old/": "new/"})
    ...         print(tf.Session().run(w))
    [1. 2.]
    """
    reader = load_checkpoint(ckpt_dir_or_file)
    if not isinstance(assignment_map, Mapping):
        assignment_map = {variable.op.name: variable for variable in assignment_map}
    pairs = [pair for saved, current in assignment_map.items() for pair in _pairs(saved, current)]
    values = reader.read(list(dict.fromkeys(name for name, _ in pairs)))
    for name, variable in pairs:
        check_shape("init_from_checkpoint", name, variable, values[name])
    for name, variable in pairs:
        start_from(variable, values[name].astype(variable.dtype.numpy))


def _pairs(saved: str, current: Any) -> Iterator[tuple[str, Variable]]:
    """Names in the checkpoint and variables, for one entry of the map."""
    by_scopes = state_of(home_graph(), VariableStore).variables
    by_name = {**{variable.op.name: variable for variable in global_variables()}, **by_scopes}
    if not isinstance(current, str):
        yield saved, current
    elif current.endswith("/"):
        scope, prefix = current.lstrip("/"), saved.lstrip("/")
        if not saved.endswith("/"):
            raise OptionError(
                "init_from_checkpoint",
                "a variable cannot become a scope",
                expected="a slash at the end of both names",
                got=f"{{{saved!r}: {current!r}}}",
            )
        for name, variable in by_scopes.items():
            if name.startswith(scope):
                yield prefix + name[len(scope) :], variable
    elif current in by_name:
        yield saved, by_name[current]
    else:
        raise OptionError(
            "init_from_checkpoint",
            f"no variable {current!r} in the graph",
            hint=nearest(current, by_name),
        )

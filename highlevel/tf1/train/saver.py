"""`tf.train.Saver`: writes variables to checkpoints, keeps the last few, and reads them back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

import thalweg.core
from thalweg.core import GraphError
from thalweg.core.errors import DtypeError, OptionError

from ..arguments import refuse
from ..collections import GraphKeys
from ..graph_state import home_graph
from ..raising import raised_for_programs
from .checkpoint_files import CheckpointReader, check_shape, prefix_of, write_checkpoint
from .checkpoint_state import (
    checkpoint_exists,
    get_checkpoint_mtimes,
    remove_checkpoint,
    update_checkpoint_state,
)
from .step_counter import global_step as steps_made

__all__ = ["Saver", "export_meta_graph", "import_meta_graph", "write_graph"]


class Saver:
    """Saves and restores variables.

    Args:
        var_list: a list of variables, which are saved under their names, or a dict of names and
            variables; all global variables of the graph if None.
        reshape: restores a variable from a value of another shape with as many elements.
        sharded: ignored: a checkpoint is one file.
        max_to_keep: how many of the last checkpoints stay; None or 0 keeps all.
        keep_checkpoint_every_n_hours: and one for good after so many hours.
        name: ignored, as is all that follows but `defer_build`, `allow_empty`,
            `pad_step_number` and `save_relative_paths`.
        restore_sequentially: ignored.
        saver_def: not supported.
        builder: not supported.
        defer_build: looks for the variables at the first use rather than now.
        allow_empty: allows that there are none.
        write_version: ignored.
        pad_step_number: writes steps with eight digits.
        save_relative_paths: writes relative paths into the file `checkpoint`.
        filename: ignored.

    Raises:
        GraphError: if there are no variables.
        OptionError: if a name stands twice.

    >>> import tempfile
    >>> import thalweg.tf1 as tf
    >>> with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
    ...     w = tf.Variable(1.0, name="w")
    ...     saver = tf.train.Saver()
    ...     with tf.Session() as session:
    ...         w.load(5.0, session)
    ...         path = saver.save(session, folder + "/model.ckpt", global_step=100)
    ...     with tf.Session() as session:
    ...         saver.restore(session, tf.train.latest_checkpoint(folder))
    ...         print(path.rpartition("/")[2], session.run(w))
    model.ckpt-100 5.0
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = 2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        del sharded, name, restore_sequentially, write_version, filename
        refuse("Saver", "variables, by var_list", saver_def=saver_def, builder=builder)
        self._given = var_list
        self._reshape = reshape
        self._max_to_keep = max_to_keep or 0
        self._keep_every_s = keep_checkpoint_every_n_hours * 3600
        self._next_kept = time.time() + self._keep_every_s
        self._last_kept = 0.0
        self._allow_empty = allow_empty
        self._pads = pad_step_number
        self._relative = save_relative_paths
        self._variables: dict[str, Any] | None = None
        self._last: list[tuple[str, float]] = []
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Looks for the variables, if that was put off."""
        if self._variables is None:
            self._variables = _named(self._given)
            if not self._variables and not self._allow_empty:
                raise GraphError(
                    "Saver",
                    "there are no variables",
                    expected="variables in the graph, or var_list=[…]",
                    hint="make the Saver after the variables, or with allow_empty=True",
                )

    def save(
        self,
        sess: Any,
        save_path: str,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Writes the values that variables have in a session.

        The file appears whole or not at all; older ones beyond `max_to_keep` are then removed.

        Args:
            sess: the session.
            save_path: the prefix, `"folder/model.ckpt"`; the folder must exist.
            global_step: a number, or what `global_step` gives in the session; it is added to the
                prefix: `model.ckpt-100`.
            latest_filename: the file that lists checkpoints; `"checkpoint"` if None.
            meta_graph_suffix: ignored: graphs are not written.
            write_meta_graph: ignored.
            write_state: False does not write the list.
            strip_default_attrs: ignored.
            save_debug_info: ignored.

        Returns:
            The prefix with the step; None if there are no variables.

        Raises:
            OptionError: if the folder does not exist or names collide.
        """
        latest = latest_filename or "checkpoint"
        prefix = prefix_of(save_path)
        if os.path.basename(latest) != latest:
            raise OptionError(
                "Saver.save", "latest_filename is a path", expected="the name of a file",
                got=repr(latest),
            )  # fmt: skip
        if os.path.basename(prefix) == latest:
            raise OptionError(
                "Saver.save", "latest_filename collides with save_path", got=repr(latest)
            )
        folder = os.path.dirname(prefix)
        if not os.path.isdir(folder or "."):
            raise OptionError(
                "Saver.save",
                "the folder does not exist",
                got=repr(folder),
                hint="os.makedirs(folder, exist_ok=True) makes it",
            )
        self.build()
        if not self._variables:
            return None
        session = _raw(sess)
        if global_step is not None:
            if not isinstance(global_step, int | np.integer):
                global_step = steps_made(session, global_step)
            prefix = f"{prefix}-{global_step:08d}" if self._pads else f"{prefix}-{global_step}"
        values = session.run(list(self._variables.values()))
        arrays = map(thalweg.core.as_array, values)
        with raised_for_programs():
            write_checkpoint(prefix, dict(zip(self._variables, arrays, strict=True)))
        superfluous = self._counted(prefix)
        if write_state:
            self._write_state(folder, prefix, latest)
        if superfluous is not None:  # only now, so that the list never names a missing file
            remove_checkpoint(superfluous)
        return prefix

    def _counted(self, prefix: str) -> str | None:
        """Counts a new checkpoint; returns one that is too many."""
        if not self._max_to_keep:
            return None
        self._last = [(path, moment) for path, moment in self._last if path != prefix]
        self._last.append((prefix, time.time()))
        if len(self._last) > self._max_to_keep:
            oldest, moment = self._last.pop(0)
            if moment <= self._next_kept:
                return oldest
            self._next_kept += self._keep_every_s
            self._last_kept = moment
        return None

    def _write_state(self, folder: str, prefix: str, latest: str) -> None:
        paths = [path for path, _ in self._last]
        if self._relative:
            paths = [os.path.relpath(path, folder or ".") for path in paths]
            prefix = os.path.relpath(prefix, folder or ".")
            folder = os.path.abspath(folder)
        update_checkpoint_state(
            folder, prefix, paths, latest, [moment for _, moment in self._last], self._last_kept
        )

    def restore(self, sess: Any, save_path: str | None) -> None:
        """Sets variables to the values of a checkpoint; all of them or, after an error, none.

        Args:
            sess: the session.
            save_path: the prefix, as `save` returned it.

        Raises:
            FileFormatError: if there is no such checkpoint, a variable is missing in it, or it
                is damaged.
            ShapeError, DtypeError: if a value does not fit its variable.
        """
        if save_path is None:
            raise OptionError(
                "Saver.restore",
                "there is no path",
                expected="the prefix of a checkpoint",
                got="None",
                hint="tf.train.latest_checkpoint(folder) is None where it finds none",
            )
        self.build()
        variables = self._variables or {}
        reader = CheckpointReader(save_path)
        values = reader.read(list(variables))
        with raised_for_programs():
            for name, variable in variables.items():
                values[name] = self._fitted(name, variable, values[name])
            session = _raw(sess)
            for name, variable in variables.items():
                session.load(variable, values[name])

    def _fitted(self, name: str, variable: Any, value: Any) -> Any:
        if variable.dtype != value.dtype:
            raise DtypeError(
                "Saver.restore",
                f"{name!r} in the checkpoint has another dtype than the variable",
                expected=f"{variable.type}, the type of '{variable.name}'",
                got=f"{value.dtype} {value.shape}",
            )
        if self._reshape and variable.type.size == value.size:
            value = value.reshape(variable.type.shape)
        check_shape("Saver.restore", name, variable, value)
        return value

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that are counted, the oldest first."""
        return [path for path, _ in self._last]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Counts these checkpoints, as if they had been written now."""
        self._last = [(path, time.time()) for path in last_checkpoints]

    def set_last_checkpoints_with_time(
        self, last_checkpoints_with_time: Sequence[tuple[str, float]]
    ) -> None:
        """Counts these checkpoints: pairs of the prefix and when it was written."""
        self._last = list(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[str]) -> None:
        """Counts those of these checkpoints that exist, so that they are removed in their turn."""
        found = [path for path in checkpoint_paths if checkpoint_exists(path)]
        self._last = list(zip(found, get_checkpoint_mtimes(found), strict=True))

    def export_meta_graph(
        self,
        filename: str | None = None,
        collection_list: Any = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """Not supported: raises GraphError."""
        raise _no_meta_graph("Saver.export_meta_graph")


def _named(var_list: Any) -> dict[str, Any]:
    """Names in a checkpoint -> variables."""
    if isinstance(var_list, Mapping):
        return dict(var_list)
    if var_list is None:
        var_list = home_graph().get_collection(GraphKeys.GLOBAL_VARIABLES)
    named: dict[str, Any] = {}
    for variable in var_list:
        name = variable.name.removesuffix(":0")
        if name in named and named[name] is not variable:
            raise OptionError("Saver", "two variables have one name", got=repr(name))
        named[name] = variable
    return named


def _raw(sess: Any) -> Any:
    """The session inside one that watches training."""
    return sess.raw_session() if hasattr(sess, "raw_session") else sess


def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    **kwargs: Any,
) -> Saver:
    """Not supported: raises GraphError."""
    raise _no_meta_graph("tf.train.import_meta_graph")


def export_meta_graph(
    filename: str | None = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Any = None,
    as_text: bool = False,
    graph: Any = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> Any:
    """Not supported: raises GraphError."""
    raise _no_meta_graph("tf.train.export_meta_graph")


def write_graph(graph_or_graph_def: Any, logdir: str, name: str, as_text: bool = True) -> str:
    """Not supported: raises GraphError."""
    raise _no_meta_graph("tf.train.write_graph")


def _no_meta_graph(where: str) -> GraphError:
    return GraphError(
        where,
        "graphs are neither written to files nor read from them",
        expected="the program that builds the graph",
        hint="build the graph again, then restore its variables by tf.train.Saver().restore",
    )

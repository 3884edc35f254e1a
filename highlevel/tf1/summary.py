"""`tf.summary`: what a run saw, for TensorBoard.

A summary is an operation whose value is the bytes of a `Summary` message; `merge` puts several
together, and a `FileWriter` appends them to the file that TensorBoard reads.

>>> import tempfile
>>> import thalweg.tf1 as tf
>>> with tf.Graph().as_default() as graph, tf.Session() as session:
...     loss = tf.placeholder(tf.float32, [], name="loss")
...     _ = tf.summary.scalar("loss", loss)
...     merged = tf.summary.merge_all()
...     with tf.summary.FileWriter(tempfile.mkdtemp(), graph) as writer:
...         for step in range(3):
...             writer.add_summary(session.run(merged, {loss: 1 / (step + 1)}), step)
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from thalweg import tensorboard
from thalweg.core import Graph, Tensor, convert, py_func, string
from thalweg.core.errors import OptionError, ShapeError

from .arguments import missing_name
from .collections import GraphKeys, add_to_collections, get_collection
from .graph import name_scope
from .text import string_join

__all__ = [
    "FileWriter",
    "FileWriterCache",
    "audio",
    "histogram",
    "image",
    "merge",
    "merge_all",
    "scalar",
    "tensor_summary",
    "text",
]

_missing_name = missing_name(__name__, __all__)
# Not in __all__: they need tensorboardX.
_MESSAGES = {
    "Event": "event",
    "SessionLog": "event",
    "Summary": "summary",
    "SummaryMetadata": "summary",
}


def __getattr__(name: str) -> Any:
    """`Summary`, `Event` and their like: messages that are imported at their first use."""
    if name in _MESSAGES:
        return getattr(tensorboard.protocol(_MESSAGES[name]), name)
    return _missing_name(name)


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """A point of a curve.

    Args:
        name: of the curve; its tag is the name of the operation.
        tensor: a number, of a real dtype.
        collections: which the summary joins; SUMMARIES if None.
        family: put before the tag, which groups curves.

    Returns:
        () string: the bytes of a `Summary`.

    Raises:
        ShapeError: if the tensor is known to have more than one element.
    """
    value = convert(tensor)
    if value.type.size not in (None, 1):
        raise ShapeError(
            "summary.scalar",
            f"{name!r} is not one number",
            expected="a scalar",
            got=str(value.type),
            hint="reduce_mean() makes one number, histogram() shows many",
        )
    return _operation(tensorboard.scalar, name, collections, family, value)


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """How often values of which size occur.

    Args:
        name: of the histogram; its tag is the name of the operation.
        values: numbers of any shape; NaN and infinity are an error of the run.
        collections: which the summary joins; SUMMARIES if None.
        family: put before the tag.

    Returns:
        () string: the bytes of a `Summary`.
    """
    return _operation(tensorboard.histogram, name, collections, family, values)


def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """Pictures; floats are stretched to what can be seen, each picture by itself.

    Args:
        name: of the pictures; their tags are the name of the operation and `/image/0` and so on.
        tensor: (batch, height, width, channels) of 1, 3 or 4 channels, uint8 or floats.
        max_outputs: how many are written, from the first.
        collections: which the summary joins; SUMMARIES if None.
        family: put before the tag.

    Returns:
        () string: the bytes of a `Summary`.
    """
    make = functools.partial(tensorboard.image, max_outputs=max_outputs)
    return _operation(make, name, collections, family, tensor)


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """Sounds.

    Args:
        name: of the sounds; their tags are the name of the operation and `/audio/0` and so on.
        tensor: (batch, frames) or (batch, frames, channels), floats of -1 to 1.
        sample_rate: in hertz, a scalar.
        max_outputs: how many are written, from the first.
        collections: which the summary joins; SUMMARIES if None.
        family: put before the tag.

    Returns:
        () string: the bytes of a `Summary`.
    """

    def make(tag: str, waves: np.ndarray, rate: np.ndarray) -> Any:
        return tensorboard.audio(tag, waves, float(rate), max_outputs)

    return _operation(make, name, collections, family, tensor, sample_rate)


def text(name: str, tensor: Any, collections: Any = None) -> Tensor:
    """Texts, which TensorBoard shows as Markdown; an array of them as a table.

    Args:
        name: of the texts; their tag is the name of the operation.
        tensor: strings.
        collections: which the summary joins; SUMMARIES if None.

    Returns:
        () string: the bytes of a `Summary`.

    Raises:
        OptionError: for a tensor of another dtype.
    """
    value = convert(tensor)
    if value.dtype != string:
        raise OptionError("summary.text", "not a text", expected="strings", got=str(value.type))
    return _operation(tensorboard.text, name, collections, None, value)


def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: str | None = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """An array as it is.

    Args:
        name: of the array; its tag is the name of the operation.
        tensor: numbers, truth values or strings, of any shape.
        summary_description: in Markdown.
        collections: which the summary joins; SUMMARIES if None.
        summary_metadata: a `SummaryMetadata`: which plugin shows it.
        family: put before the tag.
        display_name: shown instead of the tag.

    Returns:
        () string: the bytes of a `Summary`.
    """

    def make(tag: str, array: np.ndarray) -> Any:
        made = tensorboard.tensor(tag, array)
        metadata = made.value[0].metadata
        if summary_metadata is not None:
            metadata.CopyFrom(summary_metadata)
        metadata.display_name = display_name or metadata.display_name
        metadata.summary_description = summary_description or metadata.summary_description
        return made

    return _operation(make, name, collections, family, tensor)


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Tensor:
    """Several summaries as one.

    Args:
        inputs: a list of summaries.
        collections: which the result joins; none if None.
        name: of the operation.

    Returns:
        () string: the bytes of a `Summary` that has all of their values.
    """
    # Protocol buffers that follow one another are one with the lists of both.
    merged = string_join(list(inputs), name=name or "Merge/MergeSummary")
    add_to_collections(collections or [], merged)
    return merged


def merge_all(
    key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """All summaries of the graph as one; None if there are none.

    Args:
        key: the collection they are in.
        scope: a regular expression that the start of their names must match, if given.
        name: of the operation.
    """
    found = get_collection(key, scope)
    return merge(found, name=name) if found else None


class FileWriter:
    """Writes summaries and graphs into a folder, for `tensorboard --logdir FOLDER`.

    What is written reaches the disk when so many events or seconds have passed, on `flush` and
    `close`, and when the program ends.

    Args:
        logdir: the folder; it is made if it is missing.
        graph: written at once, if given.
        max_queue: events that may wait.
        flush_secs: how long they may.
        graph_def: a `GraphDef` that is written at once.
        filename_suffix: of the file's name.
        session: ignored: events go to the file.

    Raises:
        MissingExtraError: if tensorboardX is not installed.
    """

    def __init__(
        self,
        logdir: str,
        graph: Graph | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        self._events = tensorboard.EventWriter(logdir, max_queue, flush_secs, filename_suffix or "")
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)

    def get_logdir(self) -> str:
        """The folder."""
        return self._events.folder

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Writes what a run gave.

        Args:
            summary: bytes, or a `Summary`.
            global_step: the step that it is of.
        """
        if isinstance(summary, np.ndarray):
            summary = summary.item()
        self._events.add_summary(summary, global_step)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Writes a graph; TensorBoard shows the last one.

        Args:
            graph: a `Graph`; or a `GraphDef`, as programs before 1.0 give it.
            global_step: the step that it is of.
            graph_def: a `GraphDef` instead.
        """
        if isinstance(graph, Graph):
            graph_def = tensorboard.graph_of_operations(graph)
        elif graph is not None:
            graph_def = graph
        if not hasattr(graph_def, "SerializeToString"):
            raise OptionError(
                "FileWriter",
                "not a graph",
                expected="a Graph, or a GraphDef",
                got=repr(graph_def),
                hint="session.graph is one",
            )
        self._events.add_graph(graph_def, global_step)

    def add_event(self, event: Any) -> None:
        """Writes an `Event` as it is."""
        self._events.add_event(event)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Accepted, and writes nothing: `RunMetadata` is empty."""

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Writes a `SessionLog`."""
        event = tensorboard.protocol("event").Event(session_log=session_log)
        self._events.add_event(event, global_step)

    def flush(self) -> None:
        """Brings what was written to the disk."""
        self._events.flush()

    def close(self) -> None:
        """Ends the file."""
        self._events.close()

    def reopen(self) -> None:
        """Begins a new file, if the writer was closed."""
        self._events.reopen()

    def __enter__(self) -> FileWriter:
        """Itself."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Closes the file."""
        self.close()


class FileWriterCache:
    """One `FileWriter` a folder, for hooks that write to the same."""

    _writers: ClassVar[dict[str, FileWriter]] = {}

    @classmethod
    def get(cls, logdir: str) -> FileWriter:
        """The writer of a folder."""
        folder = os.path.abspath(logdir)
        if folder not in cls._writers:
            cls._writers[folder] = FileWriter(logdir)
        return cls._writers[folder]

    @classmethod
    def clear(cls) -> None:
        """Closes all of them."""
        for writer in cls._writers.values():
            writer.close()
        cls._writers.clear()


def _operation(
    make: Callable[..., Any], name: str, collections: Any, family: str | None, *inputs: Any
) -> Tensor:
    """An operation whose value is the bytes of `make(tag, *arrays)`."""
    with _scope(name, family) as scope:
        tag = scope.rstrip("/")
        tag = tag if family is None else f"{family}/{tag}"

        def summarise(*arrays: np.ndarray) -> bytes:
            encoded: bytes = make(tag, *arrays).SerializeToString()
            return encoded

        summary: Tensor = py_func(summarise, inputs, string, stateful=False, shapes=[], name=scope)
    add_to_collections([GraphKeys.SUMMARIES] if collections is None else collections, summary)
    return summary


@contextmanager
def _scope(name: str, family: str | None) -> Iterator[str]:
    """A scope named as the summary, with what names may not have replaced by `_`."""
    clean = re.sub(r"[^-/\w.]", "_", name, flags=re.ASCII).lstrip("/")
    with name_scope(clean if family is None else f"{family}/{clean}") as scope:
        yield scope

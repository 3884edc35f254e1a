"""Which checkpoints are in a folder, and which is the latest: the file `checkpoint`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from thalweg.core import OptionError, atomic_path

from .checkpoint_files import data_path
from .checkpoint_text import MAX_BYTES, CheckpointState, parsed, written

__all__ = [
    "checkpoint_exists",
    "generate_checkpoint_state_proto",
    "get_checkpoint_mtimes",
    "get_checkpoint_state",
    "latest_checkpoint",
    "remove_checkpoint",
    "update_checkpoint_state",
]


def checkpoint_exists(checkpoint_prefix: str) -> bool:
    """Whether there is a checkpoint with this prefix."""
    return os.path.isfile(data_path(checkpoint_prefix))


def latest_checkpoint(checkpoint_dir: str, latest_filename: str | None = None) -> str | None:
    """The prefix of the latest checkpoint in a folder, or None.

    Args:
        checkpoint_dir: the folder.
        latest_filename: the file that tells; `"checkpoint"` if None.
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not checkpoint_exists(state.model_checkpoint_path):
        return None
    return state.model_checkpoint_path


def get_checkpoint_state(
    checkpoint_dir: str, latest_filename: str | None = None
) -> CheckpointState | None:
    """What the file `checkpoint` in a folder says, with paths that lead there; None without one.

    Args:
        checkpoint_dir: the folder.
        latest_filename: the file; `"checkpoint"` if None.

    Raises:
        FileFormatError: if the file is damaged or of another kind.
    """
    path = os.path.join(checkpoint_dir, latest_filename or "checkpoint")
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    state = parsed(content, path)
    if not state.model_checkpoint_path:
        return None
    folder = os.fspath(checkpoint_dir)
    state.model_checkpoint_path = os.path.join(folder, state.model_checkpoint_path)
    state.all_model_checkpoint_paths = [
        os.path.join(folder, prefix) for prefix in state.all_model_checkpoint_paths
    ]
    return state


def generate_checkpoint_state_proto(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> CheckpointState:
    """What to write into the file `checkpoint`.

    Args:
        save_dir: the folder; where it is relative, so become the paths, to that folder.
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: those that are kept, the oldest first; the latest is added.
        all_model_checkpoint_timestamps: when each was written.
        last_preserved_timestamp: when one was last kept for good.

    Raises:
        OptionError: if there is not one time for each path.
    """
    paths = list(all_model_checkpoint_paths or ())
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise OptionError(
            "generate_checkpoint_state_proto",
            "times do not fit the paths",
            expected=f"{len(paths)} times",
            got=f"{len(all_model_checkpoint_timestamps)}",
        )
    times = list(all_model_checkpoint_timestamps or ())
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
        if times:
            times.append(time.time())
    latest = model_checkpoint_path
    if not os.path.isabs(save_dir):
        paths = [p if os.path.isabs(p) else os.path.relpath(p, save_dir) for p in paths]
        latest = latest if os.path.isabs(latest) else os.path.relpath(latest, save_dir)
    return CheckpointState(latest, paths, times, last_preserved_timestamp or 0.0)


def update_checkpoint_state(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Writes the file `checkpoint`; it is replaced as a whole.

    Args as of `generate_checkpoint_state_proto`, and:
        latest_filename: the file; `"checkpoint"` if None.

    Raises:
        OptionError: if the file would be a checkpoint's own.
    """

    state = generate_checkpoint_state_proto(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )
    path = os.path.join(save_dir, latest_filename or "checkpoint")
    if path == data_path(model_checkpoint_path):
        raise OptionError(
            "update_checkpoint_state", "the file is the checkpoint's own", got=repr(path)
        )
    with atomic_path(path) as temporary:
        temporary.write_bytes(written(state))


def remove_checkpoint(
    checkpoint_prefix: str, checkpoint_format_version: int = 2, meta_graph_suffix: str = "meta"
) -> None:
    """Removes the file of a checkpoint, if it is there; the other arguments are ignored."""
    del checkpoint_format_version, meta_graph_suffix
    if checkpoint_exists(checkpoint_prefix):
        os.remove(data_path(checkpoint_prefix))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[str]) -> list[float]:
    """When checkpoints were written, in seconds since 1970; those that are gone are left out."""
    return [
        os.path.getmtime(data_path(prefix))
        for prefix in checkpoint_prefixes
        if checkpoint_exists(prefix)
    ]

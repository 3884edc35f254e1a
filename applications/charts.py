"""Charts of classifiers: confusion matrices and training curves, drawn by matplotlib (an extra)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core import atomic_path
from thalweg.core.errors import DataError, OptionError, require_extra

__all__ = ["confusion_chart", "confusion_matrix", "require_plots", "shortened", "training_curves"]

_MOST_CHARACTERS = 22  # of a class's name beside an axis
_MOST_NUMBERED = 30  # classes up to which every cell has its number
_INK = "#222222"


def confusion_matrix(
    targets: Sequence[int] | NDArray[Any], answers: Sequence[int] | NDArray[Any], classes: int
) -> NDArray[np.int64]:
    """How often each class was taken for each.

    Args:
        targets: numbers of the true classes, (samples,).
        answers: numbers of the classes that the model chose, (samples,).
        classes: how many there are.

    Returns:
        (classes, classes) int64; row: the true class, column: the answer.

    Raises:
        DataError: if the two are not equally many numbers in 0..classes - 1.

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    true, said = np.asarray(targets, np.int64), np.asarray(answers, np.int64)
    both = np.concatenate([true.ravel(), said.ravel()])
    if true.shape != said.shape or true.ndim != 1 or not np.all((0 <= both) & (both < classes)):
        raise DataError(
            "confusion_matrix",
            "targets and answers do not fit",
            expected=f"equally many numbers in 0..{classes - 1}",
            got=f"shapes {true.shape} and {said.shape}, largest {both.max(initial=-1)}",
        )
    counts = np.bincount(true * classes + said, minlength=classes * classes)
    return counts.reshape(classes, classes)


def confusion_chart(
    matrix: NDArray[Any],
    classes: Sequence[str],
    path: str | os.PathLike[str],
    title: str | None = None,
) -> None:
    """Draws a confusion matrix: how often each class was taken for each.

    Colours are parts of a row, so that rare classes look like frequent ones; the numbers in the
    cells, up to 30 classes, are counts. Above that the cells are small and colours must do.

    Args:
        matrix: (classes, classes), row: the true class, column: the answer.
        classes: their names; long ones are shortened.
        path: the file, `*.png`, `*.pdf` or `*.svg`; it appears whole or not at all.
        title: above the chart; None says how many were right.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DataError: matrix and names do not fit.
        OptionError: another kind of file.
    """
    count = len(classes)
    if matrix.shape != (count, count):
        raise DataError(
            "confusion_chart",
            "the matrix does not fit the classes",
            expected=f"shape {(count, count)}, a row and a column a class",
            got=f"shape {matrix.shape}",
        )
    figure_class = _figure_class("a confusion matrix as a picture", path)
    totals = matrix.sum(axis=1, keepdims=True)
    parts = matrix / np.maximum(totals, 1)
    size, font = _layout(count)
    names = [shortened(name) for name in classes]
    margin = max(len(name) for name in names) * font / 110  # inches that the names take
    figure = figure_class(figsize=(size + margin + 1.2, size + margin + 0.9), layout="constrained")
    axes = figure.add_subplot()
    # The square root: what happens to one picture in fifty should be seen.
    image = axes.imshow(parts**0.5, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(count), names, rotation=0 if _fits_flat(names, size) else 90)
    axes.set_yticks(range(count), names)
    axes.tick_params(labelsize=font, length=0)
    large = max(font + 1, size)  # large charts are looked at from farther away
    axes.set_xlabel("answer", fontsize=large)
    axes.set_ylabel("true class", fontsize=large)
    right, total = int(np.trace(matrix)), int(matrix.sum())
    said = title or f"{right} of {total} right: {100 * right / max(total, 1):.1f} %"
    axes.set_title(said, fontsize=large + 2)
    for edge in range(1, count):  # thin lines between the cells
        axes.axhline(edge - 0.5, color="white", linewidth=0.5)
        axes.axvline(edge - 0.5, color="white", linewidth=0.5)
    if count <= _MOST_NUMBERED:
        digits = len(str(int(matrix.max(initial=0))))
        _write_counts(axes, matrix, parts, min(font, 60 * size / count / (digits + 1.5)))
    bar = figure.colorbar(image, ax=axes, shrink=0.8, fraction=0.04, pad=0.02)
    ticks = np.array([0, 1, 5, 10, 25, 50, 75, 100])
    bar.set_ticks((ticks / 100) ** 0.5, labels=[f"{tick} %" for tick in ticks])
    bar.set_label("part of the true class", fontsize=large)
    bar.ax.tick_params(labelsize=large - 1)
    _save(figure, path)


def _layout(count: int) -> tuple[float, float]:
    """The side of the matrix in inches, and the size of its labels in points."""
    if count <= 6:
        return 2.2 + 0.6 * count, 11
    if count <= _MOST_NUMBERED:
        return 2.8 + 0.42 * count, 10
    return min(8 + 0.13 * count, 24), 8


def _fits_flat(names: Sequence[str], size: float) -> bool:
    """Whether the names fit side by side below the matrix, of 0.09 inches a character."""
    return max(len(name) for name in names) * 0.09 < size / len(names)


def _write_counts(axes: Any, matrix: NDArray[Any], parts: NDArray[Any], font: float) -> None:
    for row, column in np.argwhere(matrix > 0):
        axes.text(
            column,
            row,
            str(int(matrix[row, column])),
            ha="center",
            va="center",
            fontsize=font,
            color="white" if parts[row, column] > 0.35 else _INK,
        )


def training_curves(
    history: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str],
    first_fine_tuned: int | None = None,
) -> None:
    """Draws loss and accuracy of a training, epoch by epoch.

    Args:
        history: values by name, one an epoch: `loss`, `accuracy`, `val_loss`, `val_accuracy`;
            other names with their `val_` beside them get a chart of their own.
        path: the file, `*.png`, `*.pdf` or `*.svg`; it appears whole or not at all.
        first_fine_tuned: the epoch, counted from 1, from which more layers trained, if any did.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DataError: there is no epoch to draw.
        OptionError: another kind of file.
    """
    names = [name for name in history if not name.startswith("val_")]
    if not names or not all(len(history[name]) for name in names):
        raise DataError("training_curves", "there is no epoch to draw", got=str(dict(history)))
    figure_class = _figure_class("training curves", path)
    figure = figure_class(figsize=(5.2 * len(names), 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label, colour in (
            (name, "training", "#1f6fb4"),
            (f"val_{name}", "validation", "#d9601a"),
        ):
            values = history.get(key)
            if values:
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, "o-", markersize=3.5, label=label, color=colour)
        if first_fine_tuned is not None and first_fine_tuned > 1:
            start, label = first_fine_tuned - 0.5, "fine-tuning from here"
            axes.axvline(start, color="#888888", linestyle=":", zorder=0, label=label)
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    _save(figure, path)


def shortened(name: str, most: int = _MOST_CHARACTERS) -> str:
    """A name of at most `most` characters, cut in its middle, on one line.

    >>> shortened("soft-coated wheaten terrier", 15)
    'soft-co…terrier'
    """
    name = " ".join(name.split())
    if len(name) <= most:
        return name
    after = (most - 1) // 2
    return f"{name[: most - 1 - after].rstrip()}…{name[-after:].lstrip()}"


def _figure_class(purpose: str, path: str | os.PathLike[str]) -> Any:
    """matplotlib's Figure; without pyplot, which would look for a display."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in (".png", ".pdf", ".svg"):
        raise OptionError(
            purpose,
            "this kind of picture is not drawn",
            expected="*.png, *.pdf or *.svg",
            got=repr(os.fspath(path)),
        )
    require_plots(purpose)
    from matplotlib.figure import Figure

    return Figure


def require_plots(purpose: str) -> None:
    """Fails if there is no matplotlib; to be called before long work whose result it draws.

    Args:
        purpose: what it is wanted for.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise require_extra("matplotlib", "plots", purpose) from error


def _save(figure: Any, path: str | os.PathLike[str]) -> None:
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, bbox_inches="tight")

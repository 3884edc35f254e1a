"""How well a classifier does on a folder of pictures, and what it mistakes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import DataError

from .charts import confusion_matrix
from .classifier import Classifier
from .picture_folders import (
    count_pictures,
    folder_to_evaluate,
    in_order,
    numbers_of_classes,
    picture_batches,
)
from .sheets import Tile, picture_sheet

__all__ = ["Evaluation", "evaluate_folder", "mistakes_sheet"]


@dataclass(frozen=True)
class Evaluation:
    """Answers to the pictures of a folder.

    Attributes:
        folder: that had the class folders.
        classes: names of the model's classes that the folder has, and of those that were answered.
        paths: of the pictures that could be read.
        targets: the place in `classes` of each picture's true class, (pictures,).
        answers: likewise of the likeliest class.
        confidence: the probability of the answer, (pictures,) in 0..1.
        skipped: path -> reason, of files that could not be read.
    """

    folder: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    targets: NDArray[np.int64]
    answers: NDArray[np.int64]
    confidence: NDArray[np.float32]
    skipped: dict[str, str]

    @property
    def accuracy(self) -> float:
        """The part of the answers that are right, in 0..1."""
        return float((self.targets == self.answers).mean())

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes); row: the true class, column: the answer."""
        return confusion_matrix(self.targets, self.answers, len(self.classes))

    def of_each_class(self) -> list[tuple[str, int, float | None, float | None]]:
        """Name, pictures, recall and precision of each class; None where there is nothing."""
        matrix = self.confusion
        right, true, said = np.diag(matrix), matrix.sum(1), matrix.sum(0)
        return [
            (
                name,
                int(true[i]),
                float(right[i] / true[i]) if true[i] else None,
                float(right[i] / said[i]) if said[i] else None,
            )
            for i, name in enumerate(self.classes)
        ]

    def confusions(self, most: int) -> list[tuple[str, str, int]]:
        """The most frequent mistakes: true class, answer, how often."""
        matrix = self.confusion * (1 - np.eye(len(self.classes), dtype=np.int64))
        order = np.argsort(-matrix, axis=None, kind="stable")[:most]
        pairs = [divmod(int(place), len(self.classes)) for place in order]
        return [
            (self.classes[row], self.classes[column], int(matrix[row, column]))
            for row, column in pairs
            if matrix[row, column]
        ]


def evaluate_folder(classifier: Classifier, folder: str, batch_size: int = 32) -> Evaluation:
    """Asks a classifier about all pictures of a folder.

    Args:
        classifier: whose classes the folder's are.
        folder: of class folders, or of `test/` or `val/` with them. If the model's classes have
            no names, the folders are taken in sorted order, one a class.
        batch_size: pictures at a time.

    Raises:
        OptionError: there is no such folder.
        DataError: no pictures, none that can be read, or folders of other classes than the model's.
    """
    place = folder_to_evaluate(folder)
    if classifier.card.classes:
        numbers = numbers_of_classes(place, classifier.classes, classifier.ids)
    else:
        numbers = _in_order(place, classifier.count)
    batches = picture_batches(
        place, tuple(numbers), classifier.card, classifier.size, classifier.channels,
        batch_size=batch_size,
    )  # fmt: skip
    outputs, targets = [], []
    paths: list[str] = []
    for x, y, names in in_order(batches):
        outputs.append(classifier.probabilities(classifier.fitted(x), batch_size))
        targets.append(y)
        paths += names
    scores = np.concatenate(outputs)
    order = np.array(list(numbers.values()))
    true = order[np.concatenate(targets).astype(np.int64)]
    said = scores.argmax(-1)
    classes = classifier.classes if classifier.card.classes else tuple(numbers)
    used = np.unique(np.concatenate([order, said]))
    return Evaluation(
        place,
        tuple(classes[i] for i in used),
        tuple(paths),
        np.searchsorted(used, true),
        np.searchsorted(used, said),
        scores[np.arange(len(said)), said],
        dict(batches.skipped),
    )


def _in_order(folder: str, count: int) -> dict[str, int]:
    """The folders as classes, in sorted order.

    Raises:
        DataError: if there are not as many as classes.
    """
    names = list(count_pictures(folder))
    if len(names) != count:
        raise DataError(
            folder,
            "the folders are not the model's classes",
            expected=f"{count} folders, one a class of the model, in its order",
            got=f"{len(names)}",
            hint="the model's file does not name its classes",
        )
    return {name: number for number, name in enumerate(names)}


def mistakes_sheet(
    classifier: Classifier, evaluation: Evaluation, path: str | os.PathLike[str], most: int = 24
) -> int:
    """Draws the pictures about which the classifier was most sure, and wrong.

    Args:
        classifier: that was asked.
        evaluation: its answers.
        path: the file, `*.png` or `*.jpg`.
        most: how many pictures at most.

    Returns:
        How many there are; with none, no file is written.
    """
    wrong = np.flatnonzero(evaluation.targets != evaluation.answers)
    shown = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][:most]
    if not len(shown):
        return 0
    paths = [evaluation.paths[i] for i in shown]
    tiles = [
        Tile([picture], _caption(evaluation, i))
        for picture, i in zip(classifier.read(paths), shown, strict=True)
    ]
    total = len(evaluation.paths)
    title = f"{len(wrong)} of {total} wrong; the {len(shown)} that it was surest of"
    picture_sheet(tiles, path, side=160, title=title)
    return len(shown)


def _caption(evaluation: Evaluation, i: Any) -> list[str]:
    said, true = (
        evaluation.classes[evaluation.answers[i]],
        evaluation.classes[evaluation.targets[i]],
    )
    return [
        f"{said}, {100 * min(float(evaluation.confidence[i]), 0.999):.1f} %",
        f"is {true}",
        os.path.basename(evaluation.paths[i]),
    ]

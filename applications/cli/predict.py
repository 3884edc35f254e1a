"""`thalweg predict`: what is in pictures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .options import as_json, model_option, preprocess
from .output import bar, percent, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..classifier import Classifier

__all__ = ["predict"]

_AT_ONCE = 64  # pictures in memory, where none is to be drawn


@click.command(short_help="Say what is in pictures.")
@click.argument("images", nargs=-1, required=True, type=click.Path())
@model_option
@click.option(
    "--top", type=click.IntRange(1), default=3, show_default=True, help="Classes a picture."
)
@as_json
@click.option(
    "--explain",
    type=click.Path(dir_okay=False, writable=True),
    metavar="OUT.png",
    help="Draw where the network looked (Grad-CAM) beside each picture.",
)
@click.option(
    "--invert",
    type=click.Choice(["auto", "yes", "no"]),
    default="auto",
    show_default=True,
    help="Turn dark on bright into bright on dark. auto: where the model wants bright on dark and "
    "the border of the picture is bright.",
)
@preprocess
def predict(
    images: tuple[str, ...],
    model: str,
    top: int,
    is_json: bool,
    explain: str | None,
    invert: str,
    preparation: str | None,
) -> None:
    """Say what is in IMAGES, files or folders of them.

    Pictures are converted to the size and colours that the model takes: cut to its proportions,
    resized, made grey or coloured. For lenet a photograph of a digit, dark on bright, is turned
    bright on dark and centred, as MNIST's digits are.
    """
    import numpy as np

    from ..classifier import load_classifier

    paths: Sequence[str] = images
    if any(map(os.path.isdir, images)):  # what lists them takes long to import
        from ..picture_folders import pictures_at

        paths = pictures_at(images)
    classifier = load_classifier(model, preparation)
    shown, answers = [], []
    for at in range(0, len(paths), _AT_ONCE):
        pictures = classifier.read(paths[at : at + _AT_ONCE], invert)
        answers.append(classifier.probabilities(classifier.inputs(pictures)))
        if explain is not None:
            shown.append(pictures)
    scores = np.concatenate(answers)
    order = (-scores).argsort(axis=1, kind="stable")[:, :top]
    found = [
        [(classifier.classes[i], float(row[i])) for i in places]
        for row, places in zip(scores, order.tolist(), strict=True)
    ]
    if explain is not None:
        _draw(explain, classifier, paths, np.concatenate(shown), found)
    if is_json:
        say_json(_as_data(classifier, paths, found))
        return
    for note in classifier.assumed:
        click.echo(f"{click.style('note:', fg='cyan')} {note}", err=True)
    _say(paths, found)
    if explain is not None:
        click.echo(f"wrote {explain}", err=True)


def _as_data(
    classifier: Classifier, paths: Sequence[str], found: list[list[tuple[str, float]]]
) -> dict[str, Any]:
    return {
        "model": classifier.name,
        "assumed": list(classifier.assumed),
        "predictions": [
            {
                "image": image,
                "classes": [{"name": name, "probability": round(p, 6)} for name, p in classes],
            }
            for image, classes in zip(paths, found, strict=True)
        ],
    }


def _say(paths: Sequence[str], found: list[list[tuple[str, float]]]) -> None:
    width = max(len(name) for classes in found for name, _ in classes)
    for image, classes in zip(paths, found, strict=True):
        click.echo(click.style(image, bold=True))
        for name, part in classes:
            shown = f"  {click.style(bar(part), fg='blue')}" if bar(part) else ""
            click.echo(f"  {name:<{width}}  {percent(part):>7}{shown}")


def _draw(
    path: str,
    classifier: Classifier,
    paths: Sequence[str],
    pictures: NDArray[Any],
    found: list[list[tuple[str, float]]],
) -> None:
    """Each picture, as the model got it, and beside it the heat map of its likeliest class."""
    from ..explain import grad_cam, heat_overlay
    from ..sheets import Tile, picture_sheet

    numbers = [classifier.classes.index(classes[0][0]) for classes in found]
    heat = grad_cam(classifier.model, classifier.inputs(pictures), numbers)
    tiles = [
        Tile(
            [picture, heat_overlay(picture, hot)],
            [f"{classes[0][0]}, {percent(classes[0][1])}", os.path.basename(image)],
        )
        for picture, hot, image, classes in zip(pictures, heat, paths, found, strict=True)
    ]
    picture_sheet(tiles, path)

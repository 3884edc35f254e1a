"""`thalweg evaluate`: how well a model does on a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import as_json, model_option, preprocess
from .output import percent, say_json, say_table, simple_table

if TYPE_CHECKING:
    from ..evaluation import Evaluation

__all__ = ["evaluate"]

_MOST_CONFUSIONS = 10


@click.command(short_help="Say how well a model does on a folder.")
@click.argument("folder", type=click.Path())
@model_option
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, metavar="N")
@click.option(
    "--confusion",
    type=click.Path(dir_okay=False, writable=True),
    metavar="OUT.png",
    help="Draw how often each class was taken for each.",
)
@click.option(
    "--mistakes",
    type=click.Path(dir_okay=False, writable=True),
    metavar="OUT.png",
    help="Draw the pictures that the model was surest of, and wrong.",
)
@as_json
@preprocess
def evaluate(
    folder: str,
    model: str,
    batch_size: int,
    confusion: str | None,
    mistakes: str | None,
    is_json: bool,
    preparation: str | None,
) -> None:
    """Say how well a model does on the pictures of FOLDER.

    FOLDER has one folder for each class, named as the model's classes, or test/ or val/ with such
    folders.
    """
    from ..classifier import load_classifier
    from ..evaluation import evaluate_folder, mistakes_sheet

    if confusion is not None:
        from ..charts import require_plots

        require_plots("a confusion matrix as a picture")
    classifier = load_classifier(model, preparation)
    found = evaluate_folder(classifier, folder, batch_size)
    wrote = []
    if confusion is not None:
        from ..charts import confusion_chart

        confusion_chart(found.confusion, found.classes, confusion)
        wrote.append(confusion)
    if mistakes is not None and mistakes_sheet(classifier, found, mistakes):
        wrote.append(mistakes)
    for path, reason in found.skipped.items():
        click.echo(f"{click.style('skipped', fg='yellow')} {path}: {reason}", err=True)
    if is_json:
        say_json(_as_data(model, found))
        return
    for note in classifier.assumed:
        click.echo(f"{click.style('note:', fg='cyan')} {note}", err=True)
    _say(found)
    for path in wrote:
        click.echo(f"wrote {path}", err=True)
    if mistakes is not None and mistakes not in wrote:
        click.echo(f"no mistakes: {mistakes} is not written", err=True)


def _as_data(model: str, found: Evaluation) -> dict[str, Any]:
    return {
        "model": model,
        "folder": found.folder,
        "pictures": len(found.paths),
        "accuracy": found.accuracy,
        "classes": [
            {"name": name, "pictures": count, "recall": recall, "precision": precision}
            for name, count, recall, precision in found.of_each_class()
        ],
        "confusion": found.confusion.tolist(),
        "skipped": found.skipped,
    }


def _say(found: Evaluation) -> None:
    right = int((found.targets == found.answers).sum())
    click.echo(
        f"{click.style(percent(found.accuracy), bold=True)} right: "
        f"{right} of {len(found.paths)} pictures in {found.folder}"
    )
    table = simple_table("class", ">pictures", ">found", ">right when said")
    for name, count, recall, precision in found.of_each_class():
        table.add_row(name, str(count), _part(recall), _part(precision))
    say_table(table)
    confusions = found.confusions(_MOST_CONFUSIONS)
    if confusions:
        table = simple_table("most frequent mistakes", "taken for", ">times")
        for true, said, count in confusions:
            table.add_row(true, said, str(count))
        say_table(table)


def _part(value: float | None) -> str:
    return "-" if value is None else percent(value)

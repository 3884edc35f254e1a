"""`thalweg train`: teaches a network the classes of a folder."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .options import NETWORKS, picture_size
from .output import percent

if TYPE_CHECKING:
    from ..transfer import Training

__all__ = ["train"]


@click.command(short_help="Teach a network the classes of a folder.")
@click.argument("folder", type=click.Path())
@click.option(
    "--base",
    required=True,
    metavar="NAME|FILE",
    help=f"What to build on: {NETWORKS}; or a model file, which loses its last layer.",
)
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True, metavar="N")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="The model, *.keras or *.h5, written after every epoch. If it is there, training goes on.",
)
@click.option(
    "--size", callback=picture_size, metavar="N|HxW", help="Of pictures; else the base's own."
)
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, metavar="N")
@click.option(
    "--augment", is_flag=True, help="Turn, shift, zoom and mirror pictures, anew in each epoch."
)
@click.option(
    "--fine-tune",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Then as many epochs with the base's last layers thawed.",
)
@click.option(
    "--thaw",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    metavar="N",
    help="How many layers that is.",
)
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Adam's, for the head.")
@click.option(
    "--fine-rate", type=float, default=1e-5, show_default=True, help="Adam's, for fine-tuning."
)
@click.option(
    "--hidden",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Units of a further layer in the head.",
)
@click.option(
    "--dropout", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True
)
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="The part of each class that is set aside, where there is no folder val/.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--curves",
    type=click.Path(dir_okay=False, writable=True),
    metavar="OUT.png",
    help="Draw loss and accuracy, epoch by epoch.",
)
@click.option("--restart", is_flag=True, help="Begin anew, and replace the file.")
@click.option("--quiet", is_flag=True, help="Say nothing but the result.")
def train(
    folder: str,
    base: str,
    epochs: int,
    out: str,
    fine_tune: int,
    thaw: int,
    curves: str | None,
    restart: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Teach a network the classes of FOLDER.

    FOLDER has one folder of pictures for each class, or train/ and val/ with such folders. The base
    is frozen and gets a new last layer; without --augment what it makes of each picture is
    computed once. Ctrl-C ends the training at any time; the same command goes on after the last
    epoch that was finished.
    """
    if curves is not None:
        from ..charts import require_plots

        require_plots("training curves")
    from ..transfer import Settings, Training

    training = Training(folder, out, Settings(base, thawed=thaw, **settings), restart)
    done = training.epochs_done
    if not quiet:
        _say_beginning(training, done, epochs + fine_tune)
    status = 0
    try:
        with _stopped_by_ctrl_c(training):
            training.run(
                epochs, fine_tune, verbose=0 if quiet else 1, tell=None if quiet else click.echo
            )
    except KeyboardInterrupt:
        status = 130
    _say_end(training, out, done, status)
    if curves is not None and training.epochs_done:
        from ..charts import training_curves

        fine = training.head_epochs + 1
        training_curves(training.history, curves, fine if training.epochs_done >= fine else None)
        click.echo(f"wrote {curves}")
    return status


@contextlib.contextmanager
def _stopped_by_ctrl_c(training: Training) -> Iterator[None]:
    """Ctrl-C ends the training at once, or at the end of the epoch where that gets lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        training.stop()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _say_beginning(training: Training, done: int, wanted: int) -> None:
    folders = training.folders
    counts = ", ".join(f"{name} {count}" for name, count in list(folders.counts.items())[:8])
    more = f", and {len(folders.counts) - 8} more" if len(folders.counts) > 8 else ""
    click.echo(
        f"{sum(folders.counts.values())} pictures of {len(folders.counts)} classes: ", nl=False
    )
    click.echo(f"{counts}{more}")
    if done and done < wanted:
        click.echo(f"going on after epoch {done}")


def _say_end(training: Training, out: str, before: int, status: int) -> None:
    """What there is now, and what to do with it."""
    done = training.epochs_done
    for path, reason in list(training.skipped.items())[:5]:
        click.echo(f"{click.style('skipped', fg='yellow')} {path}: {reason}", err=True)
    if len(training.skipped) > 5:
        click.echo(f"skipped {len(training.skipped) - 5} more files", err=True)
    if status and done == 0:
        click.echo("stopped before the end of the first epoch: nothing is written", err=True)
        return
    last = {name: values[-1] for name, values in training.history.items() if values}
    shown = [
        f"{label} {percent(last[name])}"
        for name, label in (("accuracy", "accuracy"), ("val_accuracy", "in validation"))
        if name in last
    ]
    if status:
        click.echo(f"stopped; {out} has epoch {done}, and the same command goes on", err=True)
    elif done == before:
        click.echo(f"{out} has all {done} epochs already; more with --epochs or --fine-tune")
    else:
        click.echo(f"wrote {out}: {done} epochs, {', '.join(shown)}")

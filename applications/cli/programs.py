"""`thalweg run` and `thalweg info`: the commands of `thalweg.cli`, told here for the help."""

from __future__ import annotations

import click

__all__ = ["info", "run"]


@click.command(
    short_help="Run a program written for TensorFlow 1 or Keras.",
    add_help_option=False,  # what follows, --help too, is for whoever reads it below
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def run(words: tuple[str, ...]) -> int:
    """Run a script, module or notebook written for TensorFlow 1 or Keras."""
    from thalweg.cli import main

    return main(["run", *words])


@click.command(short_help="Say versions, engine, devices, threads.")
def info() -> int:
    """Say versions, engine, devices and threads."""
    from thalweg.cli import main

    return main(["info"])

"""`thalweg summary`: the layers of a model."""

from __future__ import annotations

import shutil
import sys

import click

from .options import model_file

__all__ = ["summary"]


@click.command(short_help="Show the layers of a model.")
@model_file
def summary(file: str) -> None:
    """Show the layers of the model in FILE, with shapes and numbers of parameters.

    The model is built; “thalweg inspect” looks into files without that.
    """
    from thalweg.saving.model_file import load_model

    model = load_model(file, compile=False)
    width = min(shutil.get_terminal_size().columns, 100) if sys.stdout.isatty() else 78
    model.summary(line_length=width, print_fn=click.echo)

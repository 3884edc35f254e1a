"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["as_json", "model_file", "model_option", "picture_size", "preprocess"]

# The names of `classifier.NAMED` and `PREPARATIONS`, which the help shall not have to import.
NETWORKS = "vgg16, vgg16-cifar10, lenet, mobilenet_v2, resnet50"
KINDS = ("unit", "tf", "caffe", "torch", "none")


def as_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`."""
    return click.option("--json", "is_json", is_flag=True, help="Print JSON, for programs.")(
        function
    )


def preprocess(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--preprocess`."""
    return click.option(
        "--preprocess",
        "preparation",
        type=click.Choice(KINDS),
        help="How pixels become the model's input, if its file does not say: unit is 0..1, tf is "
        "-1..1, caffe and torch are ImageNet's, none leaves 0..255.",
    )(function)


def model_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--model`."""
    return click.option(
        "--model",
        "-m",
        required=True,
        metavar="NAME|FILE",
        help=f"{NETWORKS}; or a file *.keras or *.h5.",
    )(function)


def model_file(function: Callable[..., Any]) -> Callable[..., Any]:
    """The argument FILE."""
    return click.argument("file", type=click.Path(exists=True, dir_okay=False))(function)


def picture_size(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """(height, width) of `224` or `HEIGHTxWIDTH`; the callback of an option.

    Raises:
        click.BadParameter: for another text.
    """
    if value is None:
        return None
    parts = value.lower().split("x")
    if len(parts) in (1, 2) and all(part.isdecimal() and int(part) > 0 for part in parts):
        return int(parts[0]), int(parts[-1])
    raise click.BadParameter(f"{value!r} is no size: 224, or HEIGHTxWIDTH", context, parameter)

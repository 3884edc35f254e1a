"""`thalweg doctor`: whether the installation works."""

from __future__ import annotations

import click

from .options import as_json
from .output import say_json

__all__ = ["doctor"]

_MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "broken": ("✗", "red")}


@click.command(short_help="Check the installation.")
@as_json
def doctor(is_json: bool) -> int:
    """Check the installation: versions, engine, threads, GPU, folders, weights.

    The exit code is 1 if something is broken; what is merely missing is a note.
    """
    from ..health import check_installation

    found = check_installation()
    broken = [finding for finding in found if finding.status == "broken"]
    if is_json:
        say_json([finding._asdict() for finding in found])
        return 1 if broken else 0
    width = max(len(finding.name) for finding in found)
    for name, status, text, hint in found:
        mark, colour = _MARKS[status]
        word = "BROKEN  " if status == "broken" else ""
        click.echo(f"{click.style(mark, fg=colour, bold=True)} {name:<{width}}  {word}{text}")
        if hint:
            click.echo(f"  {'':<{width}}  {click.style('→', fg=colour)} {hint}")
    click.echo()
    if broken:
        names = ", ".join(dict.fromkeys(finding.name for finding in broken))
        click.echo(f"{click.style('broken:', fg='red', bold=True)} {names}")
        return 1
    click.echo("nothing is broken")
    return 0

"""One row of a table: its workers are started, compared with the first, and timed in turns."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.compare import table
from benchmarks.compare.peers import Peer, Work
from benchmarks.compare.protocol import Task, Worker, WorkerFailed, environment
from benchmarks.compare.turns import measure

__all__ = ["Entrant", "Limits", "compare", "entrants"]

Answer = dict[str, Any]


class Entrant(NamedTuple):
    """Who takes part in a row.

    Attributes:
        name: of its cell.
        python: the interpreter that has its packages.
        worker: the module that is run.
        task: what it is asked to start.
        variables: of its environment.
    """

    name: str
    python: str
    worker: str
    task: Task
    variables: tuple[tuple[str, str], ...] = ()


class Limits(NamedTuple):
    """How long all of it lasts, in seconds, and how many threads each may use."""

    seconds: float
    turn: float
    threads: int


def entrants(
    ours: Peer, peers: Sequence[Peer], row: Work, python: Path, package: str, task: Task
) -> list[Entrant]:
    """We, and those peers that take part in a row.

    Args:
        ours: we.
        peers: those that are there.
        row: what is done.
        python: of the peers' environment.
        package: has their workers.
        task: given to each, with its variant.
    """
    return [
        Entrant(
            peer.name,
            sys.executable if peer is ours else str(python),
            f"{package}.{peer.worker}",
            {**task, "variant": peer.variant},
            peer.variables,
        )
        for peer in (ours, *peers)
        if peer is ours or peer.takes(row)
    ]


def compare(
    row: str,
    entrants: Sequence[Entrant],
    check: Callable[[Answer, Answer], None],
    limits: Limits,
    versions: dict[str, str],
) -> dict[str, table.Result]:
    """The cells of one row.

    Args:
        row: its name, for messages.
        entrants: the first is the one that the others are compared with; without it there is
            nothing to compare.
        check: takes the answers of the first and of another to `start`, and raises ValueError
            if they did not do the same.
        limits: of time and threads.
        versions: takes the versions that the workers tell.
    """
    cells: dict[str, table.Result] = {}

    def failed(name: str, error: Exception) -> None:
        print(f"{row}: {name} failed: {error}", file=sys.stderr, flush=True)
        cells[name] = table.failed(str(error))

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers: dict[str, Worker] = {}
        expected: Answer = {}
        for entrant in entrants:
            try:
                worker = stack.enter_context(
                    Worker(
                        [entrant.python, "-m", entrant.worker],
                        folder / f"{entrant.name}.log",
                        environment(limits.threads, **dict(entrant.variables)),
                    )
                )
                answer = worker.ask(do="start", task={**entrant.task, "threads": limits.threads})
                expected = expected or answer
                check(expected, answer)
                versions.update(answer["versions"])
                workers[entrant.name] = worker
            except (WorkerFailed, ValueError) as error:
                failed(entrant.name, error)
                if entrant is entrants[0]:
                    return cells
        times = measure(workers, limits.seconds, limits.turn, failed)
        for name, values in times.items():
            cells[name] = table.summary(values, workers[name].ask(do="end")["peak_bytes"])
    return {entrant.name: cells[entrant.name] for entrant in entrants if entrant.name in cells}

"""The rows of the table: which network does what, at which batch size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

__all__ = ["ROWS", "Named", "Row", "chosen_rows"]


class Named(Protocol):
    """A row of any table."""

    @property
    def name(self) -> str:
        """As in `--only`."""


AnyRow = TypeVar("AnyRow", bound=Named)


class Row(NamedTuple):
    """A network at work."""

    net: str
    mode: str
    batch: int

    @property
    def name(self) -> str:
        """As in `--only`: `lenet-fit-128`."""
        return f"{self.net}-{self.mode}-{self.batch}"


_SIZES = {  # network: batch sizes of fit, of predict
    "vgg16": ((), (1, 8)),
    "vgg16_cifar": ((128,), (128,)),
    "mnist_cnn": ((128,), (128,)),
    "lenet": ((128, 32), (128, 32)),
    "mlp": ((128, 32), (128, 32)),
    "lstm": ((32,), (32,)),
    "resnet20": ((128,), (128,)),
}
ROWS = [
    Row(net, mode, batch)
    for net, sizes in _SIZES.items()
    for mode, batches in zip(("fit", "predict"), sizes, strict=True)
    for batch in batches
]


def chosen_rows(names: Sequence[str], rows: Sequence[AnyRow]) -> list[AnyRow]:
    """The rows that are named, by their whole names or by the parts these begin with; or all.

    Raises:
        ValueError: if a name fits no row.
    """
    chosen: list[AnyRow] = []
    for name in names:
        found = [row for row in rows if row.name == name]
        found = found or [row for row in rows if row.name.startswith(f"{name}-")]
        if not found:
            known = ", ".join(row.name for row in rows)
            raise ValueError(f"no row is called {name!r}; there are {known}")
        chosen += [row for row in found if row not in chosen]
    return chosen or list(rows)

"""The graph of a row, with what to feed it, and its gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.core import Graph, Session, constant, gradients, placeholder
from thalweg.core.graph import Tensor

from .case import Case
from .drawing import Arrays

KNOWLEDGE = ("sizes", "ranks", "nothing")


@dataclass
class Built:
    """A row's graph.

    Attributes:
        feeds: the placeholders.
        values: what to feed, in their order.
        positions: the input that each feed is.
        outputs: the tensors that the row's function returned.
    """

    graph: Graph
    feeds: list[Tensor]
    values: list[np.ndarray]
    positions: list[int]
    outputs: tuple[Tensor, ...]

    def run(self, fetches: Sequence[Tensor], backend: str = "numpy", **options: Any) -> Arrays:
        """Values of `fetches` as arrays."""
        session = Session(graph=self.graph, backend=backend, **options)
        feeds = dict(zip(self.feeds, self.values, strict=True))
        values = session.run(list(fetches), feeds)
        return tuple(np.asarray(v, object if isinstance(v, bytes) else None) for v in values)


def build(case: Case, arrays: Arrays, known: str = "sizes") -> Built:
    """The row's function applied to placeholders.

    Args:
        case: the row.
        arrays: one an input.
        known: of the placeholders: `"sizes"`, `"ranks"` or `"nothing"`.
    """
    graph = Graph()
    with graph.as_default():
        tensors, feeds, values, positions = [], [], [], []
        for position, (item, array) in enumerate(zip(case.inputs, arrays, strict=True)):
            if item.host:
                tensors.append(constant(array))
                continue
            shape: Any = array.shape
            if known == "ranks":
                shape = (None,) * array.ndim
            elif known == "nothing":
                shape = None
            tensors.append(placeholder(array.dtype, shape, name=f"input_{position}"))
            feeds.append(tensors[-1])
            values.append(array)
            positions.append(position)
        result = case.function(*tensors)
    outputs = tuple(result) if isinstance(result, list | tuple) else (result,)
    for output in outputs:
        assert isinstance(output, Tensor), f"the function returned {output!r}, not a tensor"
    return Built(graph, feeds, values, positions, outputs)


@dataclass
class Differentiated(Built):
    """A row's graph with a random projection of its float outputs, and the gradients of that.

    Attributes:
        projections: placeholders, one a float output.
        targets: the float outputs.
        sources: the inputs whose gradients the row checks.
        gradients: their gradients, None where there is none.
    """

    projections: list[Tensor] = field(default_factory=list)
    targets: list[Tensor] = field(default_factory=list)
    sources: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor | None] = field(default_factory=list)


def differentiate(case: Case, arrays: Arrays, seed: int, known: str = "sizes") -> Differentiated:
    """The row's graph and gradients of a random projection of its outputs."""
    built = build(case, arrays, known)
    plain = built.run(built.outputs)
    generator = np.random.default_rng([seed, 1])
    result = Differentiated(**vars(built))
    with result.graph.as_default():
        for number, (output, value) in enumerate(zip(built.outputs, plain, strict=True)):
            if not output.dtype.is_float:
                continue
            shape: Any = value.shape if known == "sizes" else (None,) * value.ndim
            projection = placeholder(output.dtype, shape, name=f"projection_{number}")
            result.targets.append(output)
            result.projections.append(projection)
            result.feeds.append(projection)
            result.values.append(generator.uniform(-1, 1, value.shape).astype(value.dtype))
        result.sources = [
            feed
            for feed, position in zip(built.feeds, built.positions, strict=False)
            if case.inputs[position].gradient and feed.dtype.is_float
        ]
        if result.targets and result.sources:
            result.gradients = gradients(result.targets, result.sources, result.projections)
    return result

"""The layer that says which of some ranges a number falls into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import OptionError

from ...options import Interval, OneOf, OrNone
from .base import OUTPUT_MODES, DataLayer, batches_of
from .encoding import encoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Discretization"]

_MODE = OneOf(*OUTPUT_MODES)
_BINS = OrNone(Interval(1, integer=True))
_EPSILON = Interval(0, 1, open_low=True)


class Discretization(DataLayer):
    """The number of the range that each value falls into.

    Boundaries `[0, 1]` make three ranges: below 0, from 0 to below 1, and from 1 on.

    Args:
        bin_boundaries: ascending numbers; then there is nothing to learn.
        num_bins: how many ranges `adapt` makes, of about as many values each.
        epsilon: the accuracy of the quantiles; a summary of 1 / epsilon values is kept.
        output_mode: `"int"` for the number of the range; the others encode it as in
            :class:`CategoryEncoding`.
        sparse: False; there are no sparse tensors.
        dtype: of what is not an integer.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        any, of numbers.

    Output shape:
        the same, int32; or with a last axis of as many rows as there are ranges.

    >>> Discretization([0.0, 1.0])([[-1.5, 0.0, 0.5, 1.0]]).tolist()
    [[0, 1, 1, 2]]
    >>> layer = Discretization(num_bins=2)
    >>> layer.adapt([1.0, 2.0, 3.0, 4.0])
    >>> layer.bin_boundaries
    [2.0]
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise OptionError(
                "Discretization",
                "either boundaries or a number of bins",
                expected="bin_boundaries, or num_bins and adapt()",
                got="both" if num_bins is not None else "neither",
                site=user_site(),
            )
        self.bin_boundaries = None if bin_boundaries is None else _boundaries(bin_boundaries)
        self.num_bins: int | None = _BINS.check(self, "num_bins", num_bins)
        self.epsilon: float = _EPSILON.check(self, "epsilon", epsilon)
        self.output_mode = _MODE.check(self, "output_mode", output_mode)
        self.require_dense(sparse=sparse)
        self._summary = np.zeros((2, 0), np.float32)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learns the boundaries: the quantiles of data.

        Args:
            data: numbers; an array, or batches one after another.
            steps: how many batches to take; None for all.

        Raises:
            OptionError: the boundaries were given, or a model was built on them already.
            DataError: there are no data.
        """
        if self.num_bins is None:
            raise OptionError(
                "Discretization.adapt",
                "the boundaries were given",
                expected="a layer made with num_bins",
                site=user_site(),
            )
        if self._is_kept:
            raise OptionError(
                "Discretization.adapt",
                "a model was built with the layer",
                layer=self._label,
                site=user_site(),
                hint="adapt first, then build the model",
            )
        self.reset_state()
        for batch in batches_of(self, data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what was seen."""
        self._summary = np.zeros((2, 0), np.float32)

    def update_state(self, data: Any) -> None:
        """Takes one more batch into account."""
        merged = np.concatenate([_summary(np.asarray(data), self.epsilon), self._summary], axis=1)
        merged = merged[:, np.argsort(merged[0], kind="stable")]
        self._summary = _compressed(merged, self.epsilon)

    def finalize_state(self) -> None:
        """Makes boundaries of what was seen."""
        if self.num_bins is not None:
            quantiles = _compressed(self._summary, 1.0 / self.num_bins)
            self.bin_boundaries = quantiles[0, :-1].tolist()
            self.changed()

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "float32"

    def call(self, inputs: Tensor) -> Tensor:
        """The ranges."""
        if self.bin_boundaries is None:
            raise OptionError(
                "Discretization",
                "the boundaries are not known",
                expected="bin_boundaries, or adapt() before the first call",
                layer=self._label,
                site=user_site(),
            )
        values = core.cast(inputs, "float64" if inputs.dtype == "float64" else "float32")
        edges = core.constant(np.asarray(self.bin_boundaries, values.dtype.numpy))
        flat = core.searchsorted(edges, core.reshape(values, [-1]), side="right")
        places = core.reshape(flat, core.shape_of(values))
        dtype = "int32" if self.output_mode == "int" else self.dtype
        return encoded(places, self.output_mode, len(self.bin_boundaries) + 1, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the boundaries as they are now."""
        config = super().get_config()
        config["bin_boundaries"] = self.bin_boundaries
        return config

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A layer like the one that `get_config` was called on."""
        config = dict(config)
        learnt = config.get("bin_boundaries") if config.get("num_bins") is not None else None
        if learnt is not None:
            config["bin_boundaries"] = None
        layer = super().from_config(config)
        if learnt is not None:
            layer.bin_boundaries = _boundaries(learnt)
        return layer


def _boundaries(values: Sequence[float]) -> list[float]:
    """Checked boundaries."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or np.isnan(array).any() or (np.diff(array) < 0).any():
        raise OptionError(
            "Discretization",
            "bad bin_boundaries",
            expected="ascending numbers",
            got=repr(values),
            site=user_site(),
        )
    return [float(value) for value in array]


def _summary(data: NDArray[Any], epsilon: float) -> NDArray[Any]:
    """Values at equal steps of rank, and how many values each stands for: (2, about 1/epsilon)."""
    values = np.sort(data.reshape(-1).astype(np.float32))
    step = max(len(values) * epsilon, 1.0)
    kept = values[int(step - 1) :: int(step)]
    return np.stack([kept, np.full(len(kept), step)]).astype(np.float32)


def _compressed(summary: NDArray[Any], epsilon: float) -> NDArray[Any]:
    """A summary of about 1/epsilon values, interpolated between the ranks of a longer one."""
    if summary.shape[1] * epsilon < 1:
        return summary
    parts = epsilon + np.arange(0.0, 1.0, epsilon)
    ranks = summary[1].cumsum()
    shares = ranks / ranks[-1]
    values = np.interp(parts, shares, summary[0])
    counts = np.diff(np.interp(parts, shares, ranks), prepend=0.0)
    return np.stack([values, counts]).astype(np.float32)

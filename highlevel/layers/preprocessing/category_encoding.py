"""The layer that encodes integers of a known range."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import DtypeError, OptionError

from ...options import COUNT, OneOf
from .base import OUTPUT_MODES, DataLayer
from .encoding import encoded

__all__ = ["CategoryEncoding"]

_MODE = OneOf(*OUTPUT_MODES[1:])


class CategoryEncoding(DataLayer):
    """Integers as rows of zeros and ones, or of counts.

    Args:
        num_tokens: how many integers there are: 0 <= integer < num_tokens.
        output_mode: `"one_hot"`: a row for each integer; where the last axis has size 1 it becomes
            the row. `"multi_hot"`: one row for the integers of the last axis, 1 where an integer is
            among them. `"count"`: how many they are.
        sparse: False; there are no sparse tensors.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, integers) or (batch,) or ().

    Output shape:
        (batch, num_tokens), or (batch, integers, num_tokens) for one_hot.

    An integer outside the range is a `CheckError` in the run.

    >>> CategoryEncoding(4, "one_hot")([3, 0]).tolist()
    [[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]
    >>> CategoryEncoding(4, "count")([[0, 2, 2]]).tolist()
    [[1.0, 0.0, 2.0, 0.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_tokens: int = COUNT.check(self, "num_tokens", num_tokens)
        known = "multi_hot" if output_mode == "binary" else output_mode  # its older name
        self.output_mode = _MODE.check(self, "output_mode", known)
        self.require_dense(sparse=sparse)

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "int64"

    def call(self, inputs: Tensor, count_weights: Any = None) -> Tensor:
        """The rows.

        Args:
            inputs: (...) integers.
            count_weights: what each counts, of the same shape, in the mode `"count"`.
        """
        if count_weights is not None and self.output_mode != "count":
            raise OptionError(
                "CategoryEncoding",
                "count_weights are of no use",
                expected="output_mode='count'",
                got=f"output_mode={self.output_mode!r}",
                site=user_site(),
            )
        if not inputs.dtype.is_integer:
            raise DtypeError(
                "CategoryEncoding", "takes integers", expected="an integer dtype",
                got=str(inputs.type),
            )  # fmt: skip
        checks = [
            core.assert_non_negative(inputs),
            core.assert_less(inputs, core.constant(self.num_tokens, inputs.dtype)),
        ]
        with core.control_dependencies(checks):
            numbers = core.identity(inputs)
        weights = None if count_weights is None else core.convert(count_weights)
        return encoded(numbers, self.output_mode, self.num_tokens, self.dtype, weights)

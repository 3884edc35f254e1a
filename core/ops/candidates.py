"""Candidate samplers: a few classes drawn from many, for losses that look at these alone.

Each says as well how often a class was to be expected in the sample, which the losses in
`sampled.py` correct for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..errors import DataError, OptionError
from ..graph import Tensor
from ..opdef import OpDef, apply, apply_many, no_gradient, register, require
from ..types import TensorType, int64
from .elementwise import cast, divide, negative, ones_like, subtract
from .gather import gather
from .keys import draw_key
from .math import expm1, log1p, reciprocal
from .philox import RandomBits
from .reduce import reduce_sum
from .source import convert
from .state import Variable

__all__ = [
    "CandidateSample",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "uniform_candidate_sampler",
]

MAX_TRIES = 1 << 24  # draws for distinct classes, before they are called too rare


class CandidateSample(NamedTuple):
    """Sampled classes, and how often each class was to be expected among them.

    Attributes:
        sampled_candidates: (num_sampled,) int64.
        true_expected_count: float32, the shape of the true classes.
        sampled_expected_count: (num_sampled,) float32.
    """

    sampled_candidates: Tensor
    true_expected_count: Tensor
    sampled_expected_count: Tensor


class _Sampler(OpDef):
    """Base of ops that draw classes: key (2,) uint32, … -> (num_sampled,) int64, () int64 draws."""

    num_sampled: int
    unique: bool
    runs_on_host: ClassVar[bool] = True

    def infer(self, key: TensorType, *weights: TensorType) -> tuple[TensorType, TensorType]:
        """The sample, and the number of draws it took."""
        require(self, "integer", key=key)
        return TensorType(int64, (self.num_sampled,)), TensorType(int64, ())

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return self.infer(*types)

    def _sample(self, key: Any, classes_of: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Classes by inversion; for distinct ones, the first of each among enough draws."""
        count = tries = self.num_sampled
        while True:
            bits = RandomBits().compute(np, key, np.array([tries]))
            classes = classes_of((bits + 0.5) * 2.0**-32).astype(np.int64)
            if not self.unique:
                return classes, np.asarray(count)
            first = np.sort(np.unique(classes, return_index=True)[1])[:count]
            if len(first) == count:
                return classes[first], np.asarray(first[-1] + 1 if count else 0)
            if tries > MAX_TRIES:
                raise self.failure(f"{len(first)} distinct classes")
            tries *= 2

    def most_draws(self) -> int:
        """Draws for distinct classes, before they are called too rare."""
        tries = self.num_sampled
        while tries <= MAX_TRIES:
            tries *= 2
        return tries

    def failure(self, message: str) -> DataError:
        """Too few classes were drawn."""
        return DataError(
            self.label,
            "some classes are too rare to be drawn",
            expected=f"{self.num_sampled} distinct classes in {self.most_draws()} draws",
            got=message,
            hint="sample fewer classes, or use unique=False",
        )

    gradient = no_gradient


@register
class SampleUniform(_Sampler):
    """Classes, all equally likely.  key: (2,) uint32 -> (num_sampled,) int64, () int64 draws."""

    range_max: int

    def compute(self, xp: Any, key: Any) -> tuple[Any, Any]:
        """floor(u * range_max)."""
        return self._sample(key, lambda u: np.floor(u * self.range_max))


@register
class SampleLogUniform(_Sampler):
    """Classes of Zipf's law.  key: (2,) uint32 -> (num_sampled,) int64, () int64 draws.

    P(class) = log((class + 2) / (class + 1)) / log(range_max + 1).
    """

    range_max: int

    def compute(self, xp: Any, key: Any) -> tuple[Any, Any]:
        """The distribution function is log(class + 2) / log(range_max + 1)."""
        last = self.range_max - 1
        scale = np.log(self.range_max + 1)
        return self._sample(key, lambda u: np.minimum(np.floor(np.exp(u * scale)) - 1, last))


@register
class SampleUnigram(_Sampler):
    """Classes as likely as their weights.

    key: (2,) uint32, weights: (range_max,) integer -> (num_sampled,) int64, () int64 draws.
    """

    def compute(self, xp: Any, key: Any, weights: Any) -> tuple[Any, Any]:
        """The place of u in the running sum of the weights."""
        total = np.cumsum(weights, dtype=np.float64)
        return self._sample(key, lambda u: np.searchsorted(total, u * total[-1], side="right"))


@register
class CountClasses(OpDef):
    """How often each class occurs.  classes: (...) integer -> (range_max,) int64."""

    range_max: int

    def infer(self, classes: TensorType) -> TensorType:
        """One count a class."""
        require(self, "integer", classes=classes)
        return TensorType(int64, (self.range_max,))

    def infer_unknown(self, classes: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(classes),)

    def compute(self, xp: Any, classes: Any) -> Any:
        """`bincount`; classes from range_max on are not counted."""
        size = self.range_max
        found = xp.bincount(classes.reshape(-1).astype("int64"), minlength=size)[:size]
        return found.astype("int64")

    gradient = no_gradient


def _expected(op: _Sampler, tries: Tensor, probability: Tensor) -> Tensor:
    """How often a class is to be expected in the sample."""
    if not op.unique:
        return probability * float(op.num_sampled)
    return negative(expm1(cast(tries, "float32") * log1p(negative(probability))))


def _candidates(
    where: str,
    true_classes: Any,
    op: _Sampler,
    range_max: int,
    probability: Callable[[Tensor], Tensor],
    inputs: tuple[Tensor, ...],
    name: str | None,
) -> CandidateSample:
    if op.num_sampled < 1 or (op.unique and op.num_sampled > range_max):
        raise OptionError(
            where,
            "so many classes cannot be drawn",
            expected="num_sampled >= 1, and not above range_max if they are to be distinct",
            got=f"num_sampled={op.num_sampled}, range_max={range_max}, unique={op.unique}",
        )
    sampled, tries = apply_many(op, *inputs, name=name).outputs
    return CandidateSample(
        sampled,
        _expected(op, tries, probability(convert(true_classes))),
        _expected(op, tries, probability(sampled)),
    )


def uniform_candidate_sampler(
    true_classes: Any,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> CandidateSample:
    """A sample of classes, all equally likely.

    Args:
        true_classes: (batch, num_true) integer; only their expected counts depend on them.
        num_sampled: classes to draw.
        unique: True draws distinct classes, by rejection.
        range_max: classes are in 0 <= class < range_max.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Returns:
        The sample, and the expected count of each true and each sampled class: p * num_sampled,
        or 1 - (1 - p) ** draws if they are distinct.

    Raises:
        OptionError: if so many classes cannot be drawn.

    >>> from thalweg.core import Session
    >>> sample = Session().run(uniform_candidate_sampler([[3]], 4, True, 4))
    >>> sorted(sample.sampled_candidates.tolist())
    [0, 1, 2, 3]
    """
    op = SampleUniform(int(num_sampled), bool(unique), int(range_max))
    return _candidates(
        "uniform_candidate_sampler",
        true_classes,
        op,
        range_max,
        lambda classes: divide(ones_like(cast(classes, "float32")), float(range_max)),
        (draw_key(seed),),
        name,
    )


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> CandidateSample:
    """A sample of classes by Zipf's law: for words numbered from the most frequent on.

    P(class) = log((class + 2) / (class + 1)) / log(range_max + 1).

    Args:
        true_classes: (batch, num_true) integer; only their expected counts depend on them.
        num_sampled: classes to draw.
        unique: True draws distinct classes, by rejection.
        range_max: classes are in 0 <= class < range_max.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Returns:
        The sample, and the expected count of each true and each sampled class: p * num_sampled,
        or 1 - (1 - p) ** draws if they are distinct.

    Raises:
        OptionError: if so many classes cannot be drawn.

    >>> from thalweg.core import Session
    >>> sample = Session().run(log_uniform_candidate_sampler([[0, 2]], 1, False, 3))
    >>> [round(float(count), 4) for count in sample.true_expected_count[0]]
    [0.5, 0.2075]
    """
    op = SampleLogUniform(int(num_sampled), bool(unique), int(range_max))
    scale = float(np.log(range_max + 1))
    return _candidates(
        "log_uniform_candidate_sampler",
        true_classes,
        op,
        range_max,
        lambda classes: divide(log1p(reciprocal(cast(classes, "float32") + 1.0)), scale),
        (draw_key(seed),),
        name,
    )


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> CandidateSample:
    """A sample of classes as frequent as they were among the true ones of earlier runs.

    Every class begins with a count of 1. A run draws by the counts so far; then it adds its own
    `true_classes`. The counts are a variable of the session's.

    Args:
        true_classes: (batch, num_true) integer in 0 <= class < range_max.
        num_sampled: classes to draw.
        unique: True draws distinct classes, by rejection.
        range_max: classes are in 0 <= class < range_max.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Returns:
        The sample, and the expected count of each true and each sampled class: p * num_sampled,
        or 1 - (1 - p) ** draws if they are distinct.

    Raises:
        OptionError: if so many classes cannot be drawn.

    >>> from thalweg.core import Session
    >>> session = Session()
    >>> sample = learned_unigram_candidate_sampler([[0, 0]], 1, False, 2)
    >>> [session.run(sample.true_expected_count).tolist() for _ in range(2)]
    [[[0.5, 0.5]], [[0.75, 0.75]]]
    """
    classes = convert(true_classes)
    op = SampleUnigram(int(num_sampled), bool(unique))
    counts = Variable(np.ones(range_max, np.int64), trainable=False, name="unigram/counts")
    new = apply(CountClasses(int(range_max)), classes)
    seen = subtract(counts.assign_add(new), new)  # so the run counts if it draws
    share = cast(divide(cast(seen, "float64"), cast(reduce_sum(seen), "float64")), "float32")
    return _candidates(
        "learned_unigram_candidate_sampler",
        classes,
        op,
        range_max,
        lambda some: gather(share, some),
        (draw_key(seed), seen),
        name,
    )

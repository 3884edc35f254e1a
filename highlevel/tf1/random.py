"""`tf.random`: random numbers under the newer address."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .arguments import missing_name
from .candidates import (
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from .draws import random_normal as normal
from .draws import random_uniform as uniform
from .draws import truncated_normal
from .further import get_seed
from .graph import set_random_seed
from .sampling import (
    multinomial,
)
from .sampling import (
    random_gamma as gamma,
)
from .sampling import (
    random_poisson as poisson,
)
from .sampling import (
    random_shuffle as shuffle,
)

__all__ = [
    "categorical",
    "gamma",
    "get_seed",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "multinomial",
    "normal",
    "poisson",
    "set_random_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
    "uniform_candidate_sampler",
]

__getattr__ = missing_name(__name__, __all__)


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Classes drawn by their logits.  (batch, classes) -> (batch, num_samples), int64 if None."""
    return core.random_categorical(logits, num_samples, dtype or "int64", seed, name)

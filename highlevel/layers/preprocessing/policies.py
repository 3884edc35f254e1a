"""Layers that choose among others: `RandAugment` and `AugMix`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ...options import COUNT, Interval
from .colours import RandomBrightness, RandomColorDegeneration, RandomContrast, ValueTransform
from .geometry import RandomRotation, RandomShear, RandomTranslation
from .image_base import ImageTransform, RandomImageTransform
from .image_draws import Draws
from .image_options import INTERPOLATION, Range
from .levels import AutoContrast, Equalization, RandomPosterization, Solarization
from .sharpness import RandomSharpness

__all__ = ["AugMix", "RandAugment"]

_SHARE = Range(0, 1)
_ALPHA = Interval(0, open_low=True)
# In Keras's order, by which the drawn numbers count.
_ALL = (
    "random_shear", "random_translation", "random_rotation", "random_brightness",
    "random_color_degeneration", "random_contrast", "random_sharpness", "random_posterization",
    "solarization", "auto_contrast", "equalization",
)  # fmt: skip
_OF_AUGMIX = (
    "random_shear", "random_translation", "random_rotation", "random_posterization",
    "solarization", "auto_contrast", "equalization",
)  # fmt: skip
_OF_AUGMIX_MORE = (
    "random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness",
)  # fmt: skip


class _Policy(ValueTransform):
    """Base of layers that apply other layers, chosen at random for the whole batch.

    Args:
        factor: how strong these are, 0..1, or two numbers.
        interpolation: of those that move pixels.
        names: which layers there are to choose from.
        value_range: the least and the greatest value of the images.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        factor: Any,
        interpolation: str,
        names: Sequence[str],
        value_range: Any,
        seed: int | None,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)
        self.interpolation = INTERPOLATION.check(self, "interpolation", interpolation)
        self._choices = {name: self._choice(name) for name in names}

    def _choice(self, name: str) -> ImageTransform:
        """The layer of a name."""
        factor = self.factor
        moves = {"interpolation": self.interpolation}
        values = {"value_range": self.value_range}
        makers: dict[str, tuple[type[ImageTransform], dict[str, Any]]] = {
            "random_shear": (RandomShear, {"x_factor": factor, "y_factor": factor, **moves}),
            "random_translation": (
                RandomTranslation,
                {"height_factor": factor, "width_factor": factor, **moves},
            ),
            "random_rotation": (RandomRotation, {"factor": factor, **moves}),
            "random_brightness": (RandomBrightness, {"factor": factor, **values}),
            "random_color_degeneration": (RandomColorDegeneration, {"factor": factor, **values}),
            "random_contrast": (RandomContrast, {"factor": factor, **values}),
            "random_sharpness": (RandomSharpness, {"factor": factor, **values}),
            "random_posterization": (
                RandomPosterization,
                {"factor": max(1, int(8 * factor[1])), **values},
            ),
            "solarization": (
                Solarization,
                {"addition_factor": factor, "threshold_factor": factor, **values},
            ),
            "auto_contrast": (AutoContrast, values),
            "equalization": (Equalization, values),
        }
        make, arguments = makers[name]
        # Names of its own, so that layers elsewhere keep their streams of numbers.
        return make(name=f"{self.name}_{name}", dtype=self.working_dtype, **arguments)

    def draw_all(self, draws: Draws, x: Tensor) -> dict[str, Any]:
        """What each of the layers would do."""
        return {
            name: layer.draw(draws.apart(), x) if isinstance(layer, RandomImageTransform) else {}
            for name, layer in self._choices.items()
        }

    def chosen(self, number: Tensor, x: Tensor, transformations: dict[str, Any]) -> Tensor:
        """The images after the layer of a number; only that one runs. Beyond them is none."""
        branches: list[Callable[[], Tensor]] = [
            functools.partial(layer.apply, x, transformations[name])
            for name, layer in self._choices.items()
        ]
        return _branch(number, [*branches, functools.partial(core.identity, x)], 0)


def _branch(number: Tensor, branches: Sequence[Callable[[], Tensor]], first: int) -> Tensor:
    """What the branch of a number gives, found by halving: few conditions lie in one another."""
    if len(branches) == 1:
        return branches[0]()
    half = len(branches) // 2
    return core.cond(  # type: ignore[no-any-return]
        core.less(number, first + half),
        lambda: _branch(number, branches[:half], first),
        lambda: _branch(number, branches[half:], first + half),
    )


class RandAugment(_Policy):
    """A few of eleven layers, chosen at random for each batch, one after another.

    E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le, "RandAugment: Practical automated data augmentation
    with a reduced search space", 2019.

    They are `RandomShear`, `RandomTranslation`, `RandomRotation`, `RandomBrightness`,
    `RandomColorDegeneration`, `RandomContrast`, `RandomSharpness`, `RandomPosterization`,
    `Solarization`, `AutoContrast` and `Equalization`.

    Args:
        value_range: the least and the greatest value of the images.
        num_ops: how many layers.
        factor: how strong they are, 0..1, or the least and the largest: the factors of them all.
        interpolation: of those that move pixels: `"bilinear"` or `"nearest"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, 3), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandAugment(num_ops=1)(np.full((2, 8, 8, 3), 99, np.uint8)).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, interpolation, _ALL, value_range, seed, data_format, **kwargs)
        self.num_ops: int = COUNT.check(self, "num_ops", num_ops)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Any]:
        """`layer_idxes`, (num_ops,) int32, which layers; `transforms`, what each would do."""
        numbers = core.floor(draws.uniform(0.0, float(len(_ALL)), [self.num_ops]))
        return {
            "layer_idxes": core.cast(numbers, "int32"),
            "transforms": self.draw_all(draws, x),
        }

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images after the layers that were drawn."""
        x = self.floats(x)
        numbers = core.convert(transformation["layer_idxes"])
        for place in range(self.num_ops):
            x = self.chosen(numbers[place], x, transformation["transforms"])
        return x


class AugMix(_Policy):
    """Images mixed with a few of their own variants, each made by a chain of layers.

    D. Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve Robustness and
    Uncertainty", 2020.

    The weights of the chains are drawn from Dirichlet(alpha), and that of the image itself from
    Beta(alpha, alpha). In each place of a chain stands one of the layers of `RandAugment`, or none.

    Args:
        value_range: the least and the greatest value of the images; results are held within it.
        num_chains: how many chains.
        chain_depth: how many layers a chain has.
        factor: how strong they are, 0..1, or the least and the largest.
        alpha: > 0.
        all_ops: whether `RandomBrightness`, `RandomColorDegeneration`, `RandomContrast` and
            `RandomSharpness` are among the layers.
        interpolation: of those that move pixels: `"bilinear"` or `"nearest"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, 3), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> AugMix(num_chains=1, chain_depth=1)(np.full((2, 8, 8, 3), 99, np.uint8)).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        names = (*_OF_AUGMIX, *(_OF_AUGMIX_MORE if all_ops else ()))
        super().__init__(factor, interpolation, names, value_range, seed, data_format, **kwargs)
        self.num_chains: int = COUNT.check(self, "num_chains", num_chains)
        self.chain_depth: int = COUNT.check(self, "chain_depth", chain_depth)
        self.alpha: float = _ALPHA.check(self, "alpha", alpha)
        self.all_ops = bool(all_ops)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Any]:
        """`chain_mixing_weights`, (num_chains,); `weight_sample`, (), of the image itself;
        `layer_idxes`, (num_chains, chain_depth) int32, which layers, the number after the last
        being none; `transforms`, of each chain and each place what each layer would do."""
        alpha = float(self.alpha)
        chains, depth = self.num_chains, self.chain_depth
        gamma = core.random_gamma([chains], alpha, key=draws.next_key())
        numbers = draws.uniform(0.0, float(len(self._choices) + 1), [chains, depth])
        return {
            "chain_mixing_weights": gamma / core.reduce_sum(gamma),
            "weight_sample": core.random_beta([], alpha, alpha, key=draws.next_key()),
            "layer_idxes": core.cast(core.floor(numbers), "int32"),
            "transforms": [[self.draw_all(draws, x) for _ in range(depth)] for _ in range(chains)],
        }

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The mixed images."""
        x = self.floats(x)
        weights = self.floats(core.convert(transformation["chain_mixing_weights"]))
        own = self.floats(core.convert(transformation["weight_sample"]))
        numbers = core.convert(transformation["layer_idxes"])
        mixed = core.zeros_like(x)
        for chain, places in enumerate(transformation["transforms"]):
            y = x
            for place, transforms in enumerate(places):
                y = self.chosen(numbers[chain, place], y, transforms)
            mixed = mixed + y * weights[chain]
        return self.clipped(own * x + (1.0 - own) * mixed)

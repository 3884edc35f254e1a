"""The optimizers' formulas, one rule a class.

They are Keras 3's, to the order of the operations. TensorFlow 1 spells some differently; all but
one are the same formulas with other numbers:

* its Momentum sums plain gradients and scales the sum by the rate of today: `UnscaledMomentumRule`;
* its RMSProp starts the average of squares at one: `RmsPropRule(start=1.0)`;
* its Adagrad adds nothing under the root: `AdagradRule(epsilon=0.0)`;
* its GradientDescent, Adam and Adadelta do the same as Keras's.

In every formula w is the variable, g its gradient, t the number of the step from 1.

>>> import numpy as np
>>> w, g, m = np.array([1.0]), np.array([2.0]), np.array([-0.5])
>>> new_w, new_m = MomentumRule(momentum=0.9).step(np, w, g, [m], rate=0.1, t=1)
>>> round(float(new_m[0]), 6), round(float(new_w[0]), 6)
(-0.65, 0.35)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from .updates import UpdateRule

__all__ = [
    "AdadeltaRule",
    "AdagradDualAveragingRule",
    "AdagradRule",
    "AdamRule",
    "AdamaxRule",
    "FtrlRule",
    "MomentumRule",
    "NadamRule",
    "ProximalAdagradRule",
    "ProximalSgdRule",
    "RmsPropRule",
    "SgdRule",
    "UnscaledMomentumRule",
]

Arrays = tuple[Any, ...]

_SERIES_TERMS = 48  # 2^-48 / 48 is below what float64 tells from 1


class SgdRule(UpdateRule):
    """w - rate * g (Robbins and Monro, 1951)."""

    skips_zeros = True

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        return (w - rate * g,)


class MomentumRule(UpdateRule):
    """Gradient descent with a velocity (Sutskever et al., 2013, equations 1 and 2).

        m' = momentum * m - rate * g
        w' = w + m'

    With `nesterov` the step looks ahead along the velocity, in the form whose gradient is taken
    at w itself (Bengio, Boulanger-Lewandowski and Pascanu, 2013, section 3.5):

        w' = w + momentum * m' - rate * g
    """

    momentum: float
    nesterov: bool = False

    @property
    def slots(self) -> Mapping[str, float]:
        """The velocity."""
        return {"momentum": 0.0}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        [m] = slots
        push = rate * g
        m = self.momentum * m - push
        return (w + self.momentum * m - push if self.nesterov else w + m), m


class UnscaledMomentumRule(UpdateRule):
    """Gradient descent along a decaying sum of gradients (TensorFlow 1's Momentum).

        a' = momentum * a + g
        w' = w - rate * a',  or with `nesterov`  w - rate * (g + momentum * a')

    While the rate is constant this is `MomentumRule` with m = -rate * a. When the rate falls, this
    slows down at once, while that still carries the speed of the old rate.
    """

    momentum: float
    nesterov: bool = False

    @property
    def slots(self) -> Mapping[str, float]:
        """The sum."""
        return {"momentum": 0.0}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        [a] = slots
        a = self.momentum * a + g
        return w - rate * (g + self.momentum * a if self.nesterov else a), a


class AdamRule(UpdateRule):
    """Adaptive moments (Kingma and Ba, 2015, the form just before section 2.1).

        m' = beta_1 * m + (1 - beta_1) * g
        v' = beta_2 * v + (1 - beta_2) * g^2
        w' = w - rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m' / (sqrt(v') + epsilon)

    This epsilon is the paper's "epsilon hat". With `amsgrad` the largest v' so far stands in the
    last line (Reddi, Kale and Kumar, 2018, algorithm 2).
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False

    takes_step = True

    @property
    def slots(self) -> Mapping[str, float]:
        """Both moments, and the largest second one."""
        names = ("momentum", "velocity", "velocity_hat")
        return dict.fromkeys(names if self.amsgrad else names[:2], 0.0)

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula; the averages as m + (g - m) * (1 - beta), which rounds less."""
        m, v, *largest = slots
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (g * g - v) * (1 - self.beta_2)
        largest = [xp.maximum(old, v) for old in largest]
        rate = rate * xp.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        w = w - m * rate / (xp.sqrt(largest[0] if largest else v) + self.epsilon)
        return w, m, v, *largest


class AdamaxRule(UpdateRule):
    """Adam with the largest gradient for the second moment (Kingma and Ba, 2015, algorithm 2).

    m' = beta_1 * m + (1 - beta_1) * g
    u' = max(beta_2 * u, |g|)
    w' = w - rate / (1 - beta_1^t) * m' / (u' + epsilon)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    takes_step = True

    @property
    def slots(self) -> Mapping[str, float]:
        """The first moment, and the largest size, which fades."""
        return {"momentum": 0.0, "norm": 0.0}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        m, u = slots
        m = m + (g - m) * (1 - self.beta_1)
        u = xp.maximum(self.beta_2 * u, xp.abs(g))
        return w - rate / (1 - self.beta_1**t) * m / (u + self.epsilon), m, u


class NadamRule(UpdateRule):
    """Adam that looks ahead along its first moment (Dozat, 2016, "Incorporating Nesterov Momentum
    into Adam", algorithm 8).

        mu_t = beta_1 * (1 - 0.96^(schedule_decay * t) / 2)
        m'   = beta_1 * m + (1 - beta_1) * g
        v'   = beta_2 * v + (1 - beta_2) * g^2
        n    = mu_(t+1) / (1 - mu_1 ... mu_(t+1)) * m' + (1 - mu_t) / (1 - mu_1 ... mu_t) * g
        w'   = w - rate * n / (sqrt(v' / (1 - beta_2^t)) + epsilon)

    The products are functions of t alone and need no state: `_log_product` has the series.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    schedule_decay: float = 1.0

    takes_step = True

    @property
    def slots(self) -> Mapping[str, float]:
        """Both moments."""
        return {"momentum": 0.0, "velocity": 0.0}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        m, v = slots
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (g * g - v) * (1 - self.beta_2)
        fade = self.schedule_decay * math.log(0.96)
        now = self.beta_1 * (1 - 0.5 * xp.exp(fade * t))
        ahead = self.beta_1 * (1 - 0.5 * xp.exp(fade * (t + 1)))
        product = self.beta_1**t * xp.exp(_log_product(xp, fade, t))
        look = ahead / (1 - product * ahead) * m + (1 - now) / (1 - product) * g
        # 1 - beta_2^t: taken from 1, the first ones would have four digits in float32
        past = -xp.expm1(math.log(self.beta_2) * t) if self.beta_2 else 1.0
        return w - rate * look / (xp.sqrt(v / past) + self.epsilon), m, v


def _log_product(xp: Any, fade: float, t: Any) -> Any:
    """The logarithm of the product of 1 - q^i / 2 for i = 1 ... t, where q = exp(fade) < 1.

    log(1 - x) is minus the sum of x^k / k over k >= 1. For x = q^i / 2 the sum over i comes first
    and is geometric: with p = q^t, what remains is the sum of c_k (p^k - 1), whose c_k fade as
    2^-k. As p^k - 1 = (p - 1) (1 + p + ... + p^(k-1)), it is p - 1 times a polynomial without
    signs, which Horner's rule takes without loss of digits.
    """
    terms = range(_SERIES_TERMS, 0, -1)
    weights = [0.5**k / k * math.exp(k * fade) / -math.expm1(k * fade) for k in terms]
    p = xp.exp(fade * t)
    total: Any = 0.0
    for upper in itertools.accumulate(weights):
        total = total * p + upper
    return xp.expm1(fade * t) * total


class AdadeltaRule(UpdateRule):
    """Steps in units of earlier steps (Zeiler, 2012, algorithm 1).

        a' = rho * a + (1 - rho) * g^2
        d  = -sqrt(b + epsilon) / sqrt(a' + epsilon) * g        (equation 14)
        b' = rho * b + (1 - rho) * d^2
        w' = w + rate * d

    The paper has no rate: it is 1 there.
    """

    rho: float = 0.95
    epsilon: float = 1e-7

    @property
    def slots(self) -> Mapping[str, float]:
        """The averages of squared gradients and of squared steps."""
        return {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        a, b = slots
        a = self.rho * a + (1 - self.rho) * (g * g)
        d = -(xp.sqrt(b + self.epsilon) * g / xp.sqrt(a + self.epsilon))
        b = self.rho * b + (1 - self.rho) * (d * d)
        return w + rate * d, a, b


class AdagradRule(UpdateRule):
    """A rate for each element, by its past (Duchi, Hazan and Singer, 2011, equation 1, diagonal).

        a' = a + g^2
        w' = w - rate * g / sqrt(a' + epsilon)

    a starts at `start`.
    """

    epsilon: float = 1e-7
    start: float = 0.1

    @property
    def slots(self) -> Mapping[str, float]:
        """The sum of squared gradients."""
        return {"accumulator": self.start}

    @property
    def skips_zeros(self) -> bool:
        """Yes, if the root is never of zero: 0 / 0 would be no number."""
        return self.epsilon > 0 or self.start > 0

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        [a] = slots
        a = a + g * g
        return w - rate * g / xp.sqrt(a + self.epsilon), a


class FtrlRule(UpdateRule):
    """Follow the regularized leader, per coordinate (McMahan et al., 2013, "Ad Click Prediction: a
    View from the Trenches", algorithm 1).

        a' = a + g^2
        z' = z + g - (a'^-p - a^-p) / rate * w              with shrinkage, 2 * shrinkage * w more
        w' = (clip(z', -l1, l1) - z') / (a'^-p / rate + beta / rate + 2 * l2)

    p is `rate_power`, -1/2 in the paper, whose lambda_2 is 2 * l2 here. The weights are those that
    minimise all linear losses so far, so l1 makes zeros. a starts at `start`.
    """

    rate_power: float = -0.5
    l1: float = 0.0
    l2: float = 0.0
    l2_shrinkage: float = 0.0
    beta: float = 0.0
    start: float = 0.1

    @property
    def slots(self) -> Mapping[str, float]:
        """The sum of squared gradients, and of gradients less what the weights stand for."""
        return {"accumulator": self.start, "linear": 0.0}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        a, z = slots
        old = a**-self.rate_power
        a = a + g * g
        new = a**-self.rate_power
        pull = g + (2 * self.l2_shrinkage) * w if self.l2_shrinkage else g
        z = z + pull - (new - old) / rate * w
        w = (xp.clip(z, -self.l1, self.l1) - z) / ((new + self.beta) / rate + 2 * self.l2)
        return w, a, z


def _shrunk(xp: Any, w: Any, rate: Any, l1: float, l2: float) -> Any:
    """The proximal operator of rate * (l1 * |w| + l2 / 2 * w^2) (Duchi and Singer, 2009)."""
    return xp.sign(w) * xp.maximum(xp.abs(w) - rate * l1, 0) / (1 + rate * l2)


class ProximalSgdRule(UpdateRule):
    """Forward-backward splitting (Duchi and Singer, 2009, equations 2 and 3).

    v  = w - rate * g
    w' = sign(v) * max(|v| - rate * l1, 0) / (1 + rate * l2)
    """

    l1: float = 0.0
    l2: float = 0.0

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        return (_shrunk(xp, w - rate * g, rate, self.l1, self.l2),)


class ProximalAdagradRule(UpdateRule):
    """`ProximalSgdRule` with the rate rate / sqrt(a') for each element, a' = a + g^2.

    a starts at `start`.
    """

    l1: float = 0.0
    l2: float = 0.0
    start: float = 0.1

    @property
    def slots(self) -> Mapping[str, float]:
        """The sum of squared gradients."""
        return {"accumulator": self.start}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        [a] = slots
        a = a + g * g
        own = rate / xp.sqrt(a)
        return _shrunk(xp, w - own * g, own, self.l1, self.l2), a


class AdagradDualAveragingRule(UpdateRule):
    """Adagrad in its dual averaging form (Duchi, Hazan and Singer, 2011, equation 24).

        s' = s + g,  a' = a + g^2
        w' = -rate * sign(s') * max(|s'| - l1 * t, 0) / (l2 * t * rate + sqrt(a'))

    What w started from is forgotten at the first step. a starts at `start`.
    """

    l1: float = 0.0
    l2: float = 0.0
    start: float = 0.1

    takes_step = True

    @property
    def slots(self) -> Mapping[str, float]:
        """The sums of gradients and of their squares."""
        return {"gradient_accumulator": 0.0, "gradient_squared_accumulator": self.start}

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        s, a = slots
        s = s + g
        a = a + g * g
        pull = xp.sign(s) * xp.maximum(xp.abs(s) - self.l1 * t, 0)
        return -rate * pull / (self.l2 * t * rate + xp.sqrt(a)), s, a


class RmsPropRule(UpdateRule):
    """Divides the gradient by the size it usually has (Hinton, 2012, lecture 6e).

        v' = rho * v + (1 - rho) * g^2
        d  = rate * g / sqrt(v' + epsilon)
        w' = w - d

    With `momentum` steps are added up: p' = momentum * p + d, w' = w - p'. With `centered` the
    average gradient is taken out: h' = rho * h + (1 - rho) * g, and the root is of
    v' - h'^2 + epsilon (Graves, 2013, equations 38 to 41). v starts at `start`.
    """

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    start: float = 0.0

    @property
    def slots(self) -> Mapping[str, float]:
        """The average of squares, and where asked for the sum of steps and the average gradient."""
        slots = {"velocity": self.start}
        if self.momentum:
            slots["momentum"] = 0.0
        if self.centered:
            slots["average_gradient"] = 0.0
        return slots

    def step(self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any) -> Arrays:
        """The formula."""
        old = dict(zip(self.slots, slots, strict=True))
        v = self.rho * old["velocity"] + (1 - self.rho) * (g * g)
        new = [v]
        denominator = v + self.epsilon
        if self.centered:
            h = self.rho * old["average_gradient"] + (1 - self.rho) * g
            denominator = v - h * h + self.epsilon
        d = rate * g / xp.sqrt(denominator)
        if self.momentum:
            d = self.momentum * old["momentum"] + d
            new.append(d)
        if self.centered:
            new.append(h)
        return w - d, *new

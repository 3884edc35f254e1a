"""Keras's policies of number formats.

Under Keras's `mixed_bfloat16` layers keep float32 weights and compute in 16 bits. Here they compute
in float32 under every policy, and a mixed one lets the engine round the operands of large products
to bfloat16 where that is faster (`thalweg.set_precision`): nothing overflows, so losses need not be
scaled, and outputs are float32 without asking.

>>> import thalweg as keras
>>> keras.mixed_precision.set_global_policy("mixed_bfloat16")
>>> keras.mixed_precision.global_policy()
<Policy "mixed_bfloat16">
>>> keras.mixed_precision.set_global_policy("float32")
"""

from __future__ import annotations

from typing import Any

from thalweg.core import get_precision, set_precision

from .options import OneOf, option_error

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

_POLICY = OneOf("float32", "mixed_bfloat16", "mixed_float16")


class Policy:
    """How layers compute.

    Args:
        name: `"float32"`, `"mixed_bfloat16"`, or `"mixed_float16"`, which is the same here.

    Attributes:
        name: the same.
        compute_dtype: of layers' outputs: `"float32"`.
        variable_dtype: of their weights: `"float32"`.

    Raises:
        OptionError: for another name.

    >>> Policy("mixed_bfloat16").variable_dtype
    'float32'
    """

    compute_dtype = variable_dtype = "float32"

    def __init__(self, name: str) -> None:
        if name in ("bfloat16", "float16", "float64"):
            hint = f'layers take it one by one: Dense(8, dtype="{name}")'
            raise option_error("Policy", "name", name, "'float32' or 'mixed_bfloat16'", hint)
        self.name = _POLICY.check("Policy", "name", name)

    def __repr__(self) -> str:
        return f'<Policy "{self.name}">'


DTypePolicy = Policy


class _Global:
    policy = Policy("float32")


def set_global_policy(policy: str | Policy) -> None:
    """Sets how all models compute from their next run on.

    Args:
        policy: its name, or a `Policy`.

    Raises:
        OptionError: for the name of another one.

    >>> set_global_policy("float32")
    """
    _Global.policy = policy if isinstance(policy, Policy) else Policy(policy)
    set_precision("float32" if _Global.policy.name == "float32" else "bfloat16")


def global_policy() -> Policy:
    """The policy in force, `float32` at first; `thalweg.set_precision` changes it as well.

    >>> global_policy().name
    'float32'
    """
    is_mixed = get_precision() == "bfloat16"
    if is_mixed != (_Global.policy.name != "float32"):
        _Global.policy = Policy("mixed_bfloat16" if is_mixed else "float32")
    return _Global.policy


set_dtype_policy, dtype_policy = set_global_policy, global_policy


def LossScaleOptimizer(inner_optimizer: Any, **scaling: Any) -> Any:
    """The optimizer itself: gradients are float32, and need no scaled losses.

    Args:
        inner_optimizer: an optimizer.
        scaling: ignored.

    >>> from thalweg.optimizers import SGD
    >>> isinstance(LossScaleOptimizer(SGD(0.1)), SGD)
    True
    """
    del scaling
    return inner_optimizer

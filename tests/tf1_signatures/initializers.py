"""Signatures of TensorFlow 1.15: initializers, each under its two names."""

from __future__ import annotations

BOTH = {
    "constant": "value=0, dtype=float32, verify_shape=False",
    "glorot_normal": "seed=None, dtype=float32",
    "glorot_uniform": "seed=None, dtype=float32",
    "ones": "dtype=float32",
    "orthogonal": "gain=1.0, seed=None, dtype=float32",
    "random_normal": "mean=0.0, stddev=1.0, seed=None, dtype=float32",
    "random_uniform": "minval=0, maxval=None, seed=None, dtype=float32",
    "truncated_normal": "mean=0.0, stddev=1.0, seed=None, dtype=float32",
    "uniform_unit_scaling": "factor=1.0, seed=None, dtype=float32",
    "variance_scaling": "scale=1.0, mode='fan_in', distribution='truncated_normal', seed=None, "
    "dtype=float32",
    "zeros": "dtype=float32",
}

SIGNATURES = {
    **{f"{name}_initializer": arguments for name, arguments in BOTH.items()},
    **{f"initializers.{name}": arguments for name, arguments in BOTH.items()},
    "initializers.global_variables": "",
    "initializers.he_normal": "seed=None",
    "initializers.he_uniform": "seed=None",
    "initializers.identity": "gain=1.0, dtype=float32",
    "initializers.lecun_normal": "seed=None",
    "initializers.lecun_uniform": "seed=None",
    "initializers.local_variables": "",
    "initializers.tables_initializer": "name='init_all_tables'",
    "initializers.variables": "var_list, name='init'",
}

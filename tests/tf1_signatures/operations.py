"""Signatures of TensorFlow 1.15: mathematics, arrays and random numbers."""

from __future__ import annotations

REDUCTION = (
    "input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None"
)
ARGUMENT_OF_MAXIMUM = "input, axis=None, name=None, dimension=None, output_type=int64"
UNARY = "x, name=None"
BINARY = "x, y, name=None"

SIGNATURES = {
    # mathematics
    **dict.fromkeys(
        "abs ceil cos erf exp expm1 floor is_finite is_inf is_nan log log1p logical_not negative "
        "reciprocal round rsqrt sigmoid sign sin sqrt square tan tanh".split(),
        UNARY,
    ),
    **dict.fromkeys(
        "add div divide equal floordiv floormod greater greater_equal less less_equal logical_and "
        "logical_or maximum minimum mod multiply not_equal pow squared_difference subtract "
        "truediv".split(),
        BINARY,
    ),
    "logical_xor": "x, y, name='LogicalXor'",
    "add_n": "inputs, name=None",
    "cast": "x, dtype, name=None",
    "to_double": "x, name='ToDouble'",
    "to_float": "x, name='ToFloat'",
    "to_int32": "x, name='ToInt32'",
    "to_int64": "x, name='ToInt64'",
    "clip_by_global_norm": "t_list, clip_norm, use_norm=None, name=None",
    "clip_by_norm": "t, clip_norm, axes=None, name=None",
    "clip_by_value": "t, clip_value_min, clip_value_max, name=None",
    "global_norm": "t_list, name=None",
    "matmul": "a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, "
    "a_is_sparse=False, b_is_sparse=False, name=None",
    "where": "condition, x=None, y=None, name=None",
    **dict.fromkeys(
        "reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod "
        "reduce_sum".split(),
        REDUCTION,
    ),
    "argmax": ARGUMENT_OF_MAXIMUM,
    "argmin": ARGUMENT_OF_MAXIMUM,
    # arrays
    "broadcast_to": "input, shape, name=None",
    "concat": "values, axis, name='concat'",
    "expand_dims": "input, axis=None, name=None, dim=None",
    "fill": "dims, value, name=None",
    "gather": "params, indices, validate_indices=None, name=None, axis=None, batch_dims=0",
    "one_hot": "indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None",
    "ones": "shape, dtype=float32, name=None",
    "ones_like": "tensor, dtype=None, name=None, optimize=True",
    "pad": "tensor, paddings, mode='CONSTANT', name=None, constant_values=0",
    "range": "start, limit=None, delta=1, dtype=None, name='range'",
    "rank": "input, name=None",
    "reshape": "tensor, shape, name=None",
    "shape": "input, name=None, out_type=int32",
    "size": "input, name=None, out_type=int32",
    "split": "value, num_or_size_splits, axis=0, num=None, name='split'",
    "squeeze": "input, axis=None, name=None, squeeze_dims=None",
    "stack": "values, axis=0, name='stack'",
    "tile": "input, multiples, name=None",
    "transpose": "a, perm=None, name='transpose', conjugate=False",
    "unstack": "value, num=None, axis=0, name='unstack'",
    "zeros": "shape, dtype=float32, name=None",
    "zeros_like": "tensor, dtype=None, name=None, optimize=True",
    # random numbers
    "random_normal": "shape, mean=0.0, stddev=1.0, dtype=float32, seed=None, name=None",
    "random_uniform": "shape, minval=0, maxval=None, dtype=float32, seed=None, name=None",
    "truncated_normal": "shape, mean=0.0, stddev=1.0, dtype=float32, seed=None, name=None",
}

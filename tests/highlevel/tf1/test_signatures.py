"""Every function takes the arguments that TensorFlow 1.15's documentation lists, in its order."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Any

import pytest

import thalweg.tf1 as tf
from thalweg.tf1.examples.tutorials.mnist import input_data

REDUCTION = (
    "input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None"
)
ARGUMENT_OF_MAXIMUM = "input, axis=None, name=None, dimension=None, output_type=int64"
UNARY = "x, name=None"
BINARY = "x, y, name=None"
FEATURES = "features, name=None"
SOFTMAX = "logits, axis=None, name=None, dim=None"
POOL = "value, ksize, strides, padding, data_format='NHWC', name=None, input=None"
SESSION = "target='', graph=None, config=None"
COMPUTE_GRADIENTS = (
    "loss, var_list=None, gate_gradients=1, aggregation_method=None, "
    "colocate_gradients_with_ops=False, grad_loss=None"
)

# Written by hand from the pages of TensorFlow 1.15's API documentation.
SIGNATURES = {
    # graphs
    "Graph": "",
    "add_to_collection": "name, value",
    "control_dependencies": "control_inputs",
    "get_collection": "key, scope=None",
    "get_collection_ref": "key",
    "get_default_graph": "",
    "get_default_session": "",
    "gradients": "ys, xs, grad_ys=None, name='gradients', colocate_gradients_with_ops=False, "
    "gate_gradients=False, aggregation_method=None, stop_gradients=None, "
    "unconnected_gradients=UnconnectedGradients.NONE",
    "group": "*inputs, **kwargs",
    "name_scope": "name, default_name=None, values=None",
    "no_op": "name=None",
    "reset_default_graph": "",
    "set_random_seed": "seed",
    # sessions
    "Session": SESSION,
    "Session.run": "fetches, feed_dict=None, options=None, run_metadata=None",
    "Session.make_callable": "fetches, feed_list=None, accept_options=False",
    "Session.as_default": "",
    "Session.close": "",
    "InteractiveSession": SESSION,
    "InteractiveSession.close": "",
    "Tensor.eval": "feed_dict=None, session=None",
    "Operation.run": "feed_dict=None, session=None",
    # inputs
    "as_dtype": "type_value",
    "constant": "value, dtype=None, shape=None, name='Const', verify_shape=False",
    "convert_to_tensor": "value, dtype=None, name=None, preferred_dtype=None, dtype_hint=None",
    "identity": "input, name=None",
    "placeholder": "dtype, shape=None, name=None",
    "placeholder_with_default": "input, shape, name=None",
    "stop_gradient": "input, name=None",
    # variables
    "Variable": "initial_value=None, trainable=None, collections=None, validate_shape=True, "
    "caching_device=None, name=None, variable_def=None, dtype=None, expected_shape=None, "
    "import_scope=None, constraint=None, use_resource=None, "
    "synchronization=VariableSynchronization.AUTO, aggregation=VariableAggregation.NONE, "
    "shape=None",
    "Variable.assign": "value, use_locking=False, name=None, read_value=True",
    "Variable.assign_add": "delta, use_locking=False, name=None, read_value=True",
    "Variable.assign_sub": "delta, use_locking=False, name=None, read_value=True",
    "Variable.eval": "session=None",
    "Variable.get_shape": "",
    "Variable.initialized_value": "",
    "Variable.load": "value, session=None",
    "Variable.read_value": "",
    "Variable.value": "",
    "all_variables": "",
    "assign": "ref, value, validate_shape=None, use_locking=None, name=None",
    "assign_add": "ref, value, use_locking=None, name=None",
    "assign_sub": "ref, value, use_locking=None, name=None",
    "global_variables": "scope=None",
    "global_variables_initializer": "",
    "initialize_all_variables": "",
    "initialize_variables": "var_list, name='init'",
    "local_variables": "scope=None",
    "local_variables_initializer": "",
    "trainable_variables": "scope=None",
    "variables_initializer": "var_list, name='init'",
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
    # tf.nn
    "nn.avg_pool": POOL,
    "nn.batch_normalization": "x, mean, variance, offset, scale, variance_epsilon, name=None",
    "nn.bias_add": "value, bias, data_format=None, name=None",
    "nn.conv2d": "input, filter=None, strides=None, padding=None, use_cudnn_on_gpu=True, "
    "data_format='NHWC', dilations=[1, 1, 1, 1], name=None, filters=None",
    "nn.dropout": "x, keep_prob=None, noise_shape=None, seed=None, name=None, rate=None",
    "nn.elu": FEATURES,
    "nn.in_top_k": "predictions, targets, k, name=None",
    "nn.l2_loss": "t, name=None",
    "nn.l2_normalize": "x, axis=None, epsilon=1e-12, name=None, dim=None",
    "nn.leaky_relu": "features, alpha=0.2, name=None",
    "nn.log_softmax": SOFTMAX,
    "nn.max_pool": POOL,
    "nn.moments": "x, axes, shift=None, name=None, keep_dims=None, keepdims=None",
    "nn.relu": FEATURES,
    "nn.relu6": FEATURES,
    "nn.sigmoid": UNARY,
    "nn.sigmoid_cross_entropy_with_logits": "_sentinel=None, labels=None, logits=None, name=None",
    "nn.softmax": SOFTMAX,
    "nn.softmax_cross_entropy_with_logits": "_sentinel=None, labels=None, logits=None, dim=-1, "
    "name=None, axis=None",
    "nn.softmax_cross_entropy_with_logits_v2": "labels, logits, axis=None, name=None, dim=None",
    "nn.softplus": FEATURES,
    "nn.softsign": FEATURES,
    "nn.sparse_softmax_cross_entropy_with_logits": "_sentinel=None, labels=None, logits=None, "
    "name=None",
    "nn.tanh": UNARY,
    "nn.xw_plus_b": "x, weights, biases, name=None",
    # tf.train
    "train.AdadeltaOptimizer": "learning_rate=0.001, rho=0.95, epsilon=1e-08, use_locking=False, "
    "name='Adadelta'",
    "train.AdagradOptimizer": "learning_rate, initial_accumulator_value=0.1, use_locking=False, "
    "name='Adagrad'",
    "train.AdamOptimizer": "learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, "
    "use_locking=False, name='Adam'",
    "train.GradientDescentOptimizer": "learning_rate, use_locking=False, name='GradientDescent'",
    "train.MomentumOptimizer": "learning_rate, momentum, use_locking=False, name='Momentum', "
    "use_nesterov=False",
    "train.Optimizer": "use_locking, name",
    "train.Optimizer.apply_gradients": "grads_and_vars, global_step=None, name=None",
    "train.Optimizer.compute_gradients": COMPUTE_GRADIENTS,
    "train.Optimizer.get_name": "",
    "train.Optimizer.get_slot": "var, name",
    "train.Optimizer.get_slot_names": "",
    "train.Optimizer.minimize": "loss, global_step=None, var_list=None, gate_gradients=1, "
    "aggregation_method=None, colocate_gradients_with_ops=False, name=None, grad_loss=None",
    "train.Optimizer.variables": "",
    "train.RMSPropOptimizer": "learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10, "
    "use_locking=False, centered=False, name='RMSProp'",
    "train.exponential_decay": "learning_rate, global_step, decay_steps, decay_rate, "
    "staircase=False, name=None",
}
READ_DATA_SETS = (
    "train_dir, fake_data=False, one_hot=False, dtype=float32, reshape=True, validation_size=5000, "
    "seed=None, source_url='https://storage.googleapis.com/cvdf-datasets/mnist/'"
)
# Names that are not called, or that are filled with attributes rather than arguments.
OTHERS = {
    "AggregationMethod", "ConfigProto", "DType", "GPUOptions", "GraphKeys", "Operation", "Tensor",
    "UnconnectedGradients", "VariableAggregation", "VariableSynchronization",
}  # fmt: skip


def spelled(default: Any) -> str:
    if isinstance(default, Enum):
        return f"{type(default).__name__}.{default.name}"
    return default.name if isinstance(default, tf.DType) else repr(default)


def signature_of(function: Any) -> str:
    """`x, name=None`, without the first argument of a method."""
    parts = []
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        assert parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
        name = str(parameter.replace(annotation=parameter.empty, default=parameter.empty))
        has_default = parameter.default is not parameter.empty
        parts.append(f"{name}={spelled(parameter.default)}" if has_default else name)
    return ", ".join(part for part in parts if part != "self")


def found(path: str) -> Any:
    item: Any = tf
    for part in path.split("."):
        item = getattr(item, part)
    return item


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    assert signature_of(found(name)) == SIGNATURES[name]


def test_signature_of_the_mnist_reader() -> None:
    assert signature_of(input_data.read_data_sets) == READ_DATA_SETS
    batch = signature_of(input_data.DataSet.next_batch)
    assert batch == "batch_size, fake_data=False, shuffle=True"


def test_every_function_has_a_row() -> None:
    functions = {name for name in tf.__all__ if callable(getattr(tf, name))} - OTHERS
    functions |= {f"nn.{name}" for name in tf.nn.__all__}
    functions |= {f"train.{name}" for name in tf.train.__all__}
    assert functions - set(SIGNATURES) == set()


def test_wrong_signatures_are_seen() -> None:
    assert signature_of(lambda x, y=0: x) == "x, y=0"
    with pytest.raises(AssertionError):
        signature_of(lambda x, *, name=None: x)

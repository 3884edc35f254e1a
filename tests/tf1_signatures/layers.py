"""Signatures of TensorFlow 1.15: `tf.layers` and `tf.contrib.layers`."""

from __future__ import annotations

ZEROS, ONES = "zeros_initializer()", "ones_initializer()"
END = "trainable=True, name=None"
PENALTIES = (
    "kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, "
    "kernel_constraint=None, bias_constraint=None"
)
WEIGHTS = f"use_bias=True, kernel_initializer=None, bias_initializer={ZEROS}, {PENALTIES}, {END}"
DENSE = f"units, activation=None, {WEIGHTS}"
SIZES = "filters, kernel_size, strides={0}, padding='valid', data_format='channels_last'"
CONVOLUTION = f"{SIZES}, dilation_rate={{0}}, activation=None, {WEIGHTS}"
TRANSPOSED = f"{SIZES}, activation=None, {WEIGHTS}"
SEPARABLE = (
    f"{SIZES}, dilation_rate={{0}}, depth_multiplier=1, activation=None, use_bias=True, "
    f"depthwise_initializer=None, pointwise_initializer=None, bias_initializer={ZEROS}, "
    "depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None, "
    "activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None, "
    f"bias_constraint=None, {END}"
)
POOLING = "pool_size, strides, padding='valid', data_format='channels_last', name=None"
NORMALIZATION = (
    f"axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True, beta_initializer={ZEROS}, "
    f"gamma_initializer={ONES}, moving_mean_initializer={ZEROS}, "
    f"moving_variance_initializer={ONES}, beta_regularizer=None, gamma_regularizer=None, "
    "beta_constraint=None, gamma_constraint=None"
)
# A class and its function: the name of each, and the arguments that both take.
SHARING = {
    ("Dense", "dense"): DENSE,
    ("Conv1D", "conv1d"): CONVOLUTION.format("1"),
    ("Conv2D", "conv2d"): CONVOLUTION.format("(1, 1)"),
    ("Conv3D", "conv3d"): CONVOLUTION.format("(1, 1, 1)"),
    ("Conv2DTranspose", "conv2d_transpose"): TRANSPOSED.format("(1, 1)"),
    ("Conv3DTranspose", "conv3d_transpose"): TRANSPOSED.format("(1, 1, 1)"),
    ("SeparableConv1D", "separable_conv1d"): SEPARABLE.format("1"),
    ("SeparableConv2D", "separable_conv2d"): SEPARABLE.format("(1, 1)"),
}
POOLS = {
    (f"{kind}Pooling{rank}D", f"{name}_pooling{rank}d"): POOLING
    for kind, name in (("Max", "max"), ("Average", "average"))
    for rank in (1, 2, 3)
}
CONTRIB = (
    "activation_fn=relu, normalizer_fn=None, normalizer_params=None, "
    "weights_initializer=variance_scaling_initializer(), weights_regularizer=None, "
    f"biases_initializer={ZEROS}, biases_regularizer=None, reuse=None, "
    "variables_collections=None, outputs_collections=None, trainable=True, scope=None"
)
CONTRIB_POOL = (
    "inputs, kernel_size, stride=2, padding='VALID', data_format='NHWC', "
    "outputs_collections=None, scope=None"
)

SIGNATURES = {
    **{f"layers.{cls}": f"{given}, **kwargs" for (cls, _), given in {**SHARING, **POOLS}.items()},
    **{f"layers.{name}": f"inputs, {given}, reuse=None" for (_, name), given in SHARING.items()},
    **{f"layers.{name}": f"inputs, {given}" for (_, name), given in POOLS.items()},
    "layers.BatchNormalization": NORMALIZATION + ", renorm=False, renorm_clipping=None, "
    "renorm_momentum=0.99, fused=None, trainable=True, virtual_batch_size=None, adjustment=None, "
    "name=None, **kwargs",
    "layers.Dropout": "rate=0.5, noise_shape=None, seed=None, name=None, **kwargs",
    "layers.Flatten": "data_format=None, **kwargs",
    "layers.InputSpec": "dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, "
    "axes=None",
    "layers.Layer": "trainable=True, name=None, dtype=None, **kwargs",
    "layers.Layer.add_loss": "losses, inputs=None",
    "layers.Layer.add_update": "updates, inputs=None",
    "layers.Layer.apply": "inputs, *args, **kwargs",
    "layers.Layer.build": "input_shape",
    "layers.Layer.call": "inputs, *args, **kwargs",
    "layers.Layer.count_params": "",
    "layers.batch_normalization": f"inputs, {NORMALIZATION}, training=False, {END}, reuse=None, "
    "renorm=False, renorm_clipping=None, renorm_momentum=0.99, fused=None, "
    "virtual_batch_size=None, adjustment=None",
    "layers.dropout": "inputs, rate=0.5, noise_shape=None, seed=None, training=False, name=None",
    "layers.flatten": "inputs, name=None, data_format='channels_last'",
    # tf.contrib.layers
    "contrib.layers.apply_regularization": "regularizer, weights_list=None",
    "contrib.layers.avg_pool2d": CONTRIB_POOL,
    "contrib.layers.batch_norm": "inputs, decay=0.999, center=True, scale=False, epsilon=0.001, "
    "activation_fn=None, param_initializers=None, param_regularizers=None, "
    "updates_collections='update_ops', is_training=True, reuse=None, variables_collections=None, "
    "outputs_collections=None, trainable=True, batch_weights=None, fused=None, "
    "data_format='NHWC', zero_debias_moving_mean=False, scope=None, renorm=False, "
    "renorm_clipping=None, renorm_decay=0.99, adjustment=None",
    "contrib.layers.conv2d": "inputs, num_outputs, kernel_size, stride=1, padding='SAME', "
    f"data_format=None, rate=1, {CONTRIB}",
    "contrib.layers.dropout": "inputs, keep_prob=0.5, noise_shape=None, is_training=True, "
    "outputs_collections=None, scope=None, seed=None",
    "contrib.layers.flatten": "inputs, outputs_collections=None, scope=None",
    "contrib.layers.fully_connected": f"inputs, num_outputs, {CONTRIB}",
    "contrib.layers.l1_l2_regularizer": "scale_l1=1.0, scale_l2=1.0, scope=None",
    "contrib.layers.l1_regularizer": "scale, scope=None",
    "contrib.layers.l2_regularizer": "scale, scope=None",
    "contrib.layers.linear": "inputs, num_outputs, **kwargs",
    "contrib.layers.max_pool2d": CONTRIB_POOL,
    "contrib.layers.one_hot_encoding": "labels, num_classes, on_value=1.0, off_value=0.0, "
    "outputs_collections=None, scope=None",
    "contrib.layers.relu": "features, name=None",
    "contrib.layers.sum_regularizer": "regularizer_list, scope=None",
    "contrib.layers.variance_scaling_initializer": "factor=2.0, mode='FAN_IN', uniform=False, "
    "seed=None, dtype=float32",
    "contrib.layers.xavier_initializer": "uniform=True, seed=None, dtype=float32",
    "contrib.layers.xavier_initializer_conv2d": "uniform=True, seed=None, dtype=float32",
}

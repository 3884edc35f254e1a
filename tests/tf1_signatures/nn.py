"""Signatures of TensorFlow 1.15: `tf.nn`."""

from __future__ import annotations

UNARY = "x, name=None"
FEATURES = "features, name=None"
SOFTMAX = "logits, axis=None, name=None, dim=None"
POOL = "value, ksize, strides, padding, data_format='NHWC', name=None, input=None"

SIGNATURES = {
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
}

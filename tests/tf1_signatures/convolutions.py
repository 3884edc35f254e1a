"""Signatures of TensorFlow 1.15: convolutions, pools and CTC of `tf.nn`."""

from __future__ import annotations

ONES = "dilations=[1, 1, 1, 1], name=None"
CUDNN = f"use_cudnn_on_gpu=True, data_format='NHWC', {ONES}"
BACK = "strides=None, padding='SAME'"
RENAMED = "name=None, input=None, filters=None, dilations=None"
DEPTHWISE = "strides, padding, rate=None, name=None, data_format=None, dilations=None"
POOL = "input, ksize, strides, padding, data_format='{}', name=None"
STATISTICS = "keep_dims=None, name=None, keepdims=None"

SIGNATURES = {
    "nn.atrous_conv2d": "value, filters, rate, padding, name=None",
    "nn.atrous_conv2d_transpose": "value, filters, output_shape, rate, padding, name=None",
    "nn.avg_pool1d": POOL.format("NWC"),
    "nn.avg_pool2d": "value, ksize, strides, padding, data_format='NHWC', name=None, input=None",
    "nn.avg_pool3d": POOL.format("NDHWC"),
    "nn.conv1d": "value=None, filters=None, stride=None, padding=None, use_cudnn_on_gpu=None, "
    "data_format=None, name=None, input=None, dilations=None",
    "nn.conv1d_transpose": "input, filters, output_shape, strides, padding='SAME', "
    "data_format='NWC', dilations=None, name=None",
    "nn.conv2d_backprop_filter": f"input, filter_sizes, out_backprop, strides, padding, {CUDNN}",
    "nn.conv2d_backprop_input": "input_sizes, filter=None, out_backprop=None, strides=None, "
    f"padding=None, {CUDNN}, filters=None",
    "nn.conv2d_transpose": f"value=None, filter=None, output_shape=None, {BACK}, "
    f"data_format='NHWC', {RENAMED}",
    "nn.conv3d": "input, filter=None, strides=None, padding=None, data_format='NDHWC', "
    "dilations=[1, 1, 1, 1, 1], name=None, filters=None",
    "nn.conv3d_transpose": f"value, filter=None, output_shape=None, {BACK}, "
    f"data_format='NDHWC', {RENAMED}",
    "nn.convolution": "input, filter, padding, strides=None, dilation_rate=None, name=None, "
    "data_format=None, filters=None, dilations=None",
    "nn.ctc_beam_search_decoder": "inputs, sequence_length, beam_width=100, top_paths=1, "
    "merge_repeated=True",
    "nn.ctc_greedy_decoder": "inputs, sequence_length, merge_repeated=True",
    "nn.ctc_loss": "labels, inputs=None, sequence_length=None, "
    "preprocess_collapse_repeated=False, ctc_merge_repeated=True, "
    "ignore_longer_outputs_than_inputs=False, time_major=True, logits=None",
    "nn.ctc_loss_v2": "labels, logits, label_length, logit_length, logits_time_major=True, "
    "unique=None, blank_index=None, name=None",
    "nn.depthwise_conv2d": f"input, filter, {DEPTHWISE}",
    "nn.depthwise_conv2d_native": f"input, filter, strides, padding, data_format='NHWC', {ONES}",
    "nn.fused_batch_norm": "x, scale, offset, mean=None, variance=None, epsilon=0.001, "
    "data_format='NHWC', is_training=True, name=None",
    "nn.local_response_normalization": "input, depth_radius=5, bias=1, alpha=1, beta=0.5, "
    "name=None",
    "nn.log_poisson_loss": "targets, log_input, compute_full_loss=False, name=None",
    "nn.max_pool1d": POOL.format("NWC"),
    "nn.max_pool2d": POOL.format("NHWC"),
    "nn.max_pool3d": POOL.format("NDHWC"),
    "nn.max_pool_with_argmax": "input, ksize, strides, padding, data_format='NHWC', "
    "Targmax=None, name=None, output_dtype=None, include_batch_in_index=False",
    "nn.normalize_moments": "counts, mean_ss, variance_ss, shift, name=None",
    "nn.pool": "input, window_shape, pooling_type, padding, dilation_rate=None, strides=None, "
    "name=None, data_format=None, dilations=None",
    "nn.separable_conv2d": f"input, depthwise_filter, pointwise_filter, {DEPTHWISE}",
    "nn.sufficient_statistics": f"x, axes, shift=None, {STATISTICS}",
    "nn.weighted_moments": "x, axes, frequency_weights, name=None, keep_dims=None, keepdims=None",
}

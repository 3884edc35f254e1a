"""Signatures of TensorFlow 1.15: control flow, arrays of tensors, recurrent networks."""

from __future__ import annotations

LOOPS = "parallel_iterations=10, back_prop=True, swap_memory=False"
CELL = "reuse=None, name=None, dtype=None, **kwargs"
BOTH = "initial_state_fw=None, initial_state_bw=None, dtype=None"

CELLS = {
    "BasicLSTMCell": "num_units, forget_bias=1.0, state_is_tuple=True, activation=None, "
    "reuse=None, name=None, dtype=None, **kwargs",
    "BasicRNNCell": f"num_units, activation=None, {CELL}",
    "DeviceWrapper": "cell, device",
    "DropoutWrapper": "cell, input_keep_prob=1.0, output_keep_prob=1.0, state_keep_prob=1.0, "
    "variational_recurrent=False, input_size=None, dtype=None, seed=None, "
    "dropout_state_filter_visitor=None",
    "GRUCell": "num_units, activation=None, reuse=None, kernel_initializer=None, "
    "bias_initializer=None, name=None, dtype=None, **kwargs",
    "LSTMCell": "num_units, use_peepholes=False, cell_clip=None, initializer=None, num_proj=None, "
    "proj_clip=None, num_unit_shards=None, num_proj_shards=None, forget_bias=1.0, "
    "state_is_tuple=True, activation=None, reuse=None, name=None, dtype=None, **kwargs",
    "LSTMStateTuple": "c, h",
    "MultiRNNCell": "cells, state_is_tuple=True",
    "RNNCell": "trainable=True, name=None, dtype=None, **kwargs",
    "ResidualWrapper": "cell, residual_fn=None",
}
RUNS = {
    "static_bidirectional_rnn": f"cell_fw, cell_bw, inputs, {BOTH}, sequence_length=None, "
    "scope=None",
    "static_rnn": "cell, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None",
}

SAMPLED = (
    "weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None, "
    "remove_accidental_hits={}, partition_strategy='mod', name="
)

CONTRIB = {
    "EmbeddingWrapper": "cell, embedding_classes, embedding_size, initializer=None, reuse=None",
    "InputProjectionWrapper": "cell, num_proj, activation=None, input_size=None, reuse=None",
    "LSTMBlockCell": "num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, dtype=None, "
    "reuse=None, name='lstm_cell'",
    "OutputProjectionWrapper": "cell, output_size, activation=None, reuse=None",
}

SIGNATURES = {
    **{f"contrib.rnn.{name}": arguments for name, arguments in CONTRIB.items()},
    "nn.crelu": "features, name=None, axis=-1",
    "nn.embedding_lookup": "params, ids, partition_strategy='mod', name=None, "
    "validate_indices=True, max_norm=None",
    "nn.lrn": "input, depth_radius=5, bias=1, alpha=1, beta=0.5, name=None",
    "nn.nce_loss": SAMPLED.format(False) + "'nce_loss'",
    "nn.sampled_softmax_loss": SAMPLED.format(True) + "'sampled_softmax_loss', seed=None",
    "nn.selu": "features, name=None",
    "nn.swish": "features",
    "nn.top_k": "input, k=1, sorted=True, name=None",
    "nn.weighted_cross_entropy_with_logits": "labels=None, logits=None, pos_weight=None, "
    "name=None, targets=None",
    "nn.zero_fraction": "value, name=None",
    "Assert": "condition, data, summarize=None, name=None",
    "Print": "input_, data, message=None, first_n=None, summarize=None, name=None",
    "py_func": "func, inp, Tout, stateful=True, name=None",
    "verify_tensor_all_finite": "t=None, msg=None, name=None, x=None, message=None",
    "TensorArray": "dtype, size=None, dynamic_size=None, clear_after_read=None, "
    "tensor_array_name=None, handle=None, flow=None, infer_shape=True, element_shape=None, "
    "colocate_with_first_write_call=True, name=None",
    "case": "pred_fn_pairs, default=None, exclusive=False, strict=False, name='case'",
    "cond": "pred, true_fn=None, false_fn=None, strict=False, name=None, fn1=None, fn2=None",
    "custom_gradient": "function",
    "foldl": f"fn, elems, initializer=None, {LOOPS}, name=None",
    "foldr": f"fn, elems, initializer=None, {LOOPS}, name=None",
    "hessians": "ys, xs, name='hessians', colocate_gradients_with_ops=False, "
    "gate_gradients=False, aggregation_method=None",
    "map_fn": "fn, elems, dtype=None, parallel_iterations=None, back_prop=True, "
    "swap_memory=False, infer_shape=True, name=None",
    "scan": f"fn, elems, initializer=None, {LOOPS}, infer_shape=True, reverse=False, name=None",
    "switch_case": "branch_index, branch_fns, default=None, name='switch_case'",
    "while_loop": f"cond, body, loop_vars, shape_invariants=None, {LOOPS}, name=None, "
    "maximum_iterations=None, return_same_structure=False",
    "nn.bidirectional_dynamic_rnn": "cell_fw, cell_bw, inputs, sequence_length=None, "
    f"{BOTH}, parallel_iterations=None, swap_memory=False, time_major=False, scope=None",
    "nn.dynamic_rnn": "cell, inputs, sequence_length=None, initial_state=None, dtype=None, "
    "parallel_iterations=None, swap_memory=False, time_major=False, scope=None",
    "nn.raw_rnn": "cell, loop_fn, parallel_iterations=None, swap_memory=False, scope=None",
    **{f"nn.{name}": arguments for name, arguments in RUNS.items()},
    **{f"nn.rnn_cell.{name}": arguments for name, arguments in CELLS.items()},
    **{f"contrib.rnn.{name}": arguments for name, arguments in (*CELLS.items(), *RUNS.items())},
}

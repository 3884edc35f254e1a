"""Signatures of TensorFlow 1.15: `tf.train`."""

from __future__ import annotations

COMPUTE_GRADIENTS = (
    "loss, var_list=None, gate_gradients=1, aggregation_method=None, "
    "colocate_gradients_with_ops=False, grad_loss=None"
)

DECAY = "learning_rate, global_step, decay_steps"
RATE = f"{DECAY}, decay_rate, staircase=False, name=None"
SHRINKING = "l1_regularization_strength=0.0, l2_regularization_strength=0.0, use_locking=False"
RUN = "fetches, feed_dict=None, options=None, run_metadata=None"
META_GRAPH = (
    "as_text=False{}, export_scope=None, clear_devices=False, clear_extraneous_savers=False, "
    "strip_default_attrs=False, save_debug_info=False"
)

SIGNATURES = {
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
    "train.AdagradDAOptimizer": "learning_rate, global_step, "
    f"initial_gradient_squared_accumulator_value=0.1, {SHRINKING}, name='AdagradDA'",
    "train.FtrlOptimizer": "learning_rate, learning_rate_power=-0.5, "
    f"initial_accumulator_value=0.1, {SHRINKING}, name='Ftrl', accum_name=None, linear_name=None, "
    "l2_shrinkage_regularization_strength=0.0",
    "train.ProximalAdagradOptimizer": "learning_rate, initial_accumulator_value=0.1, "
    f"{SHRINKING}, name='ProximalAdagrad'",
    "train.ProximalGradientDescentOptimizer": f"learning_rate, {SHRINKING}, "
    "name='ProximalGradientDescent'",
    # learning rates
    "train.cosine_decay": f"{DECAY}, alpha=0.0, name=None",
    "train.cosine_decay_restarts": "learning_rate, global_step, first_decay_steps, t_mul=2.0, "
    "m_mul=1.0, alpha=0.0, name=None",
    "train.exponential_decay": RATE,
    "train.inverse_time_decay": RATE,
    "train.linear_cosine_decay": f"{DECAY}, num_periods=0.5, alpha=0.0, beta=0.001, name=None",
    "train.natural_exp_decay": RATE,
    "train.noisy_linear_cosine_decay": f"{DECAY}, initial_variance=1.0, variance_decay=0.55, "
    "num_periods=0.5, alpha=0.0, beta=0.001, name=None",
    "train.piecewise_constant": "x, boundaries, values, name=None",
    "train.piecewise_constant_decay": "x, boundaries, values, name=None",
    "train.polynomial_decay": f"{DECAY}, end_learning_rate=0.0001, power=1.0, cycle=False, "
    "name=None",
    # averages and the step
    "train.ExponentialMovingAverage": "decay, num_updates=None, zero_debias=False, "
    "name='ExponentialMovingAverage'",
    "train.ExponentialMovingAverage.apply": "var_list=None",
    "train.ExponentialMovingAverage.average": "var",
    "train.ExponentialMovingAverage.average_name": "var",
    "train.ExponentialMovingAverage.variables_to_restore": "moving_avg_variables=None",
    "train.assert_global_step": "global_step_tensor",
    "train.create_global_step": "graph=None",
    "train.get_global_step": "graph=None",
    "train.get_or_create_global_step": "graph=None",
    "train.global_step": "sess, global_step_tensor",
    # checkpoints
    "train.NewCheckpointReader": "filepattern",
    "train.Saver": "var_list=None, reshape=False, sharded=False, max_to_keep=5, "
    "keep_checkpoint_every_n_hours=10000.0, name=None, restore_sequentially=False, saver_def=None, "
    "builder=None, defer_build=False, allow_empty=False, write_version=2, pad_step_number=False, "
    "save_relative_paths=False, filename=None",
    "train.Saver.build": "",
    "train.Saver.export_meta_graph": "filename=None, collection_list=None, "
    + META_GRAPH.format(""),
    "train.Saver.recover_last_checkpoints": "checkpoint_paths",
    "train.Saver.restore": "sess, save_path",
    "train.Saver.save": "sess, save_path, global_step=None, latest_filename=None, "
    "meta_graph_suffix='meta', write_meta_graph=True, write_state=True, strip_default_attrs=False, "
    "save_debug_info=False",
    "train.Saver.set_last_checkpoints": "last_checkpoints",
    "train.Saver.set_last_checkpoints_with_time": "last_checkpoints_with_time",
    "train.checkpoint_exists": "checkpoint_prefix",
    "train.export_meta_graph": "filename=None, meta_info_def=None, graph_def=None, saver_def=None, "
    "collection_list=None, " + META_GRAPH.format(", graph=None") + ", **kwargs",
    "train.generate_checkpoint_state_proto": "save_dir, model_checkpoint_path, "
    "all_model_checkpoint_paths=None, all_model_checkpoint_timestamps=None, "
    "last_preserved_timestamp=None",
    "train.get_checkpoint_mtimes": "checkpoint_prefixes",
    "train.get_checkpoint_state": "checkpoint_dir, latest_filename=None",
    "train.import_meta_graph": "meta_graph_or_file, clear_devices=False, import_scope=None, "
    "**kwargs",
    "train.init_from_checkpoint": "ckpt_dir_or_file, assignment_map",
    "train.latest_checkpoint": "checkpoint_dir, latest_filename=None",
    "train.list_variables": "ckpt_dir_or_file",
    "train.load_checkpoint": "ckpt_dir_or_file",
    "train.load_variable": "ckpt_dir_or_file, name",
    "train.remove_checkpoint": "checkpoint_prefix, checkpoint_format_version=2, "
    "meta_graph_suffix='meta'",
    "train.update_checkpoint_state": "save_dir, model_checkpoint_path, "
    "all_model_checkpoint_paths=None, latest_filename=None, all_model_checkpoint_timestamps=None, "
    "last_preserved_timestamp=None",
    "train.write_graph": "graph_or_graph_def, logdir, name, as_text=True",
    # threads
    "train.Coordinator": "clean_stop_exception_types=None",
    "train.Coordinator.clear_stop": "",
    "train.Coordinator.join": "threads=None, stop_grace_period_secs=120, ignore_live_threads=False",
    "train.Coordinator.raise_requested_exception": "",
    "train.Coordinator.register_thread": "thread",
    "train.Coordinator.request_stop": "ex=None",
    "train.Coordinator.should_stop": "",
    "train.Coordinator.wait_for_stop": "timeout=None",
    "train.LooperThread": "coord, timer_interval_secs, target=None, args=None, kwargs=None",
    "train.LooperThread.loop": "coord, timer_interval_secs, target, args=None, kwargs=None",
    # sessions that watch training
    "train.CheckpointSaverHook": "checkpoint_dir, save_secs=None, save_steps=None, saver=None, "
    "checkpoint_basename='model.ckpt', scaffold=None, listeners=None",
    "train.CheckpointSaverListener": "",
    "train.CheckpointSaverListener.after_save": "session, global_step_value",
    "train.CheckpointSaverListener.before_save": "session, global_step_value",
    "train.CheckpointSaverListener.end": "session, global_step_value",
    "train.ChiefSessionCreator": "scaffold=None, master='', config=None, checkpoint_dir=None, "
    "checkpoint_filename_with_path=None",
    "train.FeedFnHook": "feed_fn",
    "train.FinalOpsHook": "final_ops, final_ops_feed_dict=None",
    "train.GlobalStepWaiterHook": "wait_until_step",
    "train.LoggingTensorHook": "tensors, every_n_iter=None, every_n_secs=None, at_end=False, "
    "formatter=None",
    "train.MonitoredSession": "session_creator=None, hooks=None, stop_grace_period_secs=120",
    "train.MonitoredSession.run": RUN,
    "train.MonitoredSession.run_step_fn": "step_fn",
    "train.MonitoredTrainingSession": "master='', is_chief=True, checkpoint_dir=None, "
    "scaffold=None, hooks=None, chief_only_hooks=None, save_checkpoint_secs=USE_DEFAULT, "
    "save_summaries_steps=USE_DEFAULT, save_summaries_secs=USE_DEFAULT, config=None, "
    "stop_grace_period_secs=120, log_step_count_steps=100, max_wait_secs=7200, "
    "save_checkpoint_steps=USE_DEFAULT, summary_dir=None",
    "train.NanTensorHook": "loss_tensor, fail_on_nan_loss=True",
    "train.Scaffold": "init_op=None, init_feed_dict=None, init_fn=None, ready_op=None, "
    "ready_for_local_init_op=None, local_init_op=None, summary_op=None, saver=None, "
    "copy_from_scaffold=None, local_init_feed_dict=None",
    "train.SecondOrStepTimer": "every_secs=None, every_steps=None",
    "train.SessionCreator": "",
    "train.SessionRunArgs": "fetches, feed_dict=None, options=None",
    "train.SessionRunContext": "original_args, session",
    "train.SessionRunHook": "",
    "train.SessionRunHook.after_create_session": "session, coord",
    "train.SessionRunHook.after_run": "run_context, run_values",
    "train.SessionRunHook.before_run": "run_context",
    "train.SessionRunHook.begin": "",
    "train.SessionRunHook.end": "session",
    "train.SessionRunValues": "results, options, run_metadata",
    "train.SingularMonitoredSession": "hooks=None, scaffold=None, master='', config=None, "
    "checkpoint_dir=None, stop_grace_period_secs=120, checkpoint_filename_with_path=None",
    "train.StepCounterHook": "every_n_steps=100, every_n_secs=None, output_dir=None, "
    "summary_writer=None",
    "train.StopAtStepHook": "num_steps=None, last_step=None",
    "train.WorkerSessionCreator": "scaffold=None, master='', config=None, max_wait_secs=1800",
}

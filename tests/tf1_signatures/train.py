"""Signatures of TensorFlow 1.15: `tf.train`."""

from __future__ import annotations

COMPUTE_GRADIENTS = (
    "loss, var_list=None, gate_gradients=1, aggregation_method=None, "
    "colocate_gradients_with_ops=False, grad_loss=None"
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
    "train.exponential_decay": "learning_rate, global_step, decay_steps, decay_rate, "
    "staircase=False, name=None",
}

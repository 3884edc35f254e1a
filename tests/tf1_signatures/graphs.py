"""Signatures of TensorFlow 1.15: graphs, scopes, sessions, inputs and variables."""

from __future__ import annotations

SESSION = "target='', graph=None, config=None"

GET_VARIABLE = (
    "shape=None, dtype=None, initializer=None, regularizer=None, trainable={}, collections=None, "
    "caching_device=None, partitioner=None, validate_shape=True, use_resource=None, "
    "custom_getter=None, constraint=None, synchronization=VariableSynchronization.AUTO, "
    "aggregation=VariableAggregation.NONE"
)
SCOPE = (
    "initializer=None, regularizer=None, caching_device=None, partitioner=None, "
    "custom_getter=None, reuse=None, dtype=None, use_resource=None, constraint=None"
)

SIGNATURES = {
    # graphs
    "Graph": "",
    "Graph.add_to_collection": "name, value",
    "Graph.add_to_collections": "names, value",
    "Graph.as_default": "",
    "Graph.as_graph_def": "from_version=None, add_shapes=False",
    "Graph.as_graph_element": "obj, allow_tensor=True, allow_operation=True",
    "Graph.clear_collection": "name",
    "Graph.colocate_with": "op, ignore_existing=False",
    "Graph.container": "container_name",
    "Graph.control_dependencies": "control_inputs",
    "Graph.create_op": "op_type, inputs, dtypes=None, input_types=None, name=None, attrs=None, "
    "op_def=None, compute_shapes=True, compute_device=True",
    "Graph.device": "device_name_or_function",
    "Graph.finalize": "",
    "Graph.get_all_collection_keys": "",
    "Graph.get_collection": "name, scope=None",
    "Graph.get_collection_ref": "name",
    "Graph.get_name_scope": "",
    "Graph.get_operation_by_name": "name",
    "Graph.get_operations": "",
    "Graph.get_tensor_by_name": "name",
    "Graph.gradient_override_map": "op_type_map",
    "Graph.is_feedable": "tensor",
    "Graph.is_fetchable": "tensor_or_op",
    "Graph.name_scope": "name",
    "Graph.prevent_feeding": "tensor",
    "Graph.prevent_fetching": "op",
    "Graph.unique_name": "name, mark_as_used=True",
    "add_to_collection": "name, value",
    "add_to_collections": "names, value",
    "colocate_with": "op, ignore_existing=False",
    "container": "container_name",
    "device": "device_name_or_function",
    "init_scope": "",
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
    "tuple": "tensors, name=None, control_inputs=None",
    # sessions
    "Session": SESSION,
    "Session.run": "fetches, feed_dict=None, options=None, run_metadata=None",
    "Session.make_callable": "fetches, feed_list=None, accept_options=False",
    "Session.as_default": "",
    "Session.close": "",
    "Session.list_devices": "",
    "Session.partial_run": "handle, fetches, feed_dict=None",
    "Session.partial_run_setup": "fetches, feeds=None",
    "Session.reset": "target, containers=None, config=None",
    "InteractiveSession": SESSION,
    "InteractiveSession.close": "",
    "Tensor.eval": "feed_dict=None, session=None",
    "Operation.run": "feed_dict=None, session=None",
    # inputs
    "as_dtype": "type_value",
    "constant": "value, dtype=None, shape=None, name='Const', verify_shape=False",
    "convert_to_tensor": "value, dtype=None, name=None, preferred_dtype=None, dtype_hint=None",
    "identity": "input, name=None",
    "identity_n": "input, name=None",
    "is_tensor": "x",
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
    "Variable.count_up_to": "limit",
    "Variable.eval": "session=None",
    "Variable.get_shape": "",
    "Variable.initialized_value": "",
    "Variable.load": "value, session=None",
    "Variable.read_value": "",
    "Variable.set_shape": "shape",
    "Variable.value": "",
    "all_variables": "",
    "assign": "ref, value, validate_shape=None, use_locking=None, name=None",
    "assign_add": "ref, value, use_locking=None, name=None",
    "assign_sub": "ref, value, use_locking=None, name=None",
    "count_up_to": "ref, limit, name=None",
    "global_variables": "scope=None",
    "global_variables_initializer": "",
    "initialize_all_variables": "",
    "initialize_local_variables": "",
    "initialize_variables": "var_list, name='init'",
    "is_variable_initialized": "variable",
    "local_variables": "scope=None",
    "local_variables_initializer": "",
    "model_variables": "scope=None",
    "moving_average_variables": "scope=None",
    "report_uninitialized_variables": "var_list=None, name='report_uninitialized_variables'",
    "tables_initializer": "name='init_all_tables'",
    "trainable_variables": "scope=None",
    "variables_initializer": "var_list, name='init'",
    # scopes
    "VariableScope": "reuse, name='', initializer=None, regularizer=None, caching_device=None, "
    "partitioner=None, custom_getter=None, name_scope='', dtype=float32, use_resource=None, "
    "constraint=None",
    "VariableScope.get_collection": "name",
    "VariableScope.get_variable": "var_store, name, shape=None, dtype=None, initializer=None, "
    "regularizer=None, reuse=None, trainable=None, collections=None, caching_device=None, "
    "partitioner=None, validate_shape=True, use_resource=None, custom_getter=None, "
    "constraint=None, synchronization=VariableSynchronization.AUTO, "
    "aggregation=VariableAggregation.NONE",
    "VariableScope.global_variables": "",
    "VariableScope.local_variables": "",
    "VariableScope.reuse_variables": "",
    "VariableScope.set_caching_device": "caching_device",
    "VariableScope.set_custom_getter": "custom_getter",
    "VariableScope.set_dtype": "dtype",
    "VariableScope.set_initializer": "initializer",
    "VariableScope.set_partitioner": "partitioner",
    "VariableScope.set_regularizer": "regularizer",
    "VariableScope.set_use_resource": "use_resource",
    "VariableScope.trainable_variables": "",
    "get_local_variable": "name, " + GET_VARIABLE.format(False),
    "get_variable": "name, " + GET_VARIABLE.format(None),
    "get_variable_scope": "",
    "make_template": "name_, func_, create_scope_now_=False, unique_name_=None, "
    "custom_getter_=None, **kwargs",
    "no_regularizer": "_",
    "variable_op_scope": "values, name_or_scope, default_name=None, " + SCOPE,
    "variable_scope": "name_or_scope, default_name=None, values=None, "
    + SCOPE
    + ", auxiliary_name_scope=True",
}

"""Signatures of TensorFlow 1.15: what programs use around graphs."""

from __future__ import annotations

LOG = "msg, *args, **kwargs"
CODED = "node_def, op, message"

SIGNATURES = {
    "app.run": "main=None, argv=None",
    # behaviour
    **dict.fromkeys(
        "disable_control_flow_v2 disable_eager_execution disable_resource_variables "
        "disable_tensor_equality disable_v2_behavior disable_v2_tensorshape "
        "enable_resource_variables enable_v2_behavior executing_eagerly "
        "resource_variables_enabled".split(),
        "",
    ),
    "enable_eager_execution": "config=None, device_policy=None, execution_mode=None",
    # tf.compat
    "compat.as_bytes": "bytes_or_text, encoding='utf-8'",
    "compat.as_str": "bytes_or_text, encoding='utf-8'",
    "compat.as_str_any": "value",
    "compat.as_text": "bytes_or_text, encoding='utf-8'",
    "compat.dimension_at_index": "shape, index",
    "compat.dimension_value": "dimension",
    "compat.path_to_str": "path",
    # tf.errors
    **{
        f"errors.{name}Error": CODED
        for name in (
            "Aborted AlreadyExists Cancelled DataLoss DeadlineExceeded FailedPrecondition Internal "
            "InvalidArgument NotFound OutOfRange PermissionDenied ResourceExhausted "
            "Unauthenticated Unavailable Unimplemented Unknown"
        ).split()
    },
    "errors.OpError": f"{CODED}, error_code",
    "errors.error_code_from_exception_type": "cls",
    "errors.exception_type_from_error_code": "error_code",
    # tf.gfile
    "gfile.Copy": "oldpath, newpath, overwrite=False",
    "gfile.DeleteRecursively": "dirname",
    "gfile.Exists": "filename",
    "gfile.FastGFile": "name, mode='r'",
    "gfile.GFile": "name, mode='r'",
    "gfile.GFile.close": "",
    "gfile.GFile.flush": "",
    "gfile.GFile.read": "n=-1",
    "gfile.GFile.readline": "",
    "gfile.GFile.readlines": "",
    "gfile.GFile.seek": "offset=None, whence=0, position=None",
    "gfile.GFile.size": "",
    "gfile.GFile.tell": "",
    "gfile.GFile.write": "file_content",
    "gfile.Glob": "filename",
    "gfile.IsDirectory": "dirname",
    "gfile.ListDirectory": "dirname",
    "gfile.MakeDirs": "dirname",
    "gfile.MkDir": "dirname",
    "gfile.Open": "name, mode='r'",
    "gfile.Remove": "filename",
    "gfile.Rename": "oldname, newname, overwrite=False",
    "gfile.Stat": "filename",
    "gfile.Walk": "top, in_order=True",
    # tf.logging
    **{f"logging.{name}": LOG for name in ("debug", "error", "fatal", "info", "warn", "warning")},
    "logging.TaskLevelStatusMessage": "msg",
    "logging.flush": "",
    "logging.get_verbosity": "",
    "logging.log": f"level, {LOG}",
    "logging.log_every_n": "level, msg, n, *args",
    "logging.log_first_n": "level, msg, n, *args",
    "logging.log_if": "level, msg, condition, *args, **kwargs",
    "logging.set_verbosity": "v",
    "logging.vlog": f"level, {LOG}",
    # tf.test
    "test.TestCase.assertAllClose": "a, b, rtol=1e-06, atol=1e-06, msg=None",
    "test.TestCase.assertAllEqual": "a, b, msg=None",
    "test.TestCase.assertNear": "f1, f2, err, msg=None",
    "test.TestCase.assertShapeEqual": "np_array, tf_tensor, msg=None",
    "test.TestCase.evaluate": "tensors",
    "test.TestCase.get_temp_dir": "",
    "test.TestCase.session": "graph=None, config=None, use_gpu=False, force_gpu=False",
    "test.TestCase.test_session": "graph=None, config=None, use_gpu=False, force_gpu=False",
    "test.get_temp_dir": "",
    "test.gpu_device_name": "",
    "test.is_built_with_cuda": "",
    "test.is_gpu_available": "cuda_only=False, min_cuda_compute_capability=None",
    "test.main": "argv=None",
}

"""Options of sessions and runs. Their names are checked; what they ask of devices is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from thalweg.core import OptionError, nearest

__all__ = [
    "ConfigProto",
    "GPUOptions",
    "GraphOptions",
    "OptimizerOptions",
    "RunMetadata",
    "RunOptions",
]


class _Options:
    """Options that programs pass and that thalweg has no use for. Their names are checked."""

    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **options: Any) -> None:
        for name, default in self._defaults.items():
            object.__setattr__(self, name, default() if callable(default) else default)
        for name, value in options.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._defaults:
            raise OptionError(
                type(self).__name__,
                "no such option",
                expected="one of " + ", ".join(self._defaults),
                got=repr(name),
                hint=nearest(name, self._defaults),
            )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:  # only for names that were not found
        message = f"{type(self).__name__} has no option {name!r}"
        hint = None if name.startswith("_") else nearest(name, self._defaults)
        raise AttributeError(f"{message}: {hint}" if hint else message, name=name)

    def CopyFrom(self, other: Any) -> None:
        """Takes over all options of another of its class."""
        for name in self._defaults:
            setattr(self, name, getattr(other, name))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self._defaults)
        return f"{type(self).__name__}({', '.join(shown)})"


class GPUOptions(_Options):
    """TF1's options of GPU memory: accepted and ignored.

    >>> GPUOptions(allow_growth=True).allow_growth
    True
    """

    _defaults: ClassVar[Mapping[str, Any]] = {
        "per_process_gpu_memory_fraction": 0.0,
        "allow_growth": False,
        "allocator_type": "",
        "deferred_deletion_bytes": 0,
        "visible_device_list": "",
        "polling_active_delay_usecs": 0,
        "polling_inactive_delay_msecs": 0,
        "force_gpu_compatible": False,
        "experimental": None,
    }


class OptimizerOptions(_Options):
    """TF1's options of how graphs are rewritten: accepted and ignored."""

    L0 = -1
    L1 = 0
    DEFAULT = 0
    OFF = -1
    ON_1 = 1
    ON_2 = 2

    _defaults: ClassVar[Mapping[str, Any]] = {
        "do_common_subexpression_elimination": False,
        "do_constant_folding": False,
        "max_folded_constant_in_bytes": 0,
        "do_function_inlining": False,
        "opt_level": 0,
        "global_jit_level": 0,
    }


class GraphOptions(_Options):
    """TF1's options of graphs: accepted and ignored."""

    _defaults: ClassVar[Mapping[str, Any]] = {
        "enable_recv_scheduling": False,
        "optimizer_options": OptimizerOptions,
        "build_cost_model": 0,
        "build_cost_model_after": 0,
        "infer_shapes": False,
        "place_pruned_graph": False,
        "enable_bfloat16_sendrecv": False,
        "timeline_step": 0,
        "rewrite_options": None,
    }


class ConfigProto(_Options):
    """TF1's options of a session: accepted and ignored.

    >>> config = ConfigProto(allow_soft_placement=True)
    >>> config.gpu_options.allow_growth = True
    """

    _defaults: ClassVar[Mapping[str, Any]] = {
        "device_count": dict,
        "intra_op_parallelism_threads": 0,
        "inter_op_parallelism_threads": 0,
        "use_per_session_threads": False,
        "session_inter_op_thread_pool": list,
        "placement_period": 0,
        "device_filters": list,
        "gpu_options": GPUOptions,
        "allow_soft_placement": False,
        "log_device_placement": False,
        "graph_options": GraphOptions,
        "operation_timeout_in_ms": 0,
        "rpc_options": None,
        "cluster_def": None,
        "isolate_session_state": False,
        "share_cluster_devices_in_session": False,
        "experimental": None,
    }


class RunOptions(_Options):
    """TF1's options of a run: accepted and ignored."""

    NO_TRACE = 0
    SOFTWARE_TRACE = 1
    HARDWARE_TRACE = 2
    FULL_TRACE = 3

    _defaults: ClassVar[Mapping[str, Any]] = {
        "trace_level": 0,
        "timeout_in_ms": 0,
        "inter_op_thread_pool": 0,
        "output_partition_graphs": False,
        "debug_options": None,
        "report_tensor_allocations_upon_oom": False,
        "experimental": None,
    }


class RunMetadata(_Options):
    """What TF1 records of a run; here it stays empty.

    `session.explain(fetches)` tells who runs what.
    """

    _defaults: ClassVar[Mapping[str, Any]] = {
        "step_stats": None,
        "cost_graph": None,
        "partition_graphs": list,
        "function_graphs": list,
    }

"""The CuPy backend where no GPU is: names, signatures, and errors that say what is missing.

Nothing here runs on real hardware; `cupy_stub` plays a machine with and without GPUs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conformance import cupy_api

from thalweg import core
from thalweg.core import Session
from thalweg.core.backends import cupy as backend_module
from thalweg.core.backends.base import register_backend
from thalweg.core.backends.cupy import CupyBackend, why_no_gpu


class Pool:
    limit: Any = None

    def set_limit(self, size: int) -> None:
        Pool.limit = size


class OnDevice:
    current = 0

    def __init__(self, index: int) -> None:
        self.index = index

    def __enter__(self) -> None:
        self.before, OnDevice.current = OnDevice.current, self.index

    def __exit__(self, *error: object) -> None:
        OnDevice.current = self.before


class Extensions:
    """As much of the module cupyx as the backend calls."""

    @staticmethod
    @contextmanager
    def errstate(linalg: str) -> Iterator[None]:
        assert linalg == "raise"
        yield


def cupy_stub(driver: int = 12040, runtime: int = 12090, count: int = 1) -> Any:
    """NumPy's functions, and as much of CuPy's as the backend itself calls."""
    stub = SimpleNamespace(**{name: getattr(np, name) for name in dir(np) if name[0] != "_"})
    stub.asnumpy = np.asarray
    stub.get_default_memory_pool = Pool
    stub.cuda = SimpleNamespace(
        Device=OnDevice,
        runtime=SimpleNamespace(
            driverGetVersion=lambda: driver,
            runtimeGetVersion=lambda: runtime,
            getDeviceCount=lambda: count,
            getDeviceProperties=lambda i: {"name": b"Stub", "totalGlobalMem": 1 << 30},
        ),
    )
    return stub


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    stub = cupy_stub(count=2)
    monkeypatch.setitem(sys.modules, "cupy", stub)
    monkeypatch.setitem(sys.modules, "cupyx", Extensions)
    register_backend("cupy", CupyBackend)
    yield stub
    register_backend("cupy", CupyBackend)


def test_a_session_on_a_gpu(gpu: Any) -> None:
    x = core.placeholder("float32", [3])
    w = core.Variable(np.ones(3, "f"))
    session = Session(device="/gpu:1")
    assert session.run(w.assign_add(x) * 2.0, {x: [1, 2, 3]}).tolist() == [4, 6, 8]
    assert "compute on cupy" in session.explain(x * 2.0, {x: [1, 2, 3]})
    assert OnDevice.current == 0


def test_marked_operations_on_a_gpu(gpu: Any) -> None:
    x = core.placeholder("float32", [3])
    with core.device("/device:GPU:0"):
        y = x * 2.0
    assert Session().run(y + 1.0, {x: [1, 2, 3]}).tolist() == [3, 5, 7]


def test_list_devices(gpu: Any) -> None:
    names = [info.name for info in core.list_devices()]
    assert names == ["cpu:0", "gpu:0", "gpu:1"]
    assert core.list_devices()[1].memory_bytes == 1 << 30


def test_memory_limit(gpu: Any) -> None:
    core.set_memory_limit("gpu:0", 1 << 20)
    assert Pool.limit == 1 << 20
    core.set_memory_limit("gpu:0", None)
    assert Pool.limit == 0
    with pytest.raises(core.OptionError, match="not a size"):
        core.set_memory_limit("gpu:0", 0)
    with pytest.raises(core.OptionError, match="only GPUs have one"):
        core.set_memory_limit("cpu:0", 1)


@pytest.mark.parametrize(
    ("options", "index", "reason"),
    [
        ({"driver": 0}, 0, "there is no NVIDIA driver on this machine"),
        (
            {"driver": 11080},
            0,
            "the NVIDIA driver serves CUDA 11.8, but this CuPy was built for CUDA 12.9",
        ),
        ({"count": 1}, 1, "this machine has 1 GPU, counted from 0"),
        ({"count": 0}, 0, "this machine has 0 GPUs, counted from 0"),
    ],
)
def test_why_a_gpu_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, options: Any, index: int, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy_stub(**options))
    register_backend("cupy", CupyBackend)
    assert why_no_gpu(index) == reason
    with pytest.raises(core.DeviceError) as error:
        Session(device=f"gpu:{index}")
    assert f"gpu:{index} cannot be used: {reason}" in str(error.value)
    assert "list_devices()" in str(error.value)


def test_cupy_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    register_backend("cupy", CupyBackend)
    assert core.list_devices()[1:] == []
    assert why_no_gpu() == "the package cupy is not installed"
    with pytest.raises(core.MissingExtraError) as error:
        Session(device="gpu:0")
    assert 'pip install "thalweg[cuda12]"' in str(error.value)


def test_cudas_own_words_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = cupy_stub()

    def fail() -> int:
        raise RuntimeError("cudaErrorUnknown: it is broken")

    stub.cuda.runtime.getDeviceCount = fail
    monkeypatch.setitem(sys.modules, "cupy", stub)
    assert why_no_gpu() == "cudaErrorUnknown: it is broken"


@pytest.mark.skipif(
    not cupy_api.HAS_CUPY and not os.environ.get("CI"), reason="cupy is not installed"
)
class TestRealCupy:
    """The package as it is installed, on a machine that need not have a GPU."""

    def test_what_the_backend_calls_exists(self) -> None:
        import cupy

        for name in ("asarray", "asnumpy", "array", "empty", "get_default_memory_pool"):
            assert callable(getattr(cupy, name))
        for name in (
            "driverGetVersion",
            "runtimeGetVersion",
            "getDeviceCount",
            "getDeviceProperties",
        ):
            assert callable(getattr(cupy.cuda.runtime, name))
        import cupyx

        assert cupy.cuda.Device is not None and "linalg" in cupyx.geterr()
        assert hasattr(cupy.get_default_memory_pool(), "set_limit")

    def test_calls_are_held_against_it(self) -> None:
        cupy_api.check_call("cupy", "concatenate", ([],), {"axis": 0})
        cupy_api.check_call("cupy", "add", (1, 2), {})
        with pytest.raises(TypeError, match="has no 'vectorised'"):
            cupy_api.check_call("cupy", "vectorised", (), {})
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            cupy_api.check_call("cupy", "concatenate", ([],), {"axes": 0})
        with pytest.raises(TypeError, match="where"):
            cupy_api.check_call("cupy", "add", (1, 2), {"where": True})
        with pytest.raises(TypeError, match="has no 'tobuffer'"):
            cupy_api.check_method("tobuffer")

    def test_without_a_gpu_it_says_why(self) -> None:
        if backend_module.gpu_count():
            pytest.skip("this machine has a GPU: there is nothing to explain")
        register_backend("cupy", CupyBackend)
        with pytest.raises(core.DeviceError, match="gpu:0 cannot be used: "):
            Session(device="gpu:0")

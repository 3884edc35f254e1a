"""`tf.test`: what tests of TF1's programs use."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.core import Graph, Tensor, Variable, get_default_session, list_devices

from .arguments import missing_name
from .session import Session

__all__ = [
    "TestCase",
    "get_temp_dir",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_gpu_available",
    "main",
]

__getattr__ = missing_name(__name__, __all__)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether there is a GPU that can be used."""
    return bool(gpu_device_name())


def gpu_device_name() -> str:
    """The name of the first GPU that can be used, `"/device:GPU:0"`; "" without one."""
    names = [device.name for device in list_devices() if device.kind == "gpu"]
    return f"/device:{names[0].upper()}" if names else ""


def is_built_with_cuda() -> bool:
    """Whether kernels for NVIDIA's GPUs can be used."""
    return is_gpu_available()


class _Folder:
    path: str | None = None


def get_temp_dir() -> str:
    """A folder for files of tests, one a process."""
    if _Folder.path is None:
        _Folder.path = tempfile.mkdtemp(prefix="thalweg-test-")
    return _Folder.path


def main(argv: Any = None) -> None:
    """Runs the tests of the script."""
    unittest.main(argv=argv)


class TestCase(unittest.TestCase):
    """A test case with sessions, and comparisons of arrays and tensors."""

    def get_temp_dir(self) -> str:
        """A folder for files of tests."""
        return get_temp_dir()

    @contextmanager
    def session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = False,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """A `with` block in which a session is the default one."""
        session = Session(graph=graph, config=config)
        with session:
            yield session

    cached_session = session

    def test_session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = False,
        force_gpu: bool = False,
    ) -> Any:
        """`session` under its old name, which makes unittest take it for a test."""
        if self.id().endswith(".test_session"):
            self.skipTest("not a test")
        return self.session(graph, config, use_gpu, force_gpu)

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors in the default session."""
        session = get_default_session() or Session()
        return session.run(tensors)

    def _array(self, value: Any) -> Any:
        return np.asarray(self.evaluate(value) if isinstance(value, Tensor | Variable) else value)

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """Checks arrays, or lists and dicts of them, for nearness."""
        if isinstance(a, dict):
            self.assertEqual(set(a), set(b), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, msg)
        elif isinstance(a, list | tuple) and any(np.ndim(self._array(x)) for x in a):
            self.assertEqual(len(a), len(b), msg)
            for x, y in zip(a, b, strict=True):
                self.assertAllClose(x, y, rtol, atol, msg)
        else:
            np.testing.assert_allclose(
                self._array(a), self._array(b), rtol, atol, err_msg=msg or "", equal_nan=True
            )

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Checks arrays for equality."""
        np.testing.assert_array_equal(self._array(a), self._array(b), err_msg=msg or "")

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Checks numbers for nearness."""
        self.assertLessEqual(abs(f1 - f2), err, msg)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: str | None = None) -> None:
        """Checks that a tensor has the shape of an array."""
        self.assertEqual(tuple(np_array.shape), tuple(tf_tensor.get_shape()), msg)

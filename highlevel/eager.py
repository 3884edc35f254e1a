"""Array in, value out; tensor in, tensor out: core's functions for it."""

from __future__ import annotations

from thalweg.core import CallCache as Cache
from thalweg.core import array_or_tensor, call_at_once, is_symbolic

__all__ = ["Cache", "array_or_tensor", "call_at_once", "is_symbolic"]

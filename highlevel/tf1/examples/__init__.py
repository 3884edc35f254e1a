"""`tf.examples`: the reader of MNIST that TensorFlow's tutorials import."""

from __future__ import annotations

from . import tutorials as tutorials

__all__ = ["tutorials"]

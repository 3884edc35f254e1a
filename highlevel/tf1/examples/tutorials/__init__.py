"""`tf.examples.tutorials`."""

from __future__ import annotations

from . import mnist as mnist

__all__ = ["mnist"]

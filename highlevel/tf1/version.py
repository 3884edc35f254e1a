"""`tf.version`: which TensorFlow this speaks like.

>>> import thalweg.tf1 as tf
>>> [int(part) for part in tf.__version__.split(".")[:2]] >= [1, 4]
True
"""

from __future__ import annotations

from .. import __version__ as _own_version

__all__ = [
    "COMPILER_VERSION",
    "GIT_VERSION",
    "GRAPH_DEF_VERSION",
    "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER",
    "VERSION",
]

# The part after the plus is a local version, as packaging tools write and compare it.
VERSION = f"1.15.5+thalweg.{_own_version}"
GIT_VERSION = f"v{VERSION}"
COMPILER_VERSION = ""
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0

"""`tf.metrics`: numbers that are averaged over many runs.

Each function makes local variables and returns two tensors: the value so far, and an operation
that takes a batch in and gives the value after it. `tf.local_variables_initializer()` begins
anew.

>>> import thalweg.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.placeholder(tf.float32, [None])
...     mean, update = tf.metrics.mean(x)
...     session.run(tf.local_variables_initializer())
...     _ = session.run(update, {x: [1.0, 2.0]})
...     _ = session.run(update, {x: [6.0]})
...     print(session.run(mean))
3.0
"""

from __future__ import annotations

from ..arguments import missing_name
from . import curves, decisions, means
from .curves import *  # noqa: F403
from .decisions import *  # noqa: F403
from .means import *  # noqa: F403

__all__: list[str] = []
__all__ += curves.__all__
__all__ += decisions.__all__
__all__ += means.__all__

__getattr__ = missing_name(__name__, __all__)

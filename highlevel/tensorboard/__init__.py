"""What TensorBoard reads: arrays as summaries, graphs to look at, and the files that hold both.

`thalweg.tf1.summary` and `thalweg.callbacks.TensorBoard` write through here. The messages
themselves (protocol buffers) and their framing in files are those of the package tensorboardX; it
is imported at first use, and where it is missing the error says how to get it.

>>> import tempfile
>>> with EventWriter(tempfile.mkdtemp()) as events:
...     events.add_summary(scalar("loss", 0.5), step=1)
"""

from __future__ import annotations

from .graphs import graph_of_layers, graph_of_operations
from .messages import audio, histogram, image, protocol, scalar, tensor, text
from .writer import EventWriter

__all__ = [
    "EventWriter",
    "audio",
    "graph_of_layers",
    "graph_of_operations",
    "histogram",
    "image",
    "protocol",
    "scalar",
    "tensor",
    "text",
]

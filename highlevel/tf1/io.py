"""`tf.io`: files and bytes under the newer address."""

from __future__ import annotations

from .arguments import missing_name
from .text import decode_base64, decode_raw, encode_base64, read_file, write_file

__all__ = [
    "decode_base64",
    "decode_raw",
    "encode_base64",
    "read_file",
    "write_file",
]

__getattr__ = missing_name(__name__, __all__)

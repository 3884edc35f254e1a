"""Reads TensorBoard's event files, by the description of the format alone.

A record is the length of its data (8 bytes, little-endian), a checksum of the length, the data, a
checksum of the data. A checksum is CRC-32C, turned right by 15 bits, plus a constant.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from tensorboardX.proto.event_pb2 import Event

POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed


def checksum(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events_of(path: Path) -> list[Any]:
    """All events of a file."""
    content, found = path.read_bytes(), []
    while content:
        (size,) = struct.unpack("<Q", content[:8])
        data = content[12 : 12 + size]
        assert struct.unpack("<I", content[8:12])[0] == checksum(content[:8])
        assert struct.unpack("<I", content[12 + size : 16 + size])[0] == checksum(data)
        found.append(Event.FromString(data))
        content = content[16 + size :]
    return found


def events_in(folder: Path) -> list[Any]:
    """All events of a folder's only file."""
    (path,) = folder.glob("events.out.tfevents.*")
    return events_of(path)


def values_in(folder: Path) -> list[tuple[str, int, Any]]:
    """Tag, step and value of everything that was summarised in a folder."""
    return [
        (value.tag, event.step, value)
        for event in events_in(folder)
        for value in event.summary.value
    ]


def scalars_in(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves of a folder: steps and values of each tag."""
    found: dict[str, list[tuple[int, float]]] = {}
    for tag, step, value in values_in(folder):
        if value.HasField("simple_value"):
            found.setdefault(tag, []).append((step, value.simple_value))
    return found

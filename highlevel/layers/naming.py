"""Names of layers that the user did not name."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["reset_names", "unique_layer_name"]

_names: Counter[str] = Counter()


def unique_layer_name(class_name: str) -> str:
    """`dense`, then `dense_1`, …: snake case, numbered among its kind."""
    base = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", class_name).lower()
    ordinal = _names[base]
    _names[base] += 1
    return f"{base}_{ordinal}" if ordinal else base


def reset_names() -> None:
    """Starts numbering again (`clear_session`)."""
    _names.clear()

"""Images: sizes, parts, colours, comparisons and boxes, as `thalweg.core.image`.

All of these take images with the channels last, (height, width, channels), and any axes before.
"""

from __future__ import annotations

from .resize import resize

__all__ = ["resize"]

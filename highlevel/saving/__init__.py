"""Files that hold weights and models; everything written appears whole or not at all."""

from __future__ import annotations

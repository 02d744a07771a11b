"""Versions of inventory: the one that works, and the one that `--incident` deploys."""

from __future__ import annotations

from typing import Final

GOOD: Final = "1.0.0"
FAULTY: Final = "1.1.0"
"""Says which aisle an article is in, and takes `A1` for a number."""

"""What stacks and tables both must know."""

from __future__ import annotations

HELD_LINES = 3
"""DEBUG lines that the flight recorder holds back in one request."""

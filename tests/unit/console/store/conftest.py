"""A store in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stored import Store, store


@pytest.fixture(name="kept")
def _kept(tmp_path: Path) -> Iterator[Store]:
    with store(tmp_path / "console") as kept:
        yield kept

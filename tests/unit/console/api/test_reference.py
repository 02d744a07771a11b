"""The page of the API is the API."""

from __future__ import annotations

from pathlib import Path

from fastapi_spine.console.api.reference import page

COMMITTED = Path(__file__).parents[4] / "docs" / "reference" / "console-api.md"


def test_the_committed_page_is_the_api() -> None:
    """Renew it with `python -m fastapi_spine.console.api.reference > docs/reference/console-api.md`."""
    assert COMMITTED.read_text(encoding="utf-8") == page()


def test_every_field_of_every_shape_says_its_type() -> None:
    """No row of a table is left without one."""
    for line in page().splitlines():
        if line.startswith("| `"):
            assert "| anything |" not in line or "attributes" in line

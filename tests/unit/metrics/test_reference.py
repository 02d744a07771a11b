"""The reference page of metrics says what is true."""

from __future__ import annotations

from pathlib import Path

from fastapi_spine.metrics.reference import entries, render

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def test_the_committed_page_is_the_generated_one() -> None:
    """Renew it with `python -m fastapi_spine.metrics.reference > docs/reference/metrics.md`."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_names_are_as_prometheus_wants_them() -> None:
    """A unit stands at the end of the name, and no counter's family name ends with `_total`."""
    assert len(entries()) > 20
    for entry in entries():
        assert not entry.unit or entry.name.endswith(f"_{entry.unit}")
        assert not entry.name.endswith("_total")
        assert entry.help.endswith(".")

"""The page of the search language is the language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastapi_spine.console.filter import EVERYTHING
from fastapi_spine.console.search import SearchError, parse, render
from fastapi_spine.console.search.reference import page

COMMITTED = Path(__file__).parents[4] / "docs" / "reference" / "search.md"
BLOCK = re.compile(r"^```search\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_committed_page_is_the_language() -> None:
    """Renew it with `python -m fastapi_spine.console.search.reference > docs/reference/search.md`."""
    assert COMMITTED.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    "example", [line for block in BLOCK.findall(page()) for line in block.splitlines()]
)
def test_every_example_of_the_page_is_read(example: str) -> None:
    """And written back as the same search."""
    found = parse(example)
    assert found != EVERYTHING
    assert parse(render(found)) == found


def test_the_mistake_of_the_page_is_shown_as_it_is() -> None:
    """Search, carets, sentence and hint."""
    with pytest.raises(SearchError) as caught:
        parse("failed:yes servce:orders")
    assert f"```\n{caught.value.caret()}\n{caught.value}\n```" in page()

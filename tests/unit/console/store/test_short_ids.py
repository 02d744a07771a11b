"""A request is found by the end of its id, as lines for people show it."""

from __future__ import annotations

import pytest
from stored import Store, server

from fastapi_spine.console.rows import SpanRow


def called(number: int, request_id: str) -> SpanRow:
    """Return the server span of a request with this id."""
    span = server(number)
    span.attributes["spine.request_id"] = request_id
    return span


@pytest.mark.parametrize("ending", ["430092aa", "e40d430092aa", "-ab3a-e40d430092aa"])
def test_the_end_of_a_request_id_names_it(kept: Store, ending: str) -> None:
    """Lines for people show the last eight characters; they will do, and more of them too."""
    kept.put(
        called(1, "01a22aa3-e1b2-7c1f-ab3a-e40d430092aa"),
        called(2, "01a22aa3-e1dc-7f60-a089-c84c46c36360"),
    )
    assert kept.reader.traces_of(ending) == [f"{1:032x}"]


def test_of_two_ids_that_end_alike_the_newest_is_meant(kept: Store) -> None:
    """The other is another request, not another trace of the same id."""
    kept.put(
        called(1, "cart-00000001"),
        called(2, "order-00000001"),
    )
    assert kept.reader.traces_of("00000001") == [f"{2:032x}"]


@pytest.mark.parametrize("key", ["0092aa", "30092aa", "%%%%%%%%", "430092ab", "d430092aaa", ""])
def test_no_other_part_of_an_id_names_a_request(kept: Store, key: str) -> None:
    """Fewer characters, others, and wildcards find nothing."""
    kept.put(called(1, "01a22aa3-e1b2-7c1f-ab3a-e40d430092aa"))
    assert kept.reader.traces_of(key) == []

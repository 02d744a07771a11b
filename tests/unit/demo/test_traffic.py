"""The shoppers' plan is a function of its seed."""

from __future__ import annotations

from itertools import islice

import pytest

from fastapi_spine.demo.storage import CUSTOMERS, STOCK
from fastapi_spine.demo.traffic import DECK, Kind, Visit, plan, trace_prefix


def visits(seed: int, count: int) -> list[Visit]:
    """The first `count` visits of a seed."""
    return list(islice(plan(seed), count))


def test_the_same_seed_sends_the_same_shoppers() -> None:
    """Two runs with one seed plan the same visits in the same order, traces included."""
    assert visits(7, 200) == visits(7, 200)


def test_another_seed_sends_other_shoppers() -> None:
    """The seed decides who comes."""
    assert visits(7, 20) != visits(8, 20)


@pytest.mark.parametrize("seed", [0, 1, 2026])
def test_a_short_run_sees_every_kind_of_visit(seed: int) -> None:
    """Each deck, the first one included, holds every kind as often as the deck says."""
    planned = visits(seed, 5 * len(DECK))
    decks = [planned[start : start + len(DECK)] for start in range(0, len(planned), len(DECK))]
    assert [sorted(visit.kind for visit in deck) for deck in decks] == [sorted(DECK)] * 5
    assert set(DECK) == set(Kind)


def test_only_slow_visits_ask_the_overseas_warehouse() -> None:
    """What makes an order slow is in its basket, and nobody else has it."""
    overseas = {row["sku"] for row in STOCK if row["shelf"] == "overseas"}
    slow = {visit.kind for visit in visits(3, 300) if overseas & {sku for sku, _ in visit.basket}}
    assert slow == {Kind.SLOW}


def test_shoppers_are_customers_and_never_the_guest() -> None:
    """The guest account is the reader's: the generator's passwords are not shown to anybody."""
    emails = {visit.email for visit in visits(3, 300)}
    assert emails == set(CUSTOMERS) - {"guest@shop.example"}


def test_a_shoppers_trace_tells_whose_it_is() -> None:
    """Trace ids are valid, unlike each other, and begin with the prefix of their seed."""
    traces = [visit.trace for visit in visits(5, 300)]
    assert len(set(traces)) == 300
    assert {(len(trace), trace[:8]) for trace in traces} == {(32, trace_prefix(5))}
    assert trace_prefix(5) != trace_prefix(6)

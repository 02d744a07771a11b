"""What must hold of budgets, ledgers and alert states, whatever the traffic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from promised import START, promise, verdicts

from fastapi_spine.alerts.ledger import Ledger, Tally, added
from fastapi_spine.alerts.machine import INACTIVE, step
from fastapi_spine.alerts.windows import table

MINUTE = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(
    lambda pair: (float(max(pair)), float(min(pair)))
)
STRETCH = st.tuples(MINUTE, st.integers(1, 90)).map(lambda one: [one[0]] * one[1])
TRAFFIC = st.lists(STRETCH, max_size=6).map(lambda parts: [one for part in parts for one in part])


@given(TRAFFIC, st.integers(-5, 400), st.integers(1, 400))
def test_a_window_is_the_sum_of_its_minutes(
    traffic: list[tuple[float, float]], end: int, length: int
) -> None:
    """The ledger's subtraction gives what adding up would."""
    tallies = [Tally(*one) for one in traffic]
    ledger = Ledger(START)
    ledger.put(START, tallies)

    found = ledger.window((START + end) * 60, length * 60)

    assert found == added(tallies[max(end - length, 0) : max(end, 0)])


@given(TRAFFIC, st.integers(0, 200), TRAFFIC)
def test_minutes_that_come_again_replace_what_was_known(
    first: list[tuple[float, float]], place: int, second: list[tuple[float, float]]
) -> None:
    """Late requests change the last minutes; the ledger is as if it had been written once."""
    ledger = Ledger(START)
    ledger.put(START, [Tally(*one) for one in first])
    ledger.put(START + place, [Tally(*one) for one in second])
    lack = [(0.0, 0.0)] * max(place - len(first), 0)
    whole = Ledger(START)
    whole.put(START, [Tally(*one) for one in [*first[:place], *lack, *second]])

    assert ledger.end == whole.end
    assert ledger.between(START, ledger.end) == whole.between(START, whole.end)


@given(TRAFFIC, st.integers(0, 400))
def test_forgetting_changes_nothing_that_is_kept(
    traffic: list[tuple[float, float]], before: int
) -> None:
    """Old minutes go; sums over the rest stay."""
    ledger = Ledger(START)
    ledger.put(START, [Tally(*one) for one in traffic])
    kept = START + min(before, len(traffic))
    expected = ledger.between(kept, ledger.end)
    ledger.forget(START + before)

    assert ledger.between(kept, ledger.end) == expected


@given(TRAFFIC)
def test_nothing_alerts_without_bad_requests_enough(traffic: list[tuple[float, float]]) -> None:
    """Whatever is active has burnt more than allowed, with five bad requests at least."""
    for one in verdicts(promise(), traffic):
        for name, burn in one.burns.items():
            if burn.exceeded:
                assert burn.enough
                assert min(burn.long or 0, burn.short or 0) > 1
            if one.states[name].phase == "pending":
                assert burn.exceeded


@given(st.lists(st.booleans(), max_size=60))
def test_an_alert_fires_after_its_time_and_ends_after_its_time(exceeded: list[bool]) -> None:
    """Firing begins when it exceeded for `for` without a break, and ends when it did not for `keep`."""
    tier = table().tiers[0]._replace(for_s=60, keep_s=120)
    state = INACTIVE
    for place, over in enumerate(exceeded):
        before, state = state, step(state, tier, place * 30.0, exceeded=over)
        if state.phase == "firing" and before.phase != "firing":
            assert all(exceeded[place - 2 : place + 1])
            assert place >= 2
        if before.phase == "firing" and state.phase != "firing":
            assert not any(exceeded[place - 4 : place + 1])

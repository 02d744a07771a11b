"""When a promise alerts, and when it does not."""

from __future__ import annotations

from promised import phases, promise, verdicts

from fastapi_spine.alerts.burn import budget_left
from fastapi_spine.alerts.ledger import Tally
from fastapi_spine.alerts.windows import table

QUIET = (100.0, 0.0)
BROKEN = (100.0, 50.0)


def test_the_table_is_the_workbooks() -> None:
    """2 % of 30 days' budget in an hour, 5 % in six, 10 % in three days; short windows are a twelfth."""
    month = 30 * 86_400

    shares = [round(tier.factor * tier.long_s / month, 6) for tier in table().tiers]

    assert shares == [0.02, 0.05, 0.1]
    assert [tier.long_s // tier.short_s for tier in table().tiers] == [12, 12, 12]
    assert [(tier.name, tier.severity) for tier in table().tiers] == [
        ("fast", "page"),
        ("medium", "page"),
        ("slow", "ticket"),
    ]


def test_every_table_lists_the_fastest_first() -> None:
    """The order decides who speaks for whom."""
    for name in ("workbook", "drill"):
        tiers = table(name).tiers
        assert [tier.factor for tier in tiers] == sorted((t.factor for t in tiers), reverse=True)
        assert [tier.long_s for tier in tiers] == sorted(tier.long_s for tier in tiers)


def test_an_outage_pages_within_three_minutes_and_ends_with_it() -> None:
    """Pending first, then firing; over when the short window is clean and stayed so."""
    found = verdicts(promise(), [QUIET] * 60 + [BROKEN] * 5 + [QUIET] * 15)

    assert phases(found, "fast") == "i" * 61 + "p" + "f" * 12 + "i" * 6


def test_one_bad_request_of_ten_never_pages() -> None:
    """10 % of an hour are a hundred times too many, and one request all the same."""
    found = verdicts(
        promise(), [(1.0, 0.0)] * 5 + [(1.0, 1.0)] + [(1.0, 0.0)] * 4 + [(0.0, 0.0)] * 50
    )

    assert {one.standing for one in found} == {"ok"}
    assert found[5].burns["fast"].long is not None
    assert not any(burn.enough for one in found for burn in one.burns.values())


def test_a_service_with_little_traffic_that_fails_altogether_pages() -> None:
    """The guard counts bad requests and not requests: five of five are news."""
    found = verdicts(promise(), [(1.0, 1.0)] * 8)

    assert phases(found, "fast") == "iiiipfff"


def test_a_fast_burn_speaks_for_slower_ones() -> None:
    """All tiers burn in an outage; one page goes out."""
    last = verdicts(promise(), [QUIET] * 60 + [BROKEN] * 20)[-1]

    assert {state.phase for state in last.states.values()} == {"firing"}
    assert last.inhibited == {"fast": "", "medium": "fast", "slow": "fast"}


def test_no_data_is_neither_good_nor_bad() -> None:
    """Before the first request, and an hour after the last, nothing is known."""
    found = verdicts(promise(), [(0.0, 0.0)] * 2 + [QUIET] + [(0.0, 0.0)] * 61)

    assert [one.standing for one in found] == ["no_data"] * 2 + ["ok"] * 60 + ["no_data"] * 2
    assert found[0].burns["fast"].long is None


def test_silence_alerts_where_it_is_trouble() -> None:
    """An hour without a request, and five minutes more, page whoever asked for that; the first request ends it."""
    silence = [(0.0, 0.0)] * 67
    found = verdicts(promise(no_data="page"), [QUIET, *silence, QUIET])

    assert phases(found, "no_data") == "i" * 60 + "p" * 5 + "fff" + "i"
    assert {one.standing for one in found[60:68]} == {"no_data"}
    assert found[66].inhibited == {}
    assert "no_data" not in verdicts(promise(), [QUIET, *silence])[-1].states


def test_a_fluttering_error_rate_is_told_once() -> None:
    """Bad minutes with good ones between are one alert, not several."""
    found = verdicts(promise(), [QUIET] * 60 + ([BROKEN] * 2 + [QUIET] * 8) * 4)

    assert phases(found, "fast").count("pf") == 1


def test_budget_left_is_a_share_of_the_budget() -> None:
    """Half of what is allowed was bad: half is left; three times as much: two budgets too many."""
    assert budget_left(Tally(2000, 1), 0.001) == 0.5
    assert budget_left(Tally(1000, 3), 0.001) == -2.0
    assert budget_left(Tally(0, 0), 0.001) is None

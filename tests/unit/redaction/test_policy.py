"""A policy is checked when it is made, and a refusal says what to do."""

from __future__ import annotations

import pytest

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.redaction import ExtraPattern, Policy


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"acme-[a-z]+", "without an upper bound"),
        (r"acme-.*", "without an upper bound"),
        (r"acme-(a{1,9}){1,9}", "repeat inside a repeat"),
        (r"acme-(?:a|b{1,9}){1,9}x", "repeat inside a repeat"),
        (r"acme-[a-z]{1,90}[a-z]{1,90}[a-z]{1,90}-", "ways from one place"),
        (r"acme-(a)\1", "refers back"),
        (r"acme-(", "not a regular expression"),
        (r"(?:acme-)?", "matches the empty text"),
        (r"acme-x{1,99999}", "without an upper bound"),
    ],
)
def test_a_pattern_that_strangers_could_make_slow_is_refused(pattern: str, reason: str) -> None:
    """Unbounded, nested and ambiguous repeats never run on request data."""
    with pytest.raises(SettingsError, match=reason):
        ExtraPattern(kind="acme", literal="acme-", pattern=pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"acme-[a-z0-9]{8,64}",
        r"\bacme-(?:live|test)-[0-9]{4,40}",
        r"acme-[a-z]{2,40}+-[a-z]{2,40}+",
        r"(?<![a-z])acme-[A-F0-9]{32}(?![a-z])",
    ],
)
def test_a_bounded_pattern_is_accepted(pattern: str) -> None:
    """Bounded repeats, alternatives and look-arounds are fine."""
    assert ExtraPattern(kind="acme", literal="acme-", pattern=pattern).pattern == pattern


@pytest.mark.parametrize(
    ("kind", "literal", "reason"),
    [
        ("Acme!", "acme-", "kind 'Acme!'"),
        ("acme", "ac", "literal 'ac' is shorter"),
        ("acme", "\u00e4cme-", "must be ASCII"),
    ],
)
def test_an_unfit_kind_or_literal_is_refused(kind: str, literal: str, reason: str) -> None:
    """The message names the value and what would do."""
    with pytest.raises(SettingsError, match=reason):
        ExtraPattern(kind=kind, literal=literal, pattern="acme-[a-z]{2,9}")


def test_a_policy_is_frozen_and_comparable() -> None:
    """Two policies of the same settings are equal and cannot be changed later."""
    assert Policy(pii=True) == Policy(pii=True)
    with pytest.raises(AttributeError):
        Policy().pii = True  # type: ignore[misc]

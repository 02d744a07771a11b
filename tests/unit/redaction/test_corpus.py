"""Redaction is examined on records that were written before its rules, and on later batches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from tests.unit.redaction.corpus_eighth_innocents import EIGHTH_INNOCENTS
from tests.unit.redaction.corpus_eighth_leaks import EIGHTH_LEAKS
from tests.unit.redaction.corpus_heldout import HELDOUT_INNOCENTS, HELDOUT_LEAKS
from tests.unit.redaction.corpus_innocent import INNOCENTS
from tests.unit.redaction.corpus_later import (
    FIFTH_INNOCENTS,
    FIFTH_LEAKS,
    FOURTH_INNOCENTS,
    FOURTH_LEAKS,
)
from tests.unit.redaction.corpus_leaks import LEAKS
from tests.unit.redaction.corpus_makers import Case, make
from tests.unit.redaction.corpus_ninth_innocents import NINTH_INNOCENTS
from tests.unit.redaction.corpus_ninth_leaks import NINTH_LEAKS
from tests.unit.redaction.corpus_seventh_innocents import SEVENTH_INNOCENTS
from tests.unit.redaction.corpus_seventh_leaks import SEVENTH_LEAKS
from tests.unit.redaction.corpus_sixth_innocents import SIXTH_INNOCENTS
from tests.unit.redaction.corpus_sixth_leaks import SIXTH_LEAKS
from tests.unit.redaction.corpus_third import THIRD_INNOCENTS, THIRD_LEAKS

from fastapi_spine.redaction import Redactor

BATCHES = {
    "first": (LEAKS, INNOCENTS),
    "second": (HELDOUT_LEAKS, HELDOUT_INNOCENTS),
    "third": (THIRD_LEAKS, THIRD_INNOCENTS),
    "fourth": (FOURTH_LEAKS, FOURTH_INNOCENTS),
    "fifth": (FIFTH_LEAKS, FIFTH_INNOCENTS),
    "sixth": (SIXTH_LEAKS, SIXTH_INNOCENTS),
    "seventh": (SEVENTH_LEAKS, SEVENTH_INNOCENTS),
    "eighth": (EIGHTH_LEAKS, EIGHTH_INNOCENTS),
    "ninth": (NINTH_LEAKS, NINTH_INNOCENTS),
}


@dataclass(frozen=True, slots=True)
class Score:
    """What share of the leaks was stopped, of the innocents touched, of the context kept."""

    recall: float
    false_positives: float
    kept: float
    missed: list[str]
    touched: list[str]
    lost: list[str]


def written(record: object) -> str:
    """Return the record as text, bytes as the text they are."""
    return json.dumps(record, ensure_ascii=False, default=lambda data: data.decode("latin-1"))


def leaks(case: Case, output: str) -> bool:
    """Say whether 60 % of a planted secret, from either end, is in `output` in any encoding."""
    for secret in case.secrets:
        for form in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}:
            part = max(3, -(-len(form) * 6 // 10))
            if form[:part] in output or form[-part:] in output:
                return True
    return False


def score(leak_templates: list[Any], innocent_templates: list[Any], *, seed: int) -> Score:
    """Run a default redactor over fresh records of both batches."""
    redactor = Redactor()
    dirty = make(leak_templates, seed=seed, each=5)
    clean = make(innocent_templates, seed=seed + 1, each=4)
    outputs = [(case, written(redactor.record(case.record))) for case in dirty]
    missed = [case.name for case, output in outputs if leaks(case, output)]
    kept = [
        (case.name, word, written(word)[1:-1] in out) for case, out in outputs for word in case.keep
    ]
    lost = [f"{name} {word}" for name, word, stays in kept if not stays]
    touched = [
        f"{case.name} {written(redactor.record(case.record))}"
        for case in clean
        if written(redactor.record(case.record)) != written(case.record)
    ]
    return Score(
        recall=1 - len(missed) / len(dirty),
        false_positives=len(touched) / len(clean),
        kept=1 - len(lost) / len(kept),
        missed=missed,
        touched=touched,
        lost=lost,
    )


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("seed", [11, 5003])
def test_secrets_go_and_innocents_stay(batch: str, seed: int) -> None:
    """At least 98.5 % of leaks stop, at most 0.5 % of innocents change, 95 % of context stays."""
    result = score(*BATCHES[batch], seed=seed)
    assert result.recall >= 0.985, result.missed
    assert result.false_positives <= 0.005, result.touched
    assert result.kept >= 0.95, result.lost


@pytest.mark.parametrize("batch", BATCHES)
def test_a_redacted_record_is_not_redacted_again(batch: str) -> None:
    """One pass is enough: the second one changes nothing."""
    redactor = Redactor()
    for case in make(BATCHES[batch][0], seed=7, each=3):
        once = redactor.record(case.record)
        assert redactor.record(once) == once, case.name


def test_the_examination_can_be_failed() -> None:
    """A record with its secret still in it counts as a leak, also when percent-encoded."""
    case = Case("x", {"msg": "a=b%2Fc"}, secrets=["hunter/2swordfish"])
    assert leaks(case, "q=hunter%2F2swordfish")
    assert leaks(case, "half of it: hunter/2swo")
    assert not leaks(case, "[REDACTED:password]")

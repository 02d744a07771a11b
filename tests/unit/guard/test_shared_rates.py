"""Rates in a shared store: what is said before there is one."""

from __future__ import annotations

import logging
import sys

import pytest
from fastapi import FastAPI

from fastapi_spine import Guard, MissingExtraError, SettingsError, Spine

STORE = "redis://127.0.0.1:9/0"


@pytest.mark.parametrize("absent", ["limits", "limits.storage", "redis"])
def test_without_the_extra_set_up_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    """It fails at set-up, not at the first request, and leaves nothing behind."""
    monkeypatch.setitem(sys.modules, absent, None)
    for name in [name for name in sys.modules if name.startswith(("limits.", "redis."))]:
        if name != absent:
            monkeypatch.delitem(sys.modules, name)
    handlers = list(logging.getLogger().handlers)
    with pytest.raises(MissingExtraError, match=r'pip install "fastapi-spine\[redis\]"'):
        Spine(FastAPI(), guard=Guard(rate="1/minute", rate_store=STORE))
    assert logging.getLogger().handlers == handlers


def test_a_store_without_a_rate_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not used is not imported."""
    monkeypatch.setitem(sys.modules, "limits", None)
    Spine(FastAPI(), guard=Guard(rate_store=STORE)).close()


def test_an_address_that_cannot_be_read_is_refused_without_repeating_it() -> None:
    """It may hold a password; the message says what is wanted instead."""
    store = "redis://:s3cret-of-the-cache@cache:notaport/0"
    with pytest.raises(SettingsError, match="wants an address such as") as refused:
        Spine(FastAPI(), guard=Guard(rate="1/minute", rate_store=store))
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None

"""A dead man's switch: it hears of every good evaluation, once a minute, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from receivers import Receiver, receiver
from servers import wait_for
from watching import scene

from fastapi_spine.console.notify.heartbeat import EVERY_S, Heartbeat
from fastapi_spine.console.notify.post import Poster
from fastapi_spine.console.notify.teller import Tellers
from fastapi_spine.testing import FrozenClock


@contextmanager
def beating(hook: Receiver) -> Iterator[tuple[Tellers, FrozenClock]]:
    """Return what tells people when objectives were evaluated; here a heartbeat only."""
    clock = FrozenClock()
    poster = Poster(hook.url, ["127.0.0.0/8"], "console.heartbeat")
    tellers = Tellers([], [], clock, Heartbeat(poster, clock))
    try:
        yield tellers, clock
    finally:
        tellers.close()


def test_it_beats_once_a_minute() -> None:
    """However often is evaluated; also when nothing fires."""
    with receiver() as hook, beating(hook) as (tellers, clock):
        for number in (1, 2, 3):
            for _ in range(4):
                tellers.tell([])
            wait_for(lambda: tellers.senders()[0].sent == number, "the beat")  # noqa: B023 - asked at once
            clock.advance(EVERY_S)
    assert hook.bodies == [{"status": "alive"}] * 3


def test_one_that_fails_is_shown_and_not_made_up_for() -> None:
    """The next is due soon; missing one is what the other side is for."""
    with receiver() as hook, beating(hook) as (tellers, clock):
        hook.answers = [(503, {}, b"")]
        tellers.tell([])
        wait_for(lambda: tellers.senders()[0].failed == 1, "the refusal")
        (failed,) = tellers.senders()
        clock.advance(EVERY_S)
        tellers.tell([])
        wait_for(lambda: tellers.senders()[0].sent == 1, "the next beat")
        (well,) = tellers.senders()

    assert (failed.name, failed.last_error) == ("heartbeat", "HTTP 503")
    assert (well.failed, well.last_error, len(hook.bodies)) == (1, "", 2)
    assert "/hook" not in well.target  # the address is a secret


def test_a_store_that_cannot_be_read_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation that failed is none: nobody is told that all is watched."""
    with scene(tmp_path / "data") as shop:
        shop.minute(20, 0)
        told = len(shop.heard.told)

        def broken(*_: object, **__: object) -> None:
            raise OSError

        monkeypatch.setattr(shop.reader, "series", broken)
        shop.watch.tick()

        assert len(shop.heard.told) == told
        assert shop.watch.page().trouble == ["objectives could not be evaluated: OSError"]

"""The books of processes that share a spool, whatever they do and however they end: every item ends in exactly one place."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from spooled import DAY_S, MIB, SIGNALS, Process, WallClock, terms

from fastapi_spine.export.request import Chunk
from fastapi_spine.export.spool.places import Entry

PROCESSES = st.integers(0, 2)
SIGNAL = st.sampled_from(SIGNALS)
STEP = st.one_of(
    st.tuples(st.just("put"), PROCESSES, SIGNAL),
    st.tuples(st.just("put"), PROCESSES, SIGNAL),
    st.tuples(st.sampled_from(["deliver", "return", "lose", "die sending"]), PROCESSES, SIGNAL),
    st.tuples(st.sampled_from(["kill", "close"]), PROCESSES, SIGNAL),
    st.tuples(st.just("wait"), st.sampled_from([1.0, DAY_S / 3]), SIGNAL),
)


class World:
    """Three places for processes, and what an outsider knows of every item.

    Attributes:
        emitted: items that were handed over, by signal.
        delivered: numbers of the batches that a receiver took, by signal, again and again perhaps.
        dropped: what processes that have ended had lost, by signal.
    """

    def __init__(self, folder: Path, bound: int) -> None:
        self.clock = WallClock()
        self.asked = terms(folder, bound)
        self.numbers = count(1)
        self.living = [Process(self.asked, self.clock) for _ in range(3)]
        self.emitted: Counter[str] = Counter()
        self.delivered: dict[str, list[int]] = {signal: [] for signal in SIGNALS}
        self.dropped: Counter[str] = Counter()

    def take(self, step: Any) -> None:
        """Do one thing."""
        what, place, signal = step
        if what == "wait":
            self.clock.pass_s(place)
            return
        process = self.living[place]
        if what == "put":
            number = next(self.numbers)
            noise = number.to_bytes(4) + bytes(range(256)) * (number % 7 * 50)
            batch: Chunk = (("scope", "1"), noise, number)
            self.emitted[signal] += number
            self.clock.pass_s(0.001)
            process.put(signal, batch)
        elif what in {"kill", "close"}:
            self.end(place, killed=what == "kill")
        elif (taken := process.take(signal)) is not None:
            self.send(what, place, signal, taken[0])

    def send(self, what: str, place: int, signal: str, entry: Entry) -> None:
        """Have something become of a batch that is under way."""
        process = self.living[place]
        if what == "return":
            process.spool.back(signal, entry)
        elif what == "lose":
            account = process.queues[signal].account
            account.drop("rejected", entry.items)
            account.leave(entry.items)
            process.spool.done(entry)
        else:
            self.delivered[signal].append(entry.items)
            if what == "deliver":
                process.deliver(signal, entry)
            else:
                self.end(place, killed=True)

    def end(self, place: int, *, killed: bool) -> None:
        """End a process; another one begins in its place."""
        process = self.living[place]
        for signal in SIGNALS:
            self.dropped[signal] += sum(process.balance(signal).dropped.values())
        (process.kill if killed else process.spool.close)()
        self.living[place] = Process(self.asked, self.clock)

    def drain(self, signal: str) -> None:
        """Have every process send what it has."""
        for process in self.living:
            while (taken := process.take(signal)) is not None:
                self.delivered[signal].append(taken[0].items)
                process.deliver(signal, taken[0])


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([MIB, 40_000]), st.lists(STEP, max_size=40))
def test_the_books_balance_whatever_happens(bound: int, steps: list[Any]) -> None:
    """Put, sent, returned, refused, killed in the middle, taken over, dropped for want of room, too old."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder), bound)
        for step in steps:
            world.take(step)
            for process in world.living:
                for signal in SIGNALS:
                    account = process.queues[signal].account
                    assert 0 <= account.queued == account.spooled
        for signal in SIGNALS:
            world.drain(signal)
            for process in world.living:
                balance = process.balance(signal)
                assert balance.queued == 0
                known = balance.emitted + balance.recovered
                assert known == balance.delivered + sum(balance.dropped.values())
                world.dropped[signal] += sum(balance.dropped.values())
            delivered = set(world.delivered[signal])
            if "die sending" not in [what for what, _, _ in steps]:
                assert len(delivered) == len(world.delivered[signal])
                assert world.emitted[signal] == sum(delivered) + world.dropped[signal]
            assert world.emitted[signal] <= sum(world.delivered[signal]) + world.dropped[signal]

"""An exporter of three signals, and items of each with ids of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from collector import Call, attributes

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.core.telemetry import MetricData, Numbers, PointData, SpanData
from fastapi_spine.export.room import Exporter
from fastapi_spine.export.spool.terms import SpoolTerms

TRACE = "0af7651916cd43dd8448eb211c80319c"
SIGNALS = ("traces", "logs", "metrics")


def spans(count: int, start: int = 1) -> list[SpanData]:
    """Make spans with ids of their own."""
    return [
        SpanData(TRACE, f"{number:016x}", None, None, 1, "s", 1, 1, 2, {"n": number})
        for number in range(start, start + count)
    ]


class Source:
    """Numbers that are there once: so many points with ids of their own."""

    def __init__(self) -> None:
        self.waiting: list[int] = []

    def __call__(self) -> Numbers:
        """Give them away."""
        numbers, self.waiting = self.waiting, []
        points = [PointData({"n": number}, float(number)) for number in numbers]
        return Numbers(1.0, [MetricData("m", "", "", "counter", points)])


class Three(Exporter):
    """An exporter that takes numbered items of any signal.

    Attributes:
        source: where its numbers come from.
    """

    source: Source

    def put(self, signal: str, count: int, start: int = 1) -> None:
        """Hand over items of a signal."""
        if signal == "traces":
            self.put_all(spans(count, start))
        elif signal == "logs":
            assert self.lines is not None
            for number in range(start, start + count):
                line: dict[str, Any] = {"level": "INFO", "logger": "l", "msg": "m", "n": number}
                self.lines.take(1, logging.INFO, line, 0)
        else:
            self.source.waiting.extend(range(start, start + count))

    def settled(self, signal: str, seconds: float = 10) -> Balance:
        """Give it some time to ship everything, and read the books."""
        self.flush(seconds)
        balance = self.balance(signal)
        assert balance is not None
        return balance


@contextmanager
def exporting(
    url: str,
    *signals: str,
    bound: int = 1 << 25,
    spool: SpoolTerms | None = None,
    **variables: str,
) -> Iterator[Three]:
    """Run an exporter against a receiver, perhaps with a spool."""
    clock = SystemClock()
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
        **variables,
    }
    made = Three(
        environ,
        signals=signals or SIGNALS,
        resource=dict,
        clock=clock,
        health=Health(clock),
        bound=bound,
        spool=spool,
    )
    made.source = Source()
    made.numbers_from(made.source)
    try:
        yield made
    finally:
        made.close(0.2)


def numbers_of(items: list[Any]) -> list[int]:
    """The numbers of items, in order."""
    return [attributes(item)["n"] for item in items]


def arrived(calls: list[Call]) -> list[int]:
    """The numbers of all items that came, in order, those of repeated requests too."""
    return [number for call in calls for number in numbers_of(call.items)]


def script(*answers: Callable[[Call], None]) -> Callable[[Call], None]:
    """Answer each request in its turn, and those that come after with 200."""

    def answer(call: Call) -> None:
        (answers[call.number] if call.number < len(answers) else Call.answer)(call)

    return answer

"""Three signals: what becomes of one that goes wrong, and who is waited for at the end."""

from __future__ import annotations

import time
from typing import Any

from collector import Call, collector
from exporting import arrived, exporting
from faults import hang, status
from servers import free_port, wait_for

from fastapi_spine.core.health import Balance
from fastapi_spine.core.telemetry import MetricData, Numbers, PointData


def test_a_receiver_that_came_back_gets_the_rest_at_the_end() -> None:
    """A flush in its outage was in vain; what came after it has recovered is shipped by closing."""
    back: list[bool] = []

    def answer(call: Call) -> None:
        (Call.answer if back else status(503, retry_after="0"))(call)

    with collector(answer) as receiver, exporting(receiver.url, "traces") as exporter:
        exporter.put("traces", 1)
        assert not exporter.flush(0)
        back.append(True)
        wait_for(lambda: exporter.balance("traces") == Balance(1, 1, {}, 0), "what waited")
        exporter.put("traces", 7, 2)
        exporter.close(10)
    assert exporter.balance("traces") == Balance(8, 8, {}, 0)


def test_a_signal_whose_receiver_is_gone_does_not_keep_the_others_from_the_end() -> None:
    """Lines put after a flush that was in vain for spans only are shipped by closing; nobody waits for spans again."""
    with collector(hang) as stuck, collector() as receiver:
        own = f"{stuck.url}/v1/traces"
        with exporting(
            receiver.url, "traces", "logs", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=own
        ) as exporter:
            exporter.put("traces", 1)
            exporter.put("logs", 1)
            assert not exporter.flush(0.5)
            exporter.put("logs", 7, 2)
            exporter.close(10)
    assert exporter.balance("traces") == Balance(1, 0, {"shutdown": 1}, 0)
    assert exporter.balance("logs") == Balance(8, 8, {}, 0)
    assert sorted(arrived(receiver.calls)) == list(range(1, 9))


def test_nobody_waits_twice_for_a_receiver_that_is_gone() -> None:
    """After a flush in vain closing does not wait at all, if nothing arrived since: not for another signal of its either."""
    with exporting(f"http://127.0.0.1:{free_port()}", "traces", "logs") as exporter:
        exporter.put("traces", 1)
        assert not exporter.flush(0.1)
        exporter.put("logs", 1)
        begun = time.monotonic()
        exporter.close(20)
        took = time.monotonic() - begun
    assert took < 10
    for signal in ("traces", "logs"):
        assert exporter.balance(signal) == Balance(1, 0, {"shutdown": 1}, 0)


def test_a_number_that_cannot_be_written_is_booked() -> None:
    """It is lost by itself, and the others of the same reading arrive."""
    half: Any = [0.5]
    points = [PointData({"n": 1}, 1.0, counts=half), PointData({"n": 2}, 1.0, counts=[1])]
    numbers = Numbers(1.0, [MetricData("m", "", "", "histogram", points)])
    with collector() as receiver, exporting(receiver.url, "metrics") as exporter:
        exporter.numbers_from(lambda: numbers)
        balance = exporter.settled("metrics")
    assert balance == Balance(2, 1, {"encode": 1}, 0)
    assert set(arrived(receiver.calls)) == {2}

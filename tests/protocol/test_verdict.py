"""What a process without spans says of a trace that begins there: whoever is called goes by it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from traced import Traced

from fastapi_spine import Traces, outgoing_headers
from fastapi_spine.testing import CountedIds, capture

OWN = f"{1:016x}"
NEW = f"{1:032x}"
CALLER = f"{'a' * 32}-{'b' * 16}"
QUIET = pytest.mark.parametrize("enabled", [True, False], ids=["no receiver", "switched off"])


def sent_on(drive: Any, traces: Traces, **headers: str) -> dict[str, str]:
    """Send one request to a service that makes no spans; return the headers of a call it would make."""
    app = FastAPI()
    going: dict[str, str] = {}

    @app.get("/")
    async def call() -> None:
        going.update(outgoing_headers())

    with capture(app, id_source=CountedIds(), traces=traces):
        drive(app, headers=[(name.encode(), value.encode()) for name, value in headers.items()])
    del going["x-request-id"]
    return going


@QUIET
@pytest.mark.parametrize(("sample", "flags"), [(1.0, "03"), (0.1, "02"), (0.0, "02")])
def test_the_verdict_is_the_one_of_a_process_that_has_a_receiver(
    drive: Any, sample: float, flags: str, enabled: bool
) -> None:
    """By `sample`: 1.0 takes all; of a tenth, a trace whose random part is 1 is not one."""
    going = sent_on(drive, Traces(enabled=enabled, sample=sample))
    assert going == {"traceparent": f"00-{NEW}-{OWN}-{flags}"}


@QUIET
@pytest.mark.parametrize("flags", ["00", "01", "02", "03"])
def test_the_verdict_of_a_caller_is_passed_on(drive: Any, flags: str, enabled: bool) -> None:
    """Whoever began the trace has decided."""
    going = sent_on(drive, Traces(enabled=enabled), traceparent=f"00-{CALLER}-{flags}")
    assert going == {"traceparent": f"00-{'a' * 32}-{OWN}-{flags}"}


def test_a_service_behind_one_without_a_receiver_has_its_traces(drive: Any) -> None:
    """What went well, too: the one in front has not decided against it."""
    parent = sent_on(drive, Traces())["traceparent"]
    behind, traced = FastAPI(), Traced()
    behind.get("/")(lambda: None)
    drive(traced.around(behind), headers=[(b"traceparent", parent.encode())])
    (span,) = (one for one in traced.spans if one.name == "GET /")
    assert (span.trace_id, span.parent_span_id, span.flags) == (NEW, OWN, 3)

"""What a request's headers say, where its span is made in a tracer provider of the user's."""

from __future__ import annotations

import pytest
from played import play, servers

TOKEN = "look-at-this-one-0001"
CALL = """
from opentelemetry import baggage, propagate
from opentelemetry.sdk.trace import SpanProcessor
from fastapi_spine.core.trace_formats import TraceFormats
from fastapi_spine.traces.asked import AskedFor
traced = Traced(everywhere=True, operations=False, formats=TraceFormats(FORMATS))
trace.set_tracer_provider(theirs)
propagate.set_global_textmap(traced.room.propagator)
traced.around(app, first=[AskedFor(TOKEN)])
seen, carrier = {}, {}
class Watch(SpanProcessor):
    def on_start(self, span, parent_context=None):
        seen[span.name] = dict(baggage.get_all(parent_context))
theirs.add_span_processor(Watch())
@app.get("/call")
async def call() -> None:
    with trace.get_tracer("call").start_as_current_span("below"):
        propagate.inject(carrier)
real = ask
async def ask(headers):
    await real("/call", headers=headers)
    assert EXPECTED, (seen, carrier)
"""


def asked(formats: list[str], expected: str) -> str:
    """Write the script of a request that calls another service, and what is to be true at its end."""
    return f"FORMATS, TOKEN = {formats}, {TOKEN!r}\n{CALL.replace('EXPECTED', expected)}"


@pytest.mark.parametrize(
    ("formats", "members", "header"),
    [(["tracecontext", "baggage"], {"user": "7"}, "user=7"), (["tracecontext"], {}, None)],
)
def test_baggage_is_there_for_span_processors_code_and_calls(
    formats: list[str], members: dict[str, str], header: str | None
) -> None:
    """As in our own provider, where it is one of the formats; the caller's trace goes on all the same."""
    seen = f"(seen['GET'], seen['below'], carrier.get('baggage')) == ({members}, {members}, {header!r})"
    sent = '((b"baggage", b"user=7"), (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"))'
    outcome = play(asked(formats, seen), headers=sent)
    assert outcome["theirs"][-1] == ["GET /call", "SERVER", "b" * 16]


@pytest.mark.parametrize(
    ("state", "token", "kept"), [("0", "", False), ("1", "", True), ("0", TOKEN, True)]
)
def test_a_caller_who_wants_no_trace_and_names_none_is_heard(
    state: str, token: str, kept: bool
) -> None:
    """Nothing of the request is recorded, and calls say so; unless somebody asks for it."""
    headers = f'((b"b3", b"{state}"), (b"x-spine-keep", b"{token}"))'
    outcome = play(asked(["b3"], f"carrier['b3'][-2:] == '-{int(kept)}'"), headers=headers)
    assert servers(outcome) == (["GET /call"] if kept else [])
    assert len(outcome["theirs"]) == (2 if kept else 0)


def test_a_sampler_that_follows_nobody_is_not_overruled() -> None:
    """All of the request is recorded, the server span too; calls say that it is sampled."""
    provider = (
        "from opentelemetry.sdk.trace.sampling import ALWAYS_ON\ntheirs.sampler = ALWAYS_ON\n"
    )
    script = asked(["b3"], "carrier['b3'][-2:] == '-1'")
    outcome = play(provider + script, headers='((b"b3", b"0"),)')
    assert [name for name, _, _ in outcome["theirs"]] == ["below", "GET /call"]

"""FastAPI is spared its search for telemetry where there is none, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from fastapi_spine import Spine
from fastapi_spine.testing import capture
from fastapi_spine.traces import native_search

pytestmark = pytest.mark.skipif(
    find_spec("fastapi.telemetry") is None, reason="this FastAPI has no telemetry to look for"
)
SPARED, SEARCHED = b"true", b"false"


def shop(**settings: Any) -> FastAPI:
    """Make an application that tells whether it was spared the search."""
    app = FastAPI(**settings)

    @app.get("/spared")
    async def spared(request: Request) -> bool:
        return "fastapi.telemetry" in request.scope

    return app


@pytest.fixture(name="layers")
def _layers() -> Iterator[list[Spine]]:
    made: list[Spine] = []
    yield made
    for spine in made:
        spine.close()


@pytest.fixture(name="ask")
def _ask(drive: Any, layers: list[Spine]) -> Any:
    def ask(app: Any, path: str = "/spared", **settings: Any) -> bytes:
        if not any(layer for layer in layers):
            layers.append(Spine(app, **({"traces": False, "metrics": False} | settings)))
        body: bytes = drive(app, path).body
        return body

    return ask


class Seen:
    """A provider of the user's, and what it has been given."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def servers(self) -> list[str]:
        """The names of server spans."""
        spans = self._exporter.get_finished_spans()
        return [span.name for span in spans if span.kind is trace.SpanKind.SERVER]


def test_nothing_is_searched_where_there_is_nothing(ask: Any) -> None:
    """Below mounts, included routers and file servers too."""
    app = shop()
    router = APIRouter()
    router.mount("/files", StaticFiles(directory=Path(__file__).parent))
    app.include_router(router)
    app.mount("/sub", shop())
    assert [ask(app), ask(app, "/sub/spared")] == [SPARED, SPARED]


def test_an_applications_own_provider_gets_its_spans(ask: Any) -> None:
    """It was given by hand, so FastAPI does not search."""
    seen = Seen()
    app = shop(telemetry={"tracer_provider": seen.provider})
    ask(app)
    assert seen.servers == ["GET /spared"]


def test_what_is_mounted_after_the_layer_was_set_up_is_seen(
    drive: Any, layers: list[Spine]
) -> None:
    """Without a lifespan it is looked for with the first request."""
    seen, app = Seen(), shop()
    layers.append(Spine(app, traces=False, metrics=False))
    app.mount("/sub", shop(telemetry={"tracer_provider": seen.provider}))
    assert drive(app, "/sub/spared").body == SPARED
    assert len(seen.servers) == 1


@pytest.mark.parametrize("way", ["mounted", "included", "endpoint", "inside another"])
def test_so_does_that_of_an_application_below(ask: Any, way: str) -> None:
    """Wherever it stands."""
    seen = Seen()
    below = shop(telemetry={"tracer_provider": seen.provider})
    app, path = shop(), "/sub/spared"
    if way == "mounted":
        app.mount("/sub", below)
    elif way == "included":
        router = APIRouter()
        router.mount("/sub", below)
        app.include_router(router)
    elif way == "endpoint":
        app.router.routes.append(Route("/spared", below))
        del app.router.routes[-2]
        path = "/spared"
    else:
        app.mount("/sub", Starlette(middleware=[], routes=[]))
        app.mount("/other", shop())
        inner: Any = app.router.routes[-1]
        inner.app.mount("/sub", below)
        path = "/other/sub/spared"
    ask(app, path)
    assert len(seen.servers) == 1


def test_a_provider_that_is_set_while_the_application_runs_gets_its_spans(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process's providers are looked at on every request, where looking costs next to nothing."""
    seen, app = Seen(), shop()
    assert ask(app) == SPARED
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", seen.provider)
    ask(app)
    assert seen.servers == ["GET /spared"]


@pytest.mark.parametrize("signal", ["TRACER", "METER", "LOGGER"])
def test_a_provider_that_the_environment_names_is_still_made(
    monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    """OpenTelemetry makes it when it is first asked for it."""
    monkeypatch.setenv(f"OTEL_PYTHON_{signal}_PROVIDER", f"sdk_{signal.lower()}_provider")
    with capture(shop(), traces=False, metrics=False) as lines:
        first = lines.spine._pass._first  # noqa: SLF001 - asking would set the process's provider for good
        assert [one.idle for one in first if isinstance(one, native_search.NativeSearch)] == [True]


@pytest.mark.parametrize("name", ["_TRACER_PROVIDER", "_METER_PROVIDER", "_LOGGER_PROVIDER"])
def test_without_the_private_names_nothing_is_spared(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A release that renames one costs the saving and nothing else."""
    for module, held in native_search.HOLDERS:
        if held == name:
            monkeypatch.delattr(f"{module}.{held}")
    app = shop()
    with capture(app, traces=False, metrics=False) as lines:
        first = lines.spine._pass._first  # noqa: SLF001 - FastAPI itself needs the names to answer
        assert [one.idle for one in first if isinstance(one, native_search.NativeSearch)] == [True]


def test_an_application_that_is_not_understood_is_left_alone(ask: Any) -> None:
    """A mounted callable may be anything, so FastAPI searches."""

    async def anything(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse("spared")(scope, receive, send)

    app = shop()
    app.mount("/any", anything)
    assert ask(app) == SEARCHED


def test_traces_that_go_nowhere_spare_the_search_too(layers: list[Spine]) -> None:
    """The default: no receiver, no provider; known once the application has started."""
    layers.append(Spine(app := shop(), metrics=False))
    with TestClient(app) as client:
        assert client.get("/spared").content == SPARED

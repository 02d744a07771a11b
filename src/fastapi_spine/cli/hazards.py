"""What hurts an application in ways that its tests do not show: for `spine doctor`."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_network
from os import devnull
from statistics import median
from typing import Any, Final, NamedTuple

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from fastapi_spine.cli.endpoints import Endpoint, endpoints, mounts
from fastapi_spine.core.asgi import App, Message, Receive, Scope, Send
from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.conventions import PATH_METRICS, POLICY_ATTRIBUTE
from fastapi_spine.logs.capture.loggers import every_logger

_REQUEST_ID: Final = ("asgi_correlation_id", "starlette_context")
_METRICS: Final = (
    *("prometheus_fastapi_instrumentator", "starlette_exporter", "starlette_prometheus"),
    *("aioprometheus", "starlette_prom"),
)
_ID_WORDS: Final = ("requestid", "correlationid")
_METRICS_WORDS: Final = ("prometheus", "metricsmiddleware")

_TALKATIVE: Final = {
    "httpcore": (logging.DEBUG, "request and response headers"),
    "hpack": (logging.DEBUG, "headers"),
    "botocore": (logging.DEBUG, "signed headers"),
    "urllib3": (logging.DEBUG, "addresses with their queries"),
    "sqlalchemy.engine": (logging.INFO, "statements with their parameters"),
    "sqlalchemy.engine.Engine": (logging.INFO, "statements with their parameters"),
}
"""Loggers of libraries, from which level on they tell secrets, and what they tell."""

_ELSEWHERE: Final = (
    *(logging.FileHandler, logging.handlers.SocketHandler, logging.handlers.SysLogHandler),
    *(logging.handlers.HTTPHandler, logging.handlers.SMTPHandler),
)
"""Handlers that write somewhere else than the output; those that print beside the layer are `uncovered`'s affair."""

_THREADS: Final = 40
"""AnyIO's thread pool as it comes."""
_SHOWN: Final = 3
_ROUNDS: Final = 15
_CALLS: Final = 20


class Hazard(NamedTuple):
    """One finding.

    Attributes:
        what: what is so, and what to do, in a few sentences.
        urgent: whether it is a mistake; the rest is worth knowing.
    """

    what: str
    urgent: bool = True


def hazards(app: Any, settings: Any) -> list[Hazard]:
    """List what hurts.

    Args:
        app: the application itself.
        settings: the layer's, resolved.

    Returns:
        Middlewares first, then metrics, debug, logs, routes. What start-up code adds later is not seen.
    """
    found = endpoints(app)
    return [
        *_middlewares(app, settings),
        *_public_metrics(app, found, settings),
        *_debug(app),
        *_secrets(settings),
        *_without_objective(found, settings),
        *_threads(found),
    ]


def _middlewares(app: Any, settings: Any) -> Iterator[Hazard]:
    added = list(getattr(app, "user_middleware", ()))
    slow = [one for one in added if _is_base_http(one.cls)]
    if slow:
        names = ", ".join(_name(one) for one in slow)
        yield Hazard(
            f"{names}: BaseHTTPMiddleware costs about {base_http_cost_us():.0f} µs a request here, each of them, "
            "runs the application in a task of its own and loses what it sets in context variables. "
            "Write it as pure ASGI."
        )
    for one in added:
        yield from _cors(one, settings)
    if settings.metrics.enabled:
        yield from _seconds(added, _METRICS, _METRICS_WORDS, "counts every request a second time")
    yield from _seconds(
        added, _REQUEST_ID, _ID_WORDS, "gives a second request id, and the two do not agree"
    )


def _is_base_http(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseHTTPMiddleware)


def _name(added: Any) -> str:
    own = getattr(added, "kwargs", {}).get("dispatch")
    return str(getattr(own or added.cls, "__name__", added.cls))


def _cors(added: Any, settings: Any) -> Iterator[Hazard]:
    if not (isinstance(added.cls, type) and issubclass(added.cls, CORSMiddleware)):
        return
    said = added.kwargs
    anybody = "*" in said.get("allow_origins", ()) or said.get("allow_origin_regex") in {".*", ".+"}
    if anybody and said.get("allow_credentials"):
        yield Hazard(
            "CORSMiddleware: any origin with credentials. Any page can act for its visitor. "
            "Name the origins that may."
        )
    if settings.guard.enabled and settings.guard.cors:
        yield Hazard(
            "CORSMiddleware: the guard answers for CORS already, and a browser refuses two permissions. "
            "Remove one of them."
        )


def _seconds(
    added: Iterable[Any], modules: tuple[str, ...], words: tuple[str, ...], harm: str
) -> Iterator[Hazard]:
    for one in added:
        module = str(getattr(one.cls, "__module__", ""))
        name = str(getattr(one.cls, "__name__", ""))
        plain = name.lower().replace("_", "")
        if module.partition(".")[0] in modules or any(word in plain for word in words):
            yield Hazard(f"{name}: it {harm}. The layer does this already; remove it.")


def _public_metrics(app: Any, found: list[Endpoint], settings: Any) -> Iterator[Hazard]:
    ours = settings.metrics
    wide = [network for network in ours.allow if ip_network(network).prefixlen == 0]
    if ours.enabled and ours.path and wide:
        yield Hazard(
            f"{ours.path} is open to {', '.join(wide)}: everybody reads what the service does. "
            "List networks, or use metrics.token or metrics.port."
        )
    paths = [one.path for one in found] + mounts(app)
    if PATH_METRICS in (path.rstrip("/") for path in paths):
        yield Hazard(
            f"{PATH_METRICS} is a route of the application's own and open to whoever reaches it. "
            "Remove it: the layer's page shows prometheus_client's default registry too, to those who may see it."
        )


def _debug(app: Any) -> Iterator[Hazard]:
    if getattr(app, "debug", False):
        yield Hazard(
            "debug is on: an unhandled error answers with source code and local paths. Leave debug=True out."
        )


def _secrets(settings: Any) -> Iterator[Hazard]:
    if not settings.redaction.enabled:
        yield Hazard("redaction.enabled is false: whatever is logged is written as it is.")
    for logger in every_logger():
        for handler in logger.handlers:
            if isinstance(handler, _ELSEWHERE) and _file(handler) != devnull:
                yield Hazard(
                    f"logger {logger.name!r}: {type(handler).__name__} writes what it gets, unmasked. "
                    "Drop it, or collect the layer's output instead."
                )
    for name, (level, what) in _TALKATIVE.items():
        if 0 < logging.getLogger(name).level <= level:
            yield Hazard(
                f"logger {name!r} is set to {logging.getLevelName(level)} and writes {what}. "
                "Masking finds what looks like a secret, not all that is one; raise its level."
            )


def _file(handler: logging.Handler) -> str | None:
    return getattr(handler, "baseFilename", None)


def _without_objective(found: list[Endpoint], settings: Any) -> Iterator[Hazard]:
    """Name routes that nobody has promised anything about, once anything was promised about any."""
    declared = [target for one in getattr(settings, "objectives", ()) for target in one.target]
    promised = [one for one in found if _has_own_objective(one)]
    if not declared and not promised:
        return
    left = [
        one
        for one in found
        if one.own and one not in promised and not any(_covers(target, one) for target in declared)
    ]
    if left:
        yield Hazard(
            f"{_listed(left)}: no objective, so nobody is alerted when they fail.", urgent=False
        )


def _has_own_objective(one: Endpoint) -> bool:
    return bool(getattr(getattr(one.call, POLICY_ATTRIBUTE, None), "objectives", ()))


def _covers(target: str, one: Endpoint) -> bool:
    method, blank, path = target.rpartition(" ")
    return (not blank or method in one.methods) and fnmatchcase(one.path, path)


def _threads(found: list[Endpoint]) -> Iterator[Hazard]:
    sync = [one for one in found if one.own and one.sync]
    if sync:
        yield Hazard(
            f"{_listed(sync)}: written with `def`, so they share the {_THREADS} threads of one pool with every sync "
            "dependency and file response; the next one waits. Watch anyio_threadpool_waiting, or write them with "
            "`async def`.",
            urgent=False,
        )


def _listed(found: list[Endpoint]) -> str:
    names = [" ".join((*one.methods[:1], one.path)) for one in found[:_SHOWN]]
    more = len(found) - _SHOWN
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


# --- what BaseHTTPMiddleware costs -------------------------------------------------------------------


def base_http_cost_us() -> float:
    """Measure what an empty `BaseHTTPMiddleware` adds to a request on this machine, microseconds; takes about 50 ms."""
    return asyncio.run(_measure())


async def _empty(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


async def _answers(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(b"1")(scope, receive, send)


async def _measure() -> float:
    bare: App = _answers
    wrapped = BaseHTTPMiddleware(bare, dispatch=_empty)
    return median([await _took_us(wrapped) - await _took_us(bare) for _ in range(_ROUNDS)])


async def _took_us(app: App) -> float:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    now = SystemClock().monotonic_ns
    before = now()
    for _ in range(_CALLS):
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
        await app(scope, receive, send)
    return (now() - before) / _CALLS / 1_000

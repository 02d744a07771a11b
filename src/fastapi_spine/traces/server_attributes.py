"""What a server span says of its request: the stable HTTP semantic conventions (1.44.0, `docs/http/http-spans.md`)."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias, TypeVar

from fastapi_spine.core.conventions import (
    ATTR_CLIENT_ADDRESS,
    ATTR_CLOSE_CODE,
    ATTR_ERROR_TYPE,
    ATTR_METHOD,
    ATTR_METHOD_ORIGINAL,
    ATTR_PATH,
    ATTR_PROTOCOL_NAME,
    ATTR_PROTOCOL_VERSION,
    ATTR_ROUTE,
    ATTR_SCHEME,
    ATTR_SERVER_ADDRESS,
    ATTR_SERVER_PORT,
    ATTR_SPINE_GUARD,
    ATTR_SPINE_OUTCOME,
    ATTR_SPINE_REFUSED,
    ATTR_SPINE_REQUEST_ID,
    ATTR_STATUS,
    ATTR_USER_AGENT,
    KNOWN_METHODS,
    METHOD_OTHER,
    ROUTE_UNMATCHED,
    TYPE_WEBSOCKET,
    Outcome,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.telemetry import Shared
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.clients import Clients
from fastapi_spine.redaction.paths import Paths
from fastapi_spine.traces.span import qualified

HEADER_HOST: Final = b"host"
HEADER_USER_AGENT: Final = b"user-agent"

LONGEST: Final = 1_024
"""Characters of a user agent; strangers choose them."""
LONGEST_METHOD: Final = 16
"""Characters of a method that nobody knows; too few for a secret."""
_REMEMBERED: Final = 1_024
_LONGEST_REMEMBERED: Final = 512
"""Characters; browsers name themselves in 100 to 250."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_COMPLETED: Final = Outcome.COMPLETED
"""A name of the module's own: a member of an enumeration is found by way of its metaclass."""
Key = TypeVar("Key")
Value = TypeVar("Value")


Said: TypeAlias = tuple[str, tuple[Shared, ...], dict[str, Any]]
"""What a server span says of its request: its name (method and route, never a path), what it has in common with others, and
what is its own. A bare tuple: one of a named kind costs as much as all its look-ups."""


def together(said: Said) -> dict[str, Any]:
    """Return all attributes in one dictionary."""
    attributes: dict[str, Any] = {}
    for some in said[1]:
        attributes.update(some)
    attributes.update(said[2])
    return attributes


class ServerAttributes:
    """Describes finished exchanges.

    What requests have in common is read, redacted and put together once; a request then costs a few look-ups.

    Args:
        clients: reads the caller's address, as much of it as may be written.
        redactor: masks paths and user agents, and knows which path parameters are secret.
    """

    __slots__ = (
        "_agents", "_client_of", "_clients", "_paths", "_requests", "_servers", "_text", "_text_within",
    )  # fmt: skip

    def __init__(self, clients: Clients, redactor: Redactor) -> None:
        self._client_of = clients.of
        self._text = redactor.text
        self._text_within = redactor.text_within
        self._paths = Paths(redactor)
        self._requests: dict[tuple[object, ...], tuple[str, Shared]] = {}
        self._servers: dict[tuple[object, str], Shared] = {}
        self._clients: dict[str, Shared] = {}
        self._agents: dict[bytes, Shared] = {}

    def of(self, exchange: Exchange) -> Said:
        """Describe a finished exchange."""
        name, shared, path = self.plain(exchange)
        own: dict[str, Any] = {
            ATTR_PATH: path,
            ATTR_SPINE_REQUEST_ID: exchange.request_id,
        }
        if not exchange.ordinary:
            _add_ending(own, exchange)
        return name, shared, own

    def plain(self, exchange: Exchange) -> tuple[str, tuple[Shared, ...], str]:
        """Describe a finished request as far as all have it: its span's name, what it has in common with others, and its path."""
        scope, path = exchange.scope, exchange.shown_path or self._paths.of(exchange)
        scheme = scope.get("scheme", "http")
        key = (exchange.kind, scope.get("method"), exchange.route, exchange.status, scheme, scope.get("http_version"))  # fmt: skip
        name, request = self._requests.get(key) or self._request(key, exchange, scheme)
        sent = exchange.sent
        host: object = sent.get(HEADER_HOST)
        if host is None:
            host = tuple(scope.get("server") or ())
        server = self._servers.get((host, scheme))
        if server is None:
            server = self._server(host, scheme)
        agent, client = sent.get(HEADER_USER_AGENT), exchange.shown_client
        if client is None:
            client = self._client_of(exchange)
        by = self._clients.get(client) or self._read_client(client) if client else None
        if agent is None:
            return name, (request, server) if by is None else (request, server, by), path
        what = self._agents.get(agent) or self._read_agent(agent)
        return name, (request, server, what) if by is None else (request, server, what, by), path

    def _request(
        self, key: tuple[object, ...], exchange: Exchange, scheme: str
    ) -> tuple[str, Shared]:
        """Say what requests of a route, method and status have in common."""
        scope, route = exchange.scope, exchange.route
        attributes: dict[str, Any] = {ATTR_SCHEME: scheme}
        if exchange.kind == TYPE_WEBSOCKET:
            method = "WS"
            attributes[ATTR_PROTOCOL_NAME] = TYPE_WEBSOCKET
        else:
            method = scope["method"] if scope["method"] in KNOWN_METHODS else "HTTP"
            _add_method(attributes, scope["method"])
            attributes[ATTR_PROTOCOL_VERSION] = scope.get("http_version", "1.1")
        if route != ROUTE_UNMATCHED:
            attributes[ATTR_ROUTE] = route
        if exchange.status is not None:
            attributes[ATTR_STATUS] = exchange.status
        name = method if route == ROUTE_UNMATCHED else f"{method} {route}"
        size = sum(len(part) for part in key if isinstance(part, str))
        return _remember(self._requests, key, (self._text(name), Shared(attributes)), size)

    def _server(self, host: object, scheme: str) -> Shared:
        """Say under which name the service was asked: by the `Host` header; what is no host is not repeated."""
        address: object = None
        port: object = None
        if isinstance(host, bytes):
            match = _HOST.fullmatch(host.decode("latin-1"))
            if match is not None:
                address = match[1].strip("[]").lower()
                port = int(match[2]) if match[2] else _PORTS.get(scheme)
        elif isinstance(host, tuple) and host:
            address, port = host[0], host[1]
        told: dict[str, Any] = {}
        if address is not None:
            told[ATTR_SERVER_ADDRESS] = address
            if port is not None:
                told[ATTR_SERVER_PORT] = port
        size = len(scheme) + (len(host) if isinstance(host, bytes) else 0)
        return _remember(self._servers, (host, scheme), Shared(told), size)

    def _read_client(self, client: str) -> Shared:
        return _remember(self._clients, client, Shared({ATTR_CLIENT_ADDRESS: client}))

    def _read_agent(self, agent: bytes) -> Shared:
        text = self._text_within(agent[: 2 * LONGEST].decode("latin-1"), LONGEST)
        return _remember(self._agents, agent, Shared({ATTR_USER_AGENT: text}), len(agent))


def _remember(known: dict[Key, Value], key: Key, value: Value, size: int = 0) -> Value:
    """Keep a value for the next request; strangers choose headers and methods, so there is an end to their number and length.

    Args:
        known: what is kept.
        key: found again by it.
        value: kept.
        size: characters of what a stranger chose in the key.
    """
    if len(known) >= _REMEMBERED:
        known.clear()
    if size <= _LONGEST_REMEMBERED:
        known[key] = value
    return value


def _add_ending(attributes: dict[str, Any], exchange: Exchange) -> None:
    if exchange.kind == TYPE_WEBSOCKET:
        attributes[ATTR_CLOSE_CODE] = exchange.close_code
    if exchange.outcome is not _COMPLETED:
        attributes[ATTR_SPINE_OUTCOME] = exchange.outcome.value
    if exchange.refusal is not None:
        attributes[ATTR_SPINE_GUARD], attributes[ATTR_SPINE_REFUSED] = exchange.refusal
    if exchange.failed:
        attributes[ATTR_ERROR_TYPE] = error_type(exchange)


def _add_method(attributes: dict[str, Any], method: str) -> None:
    if method in KNOWN_METHODS:
        attributes[ATTR_METHOD] = method
    else:
        attributes[ATTR_METHOD] = METHOD_OTHER
        attributes[ATTR_METHOD_ORIGINAL] = method[:LONGEST_METHOD]


def error_type(exchange: Exchange) -> str:
    """Return what kind of failure it was: the exception's type, else the status, else the outcome."""
    if exchange.error_type is not None:
        return qualified(exchange.error_type)
    return str(exchange.status) if exchange.status is not None else exchange.outcome.value

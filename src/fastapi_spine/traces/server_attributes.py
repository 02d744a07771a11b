"""What a server span says of its request: the stable HTTP semantic conventions (1.44.0, `docs/http/http-spans.md`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi_spine.core.asgi import Scope
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
from fastapi_spine.redaction import Redactor
from fastapi_spine.traces.span import qualified

HEADER_HOST: Final = b"host"
HEADER_USER_AGENT: Final = b"user-agent"

LONGEST: Final = 1_024
"""Characters of a path or a user agent; strangers choose both."""
LONGEST_METHOD: Final = 16
"""Characters of a method that nobody knows; too few for a secret."""
_REMEMBERED: Final = 1_024
_HOST = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_PARAMETER = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}

Address = tuple[str | None, int | None]
Headers = Mapping[bytes, bytes]


class ServerAttributes:
    """Describes finished exchanges.

    Args:
        client: reads the caller's address, as much of it as may be written.
        redactor: masks paths and user agents, and knows which path parameters are secret.
    """

    __slots__ = ("_agents", "_client", "_hosts", "_is_sensitive", "_text")

    def __init__(self, client: Callable[[Scope], str | None], redactor: Redactor) -> None:
        self._client = client
        self._text = redactor.text
        self._is_sensitive = redactor.is_sensitive_key
        self._hosts: dict[tuple[bytes, str], Address] = {}
        self._agents: dict[bytes, str] = {}

    def name(self, exchange: Exchange) -> str:
        """Return the span's name: method and route, never a path."""
        if exchange.kind == TYPE_WEBSOCKET:
            method = "WS"
        else:
            method = exchange.scope["method"]
            if method not in KNOWN_METHODS:
                method = "HTTP"
        route = exchange.route
        return method if route == ROUTE_UNMATCHED else f"{method} {route}"

    def of(self, exchange: Exchange, headers: Headers) -> dict[str, Any]:
        """Return the attributes of a finished exchange.

        Args:
            exchange: the request.
            headers: its headers; of repeated ones the last.
        """
        scope = exchange.scope
        scheme = scope.get("scheme", "http")
        attributes: dict[str, Any] = {
            ATTR_PATH: self._path(exchange),
            ATTR_SCHEME: scheme,
            ATTR_SPINE_REQUEST_ID: exchange.request_id,
        }
        if exchange.kind == TYPE_WEBSOCKET:
            attributes[ATTR_PROTOCOL_NAME] = TYPE_WEBSOCKET
            attributes[ATTR_CLOSE_CODE] = exchange.close_code
        else:
            _add_method(attributes, scope["method"])
            attributes[ATTR_PROTOCOL_VERSION] = scope.get("http_version", "1.1")
        route = exchange.route
        if route != ROUTE_UNMATCHED:
            attributes[ATTR_ROUTE] = route
        if exchange.status is not None:
            attributes[ATTR_STATUS] = exchange.status
        client = self._client(scope)
        if client is not None:
            attributes[ATTR_CLIENT_ADDRESS] = client
        agent = headers.get(HEADER_USER_AGENT)
        if agent is not None:
            attributes[ATTR_USER_AGENT] = self._agents.get(agent) or self._read_agent(agent)
        address, port = self._server(scope, headers.get(HEADER_HOST), scheme)
        if address is not None:
            attributes[ATTR_SERVER_ADDRESS] = address
            if port is not None:
                attributes[ATTR_SERVER_PORT] = port
        _add_ending(attributes, exchange)
        return attributes

    def _server(self, scope: Scope, host: bytes | None, scheme: str) -> Address:
        if host is None:
            server = scope.get("server")
            return (server[0], server[1]) if server else (None, None)
        known = self._hosts.get((host, scheme))
        return known if known is not None else self._read_host(host, scheme)

    def _read_host(self, host: bytes, scheme: str) -> Address:
        """Read a `Host` header; what is no host is not repeated."""
        match = _HOST.fullmatch(host.decode("latin-1"))
        address: Address = (None, None)
        if match is not None:
            port = int(match[2]) if match[2] else _PORTS.get(scheme)
            address = (match[1].strip("[]").lower(), port)
        if len(self._hosts) >= _REMEMBERED:
            self._hosts.clear()
        self._hosts[host, scheme] = address
        return address

    def _read_agent(self, agent: bytes) -> str:
        if len(self._agents) >= _REMEMBERED:
            self._agents.clear()
        text = self._agents[agent] = self._text(agent[:LONGEST].decode("latin-1"))
        return text

    def _path(self, exchange: Exchange) -> str:
        """Return the path without its query; the values of sensitive parameters as their names."""
        scope = exchange.scope
        params = scope.get("path_params")
        if not params or not any(map(self._is_sensitive, params)):
            return self._text(str(scope.get("path", ""))[:LONGEST])

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name not in params or self._is_sensitive(name):
                return f"{{{name}}}"
            return str(params[name])

        return self._text(_PARAMETER.sub(fill, exchange.route))[:LONGEST]


def _add_ending(attributes: dict[str, Any], exchange: Exchange) -> None:
    if exchange.outcome is not Outcome.COMPLETED:
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
    if exchange.error is not None:
        return qualified(type(exchange.error))
    return str(exchange.status) if exchange.status is not None else exchange.outcome.value

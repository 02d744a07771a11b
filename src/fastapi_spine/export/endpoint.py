"""Where telemetry goes, by OpenTelemetry's own environment variables (spec: protocol/exporter).

HTTP with protobuf only. The base endpoint's path gets `v1/traces` appended; one of a signal's own is used as it is.
"""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_GRPC_PORT: Final = 4317
_HTTP_PORT: Final = 4318
_TIMEOUT_S: Final = 10.0
_INTERVAL_S: Final = 60.0
_NEAR_S: Final = 10.0
_MOST_DIGITS: Final = 9
_MS: Final = 1000
_TRUE: Final = "true"
_AUTHORIZATION: Final = "authorization"
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding"})
"""Headers that say where a request goes and where it ends: sent twice, receivers refuse it."""
_OF_THE_BODY: Final = frozenset({"content-type", "content-encoding"})
"""Headers that nobody knows but who writes the body."""


class Endpoint(NamedTuple):
    """One signal's receiver.

    Attributes:
        secure: whether it is reached by TLS.
        host: name or address.
        port: the port.
        path: path and query.
        headers: sent with every request; their values are secrets.
        timeout_s: how long one attempt may take in all, seconds.
        gzip: whether bodies are compressed; unless somebody says so, not on the way to this machine itself, where nobody
            pays for bytes.
        certificate: file with the authorities to trust, empty for the system's.
        client_key: file with our key, for a receiver that asks who we are.
        client_certificate: file with our certificate.
    """

    secure: bool
    host: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    timeout_s: float = _TIMEOUT_S
    gzip: bool = True
    certificate: str = ""
    client_key: str = ""
    client_certificate: str = ""

    def __str__(self) -> str:
        """Name it without secrets: no user, no query, no headers."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.host}:{self.port}{self.path.partition('?')[0]}"


class Nowhere(NamedTuple):
    """Why a signal is not sent.

    Attributes:
        reason: one sentence.
        wrong: whether somebody asked for it in a way that cannot be done.
    """

    reason: str
    wrong: bool = False


def find_endpoint(environ: Mapping[str, str], signal: str) -> Endpoint | Nowhere:
    """Find where a signal goes.

    Args:
        environ: the environment's variables; an empty one counts as not set.
        signal: `traces`, `logs` or `metrics`.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == _TRUE:
        return Nowhere("OTEL_SDK_DISABLED is true")
    exporter = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower()
    # The variable is a list; what another SDK would print to a console besides is not ours.
    if exporter and "otlp" not in {one.strip() for one in exporter.split(",")}:
        wrong = exporter != "none"
        return Nowhere(
            f"OTEL_{signal.upper()}_EXPORTER is {exporter!r}; known are otlp and none", wrong
        )
    own = _own(environ, signal, "ENDPOINT")
    base = environ.get(f"{_PREFIX}ENDPOINT", "").strip()
    if not (own or base):
        return Nowhere(f"{_PREFIX}ENDPOINT is not set")
    protocol = _either(environ, signal, "PROTOCOL").lower()
    if protocol not in {"", "http/protobuf"}:
        return Nowhere(
            f"{_PREFIX}PROTOCOL is {protocol!r}; set it to http/protobuf, and the endpoint to the receiver's "
            f"HTTP port, usually {_HTTP_PORT}",
            wrong=True,
        )
    return _endpoint(environ, signal, own or base, appended=not own)


def interval_s(environ: Mapping[str, str], endpoint: Endpoint) -> float:
    """Return how often numbers are sent, seconds.

    `OTEL_METRIC_EXPORT_INTERVAL` says it in milliseconds. Without it a receiver on this machine gets them every ten
    seconds, because somebody may be looking and nobody pays for the traffic; any other every minute, as OpenTelemetry
    has it (spec: "Periodic exporting MetricReader").
    """
    usual = _NEAR_S if _is_near(endpoint.host) else _INTERVAL_S
    return _seconds(environ.get("OTEL_METRIC_EXPORT_INTERVAL", "").strip(), usual)


def _is_near(host: str) -> bool:
    """Tell a receiver on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _endpoint(
    environ: Mapping[str, str], signal: str, url: str, *, appended: bool
) -> Endpoint | Nowhere:
    name = _PREFIX + ("ENDPOINT" if appended else f"{signal.upper()}_ENDPOINT")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # what it says may be a part of a password
        return Nowhere(
            f"{name} cannot be read: its port is no number, or its host none; / and @ in a password are %2F and %40",
            wrong=True,
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return Nowhere(f"{name} is no http:// or https:// address", wrong=True)
    if port == _GRPC_PORT:
        return Nowhere(
            f"{name} names port {_GRPC_PORT}, which speaks gRPC; use HTTP: port {_HTTP_PORT}",
            wrong=True,
        )
    secure = parts.scheme == "https"
    headers = _headers(_either(environ, signal, "HEADERS"))
    ours = sorted(_OURS.intersection(headers))
    if ours:
        return Nowhere(
            f"{_which(environ, signal, 'HEADERS')} sets {' and '.join(ours)}, which every request has already; "
            "leave it out",
            wrong=True,
        )
    timeout = _either(environ, signal, "TIMEOUT")
    compression = _either(environ, signal, "COMPRESSION").lower()
    return Endpoint(
        secure=secure,
        host=parts.hostname,
        port=port or (443 if secure else 80),
        path=_path(parts, f"/v1/{signal}" if appended else ""),
        headers=tuple(
            (name, value)
            for name, value in {**_authorization(parts), **headers}.items()
            if name not in _OF_THE_BODY
        ),
        timeout_s=_seconds(timeout, _TIMEOUT_S),
        gzip=compression == "gzip" or (compression != "none" and not _is_near(parts.hostname)),
        certificate=_either(environ, signal, "CERTIFICATE"),
        client_key=_either(environ, signal, "CLIENT_KEY"),
        client_certificate=_either(environ, signal, "CLIENT_CERTIFICATE"),
    )


def _own(environ: Mapping[str, str], signal: str, name: str) -> str:
    return environ.get(f"{_PREFIX}{signal.upper()}_{name}", "").strip()


def _either(environ: Mapping[str, str], signal: str, name: str) -> str:
    return environ.get(_which(environ, signal, name), "").strip()


def _which(environ: Mapping[str, str], signal: str, name: str) -> str:
    """Return which variable counts: the signal's own, or the one for all."""
    return f"{_PREFIX}{signal.upper()}_{name}" if _own(environ, signal, name) else _PREFIX + name


def _path(parts: SplitResult, more: str) -> str:
    """Return path and query; what is appended belongs to the path."""
    path = parts.path.rstrip("/") + more if more else parts.path
    return (path or "/") + (f"?{parts.query}" if parts.query else "")


def _authorization(parts: SplitResult) -> dict[str, str]:
    """Return the header that an address with a user in it asks for (RFC 7617); none without."""
    if parts.username is None:
        return {}
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {_AUTHORIZATION: f"Basic {b64encode(user.encode()).decode()}"}


def _headers(text: str) -> dict[str, str]:
    """Read `key=value,key=value`, values percent-encoded; what would forge a header is left out, the last of a name wins."""
    found = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        named = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
        if equals and named and value.isprintable():
            found[name] = value
    return found


def _seconds(text: str, usual: float) -> float:
    """Read OpenTelemetry's milliseconds; whatever is none is as good as not given."""
    given = int(text[:_MOST_DIGITS]) / _MS if text.isascii() and text.isdigit() else 0
    return given or usual

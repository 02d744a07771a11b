"""One POST to an address that somebody configured, and to no other: checked after resolving, never redirected.

An address that points into the own network could be made to ask a cloud's metadata service or a neighbour's admin page
(SSRF). So a name is resolved once, every address it has is checked, and the connection goes to the address that was
checked. Proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.export.answer import Answer

TIMEOUT_S: Final = 10.0
_MOST: Final = 64 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class RefusedError(Exception):
    """Nothing was sent; the message says why, without secrets."""


class Poster:
    """Posts JSON to one address.

    Args:
        url: http or https.
        networks: addresses that are not public and may be asked all the same, such as `127.0.0.0/8`.
        name: of the setting, for errors.

    Raises:
        SettingsError: it is no such address.
    """

    def __init__(self, url: str, networks: Sequence[str], name: str) -> None:
        self._parts = _checked(url, name)
        self._networks = [ipaddress.ip_network(one) for one in networks]
        self.shown = f"{self._parts.scheme}://{self._parts.hostname}{_port_shown(self._parts)}/…"

    def post(self, payload: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Send, and return what was answered; a redirect is an answer like any other.

        Raises:
            RefusedError: the address may not be asked.
            OSError: nobody answered in time.
            http.client.HTTPException: what was answered is no HTTP.
        """
        parts = self._parts
        port = parts.port or _PORTS[parts.scheme]
        line = self._connect(parts.hostname or "", port)
        connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=TIMEOUT_S)
        try:
            connection.sock = (
                ssl.create_default_context().wrap_socket(line, server_hostname=parts.hostname)
                if parts.scheme == "https"
                else line
            )
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            body = json.dumps(payload, ensure_ascii=False).encode()
            connection.request(
                "POST", path, body, {"content-type": "application/json", **(headers or {})}
            )
            answer = connection.getresponse()
            told = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read(_MOST))
        finally:
            connection.close()
            line.close()

    def _connect(self, host: str, port: int) -> socket.socket:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]).partition("%")[0] for one in found]
        for address in addresses:
            self._check(address)
        return socket.create_connection((addresses[0], port), timeout=TIMEOUT_S)

    def _check(self, address: str) -> None:
        found = ipaddress.ip_address(address)
        inner = getattr(found, "ipv4_mapped", None) or found
        if inner.is_global and not inner.is_multicast:
            return
        if any(inner in one for one in self._networks if one.version == inner.version):
            return
        raise RefusedError(
            f"{self.shown} is at {inner}, which is no public address. If that is meant, add its network to "
            "console.alert_networks (SPINE_CONSOLE_ALERT_NETWORKS)."
        )


def _checked(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or not url.isprintable():
        raise SettingsError(f"{name} is no http:// or https:// address without a user; correct it.")
    return parts


def _port_shown(parts: SplitResult) -> str:
    return f":{parts.port}" if parts.port else ""

"""How much of a client's address is written."""

from __future__ import annotations

from typing import Any

import pytest

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.redaction.clients import Clients


def asked(client: Any) -> Exchange:
    """Make a request of a client, as the server names it."""
    return Exchange("http", {"client": client}, Identity("r", "0" * 32, "0" * 16), 1, 1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("testclient", "testclient"),
        ("x" * 100, "x" * 64),
        ("", ""),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    """A neighbourhood, no person; the second time as well."""
    clients = Clients("network")
    assert [clients.of(asked((address, 1))) for _ in range(2)] == [network, network]


def test_full_off_and_none() -> None:
    """The setting decides; a UNIX socket has no address."""
    known = ("203.0.113.77", 1)
    assert Clients("full").of(asked(known)) == "203.0.113.77"
    assert Clients("off").of(asked(known)) == ""
    assert Clients("network").of(asked(None)) == ""
    assert Clients("full").of(asked((None, None))) == ""


def test_what_was_read_is_kept_with_the_request() -> None:
    """Access line and span name the same client, though a proxy's headers be read in between."""
    exchange = asked(("203.0.113.77", 1))
    assert Clients("network").of(exchange) == "203.0.113.0/24"
    exchange.scope["client"] = ("198.51.100.4", 1)
    assert Clients("network").of(exchange) == "203.0.113.0/24"


def test_many_addresses_take_no_more_memory_than_some() -> None:
    """What is remembered is bounded."""
    clients = Clients("network")
    for number in range(5000):
        assert clients.of(asked((f"10.0.{number // 250}.{number % 250}", 1)))
    assert len(clients._known) <= 1024  # noqa: SLF001 - the bound is inside

"""Whatever strangers write into `Host`, `Forwarded`, `X-Forwarded-*` and `Origin`: an answer, and no lie believed."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fastapi_spine import Guard
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.guard.cors import Cors
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.guard.proxies import Proxies

OURS = ip_network("10.0.0.0/8")
PIECES = st.sampled_from(
    [
        *("for=", "proto=", "by=", "host=", "https", "http", "javascript", '"', "\\", ";", ",", " ", "[", "]", ":", "%"),
        *("1.2.3.4", "10.0.0.2", "2001:db8::9", "::ffff:10.0.0.3", "fe80::1%eth0", "unknown", "_hidden", ":80", "\x00"),
    ]
)  # fmt: skip
WORDS = st.lists(PIECES, max_size=12).map("".join).map(str.encode)
VALUES = st.one_of(st.binary(max_size=64), WORDS)
NAMES = st.sampled_from([b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"])
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


class Request:
    """As much of an exchange as a proxy's word can change."""

    def __init__(self, peer: str, headers: list[tuple[bytes, bytes]]) -> None:
        self.kind = "http"
        self.scope: dict[str, Any] = {"client": (peer, 7), "scheme": "http", "headers": headers}
        self.sent = dict(headers)


def seen(peer: str, headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Return whom and which scheme the application sees."""
    request: Any = Request(peer, headers)
    exchange: Exchange = request
    Proxies([str(OURS)]).begin(exchange)
    return request.scope["client"][0], request.scope["scheme"]


@given(headers=HEADERS)
@example(headers=[(b"x-forwarded-for", b"::%")])  # an address with an empty zone is none
def test_behind_a_known_proxy_the_caller_is_an_address(
    headers: list[tuple[bytes, bytes]],
) -> None:
    """Whatever is written; and the scheme is one of two."""
    client, scheme = seen("10.0.0.1", headers)
    ip_address(client)
    assert scheme in {"http", "https"}


@given(headers=HEADERS)
def test_a_stranger_is_never_believed(headers: list[tuple[bytes, bytes]]) -> None:
    """His own address and scheme stay what the server saw."""
    assert seen("203.0.113.5", headers) == ("203.0.113.5", "http")


@given(lie=WORDS.filter(lambda text: b'"' not in text))
def test_what_a_caller_wrote_himself_changes_nothing(lie: bytes) -> None:
    """The proxy appends the address that it saw; nothing that stands left of it counts."""
    told = [(b"x-forwarded-for", lie + b", 198.51.100.9")]
    assert seen("10.0.0.1", told)[0] == "198.51.100.9"


@given(host=st.one_of(VALUES, st.binary().map(lambda text: b"api.shop.example" + text)))
def test_a_host_comes_in_only_if_its_name_is_listed(host: bytes) -> None:
    """By whatever prefix, suffix, port or byte a listed name is followed."""
    verdict = Hosts(["api.shop.example"], ["/healthz"]).judge(host, "/")
    name = host.lower().rpartition(b":")[0] or host.lower()
    if verdict is None:
        assert b"api.shop.example" in {name.rstrip(b"."), host.lower().rstrip(b".")}


@given(origin=st.one_of(VALUES, st.binary().map(lambda text: b"https://shop.example" + text)))
def test_an_origin_is_permitted_only_if_it_is_the_listed_one(origin: bytes) -> None:
    """To the byte; nothing of another one is repeated in the answer."""
    said = Cors(Guard(cors=["https://shop.example"])).of(origin)
    permitted = [value for name, value in said if name == b"access-control-allow-origin"]
    assert permitted == ([origin] if origin == b"https://shop.example" else [])

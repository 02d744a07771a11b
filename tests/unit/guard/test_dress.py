"""What answers wear: made once, and never so much of it that strangers could fill the memory."""

from __future__ import annotations

from typing import Any

from fastapi_spine import Guard
from fastapi_spine.guard.cors import Cors
from fastapi_spine.guard.dress import Wardrobe
from fastapi_spine.guard.headers import SecurityHeaders
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.guard.proxies import Proxies
from fastapi_spine.guard.rates import Rates

SHOP = "https://shop.example"


def wardrobe() -> Wardrobe:
    """Return one with little in it."""
    return Wardrobe(Cors(Guard(cors=SHOP)), SecurityHeaders({"*": "off", "x-a": "1"}, ["/docs"]))


def test_vary_adds_up_and_everything_else_gives_way() -> None:
    """Also what comes later: where the caller stands with a rate."""
    dress = wardrobe().of(SHOP.encode(), "http", "/")
    assert dress.pairs[-2:] == [(b"vary", b"Origin"), (b"x-a", b"1")]
    assert dress.names == {name for name, _ in dress.pairs if name != b"vary"} | {
        b"ratelimit", b"ratelimit-policy",
    }  # fmt: skip


def test_a_dress_is_made_once() -> None:
    """The same object each time, another one for another origin, scheme or kind of page."""
    some = wardrobe()
    asked: list[Any] = [
        (SHOP.encode(), "http", "/"), (None, "http", "/"), (None, "https", "/"), (None, "https", "/docs"),
    ]  # fmt: skip
    first = [some.of(*one) for one in asked]
    assert [some.of(*one) is known for one, known in zip(asked, first, strict=True)] == [True] * 4
    assert len({id(one) for one in first}) == 4


def test_what_strangers_choose_is_remembered_within_bounds() -> None:
    """So many of them, and none that is long."""
    some, hosts, proxies = wardrobe(), Hosts(["a"], []), Proxies(["10.0.0.0/8"])
    for number in range(5_000):
        some.of(b"%d" % number, "http", "/")
        hosts.judge(b"%d" % number, "/")
        proxies.begin(forwarded(b"1.2.3.4, %d" % number))
        assert len(some._known) <= 1_024  # noqa: SLF001 - there is no other way to see it
        assert len(hosts._known) <= 1_024  # noqa: SLF001
        assert len(proxies._read) <= 4_096  # noqa: SLF001
    for memory in (some._known, hosts._known, proxies._read):  # noqa: SLF001
        memory.clear()
    some.of(b"o" * 300, "http", "/")
    hosts.judge(b"h" * 300, "/")
    proxies.begin(forwarded(b"1.2.3.4," * 40))
    assert (some._known, hosts._known, proxies._read) == ({}, {}, {})  # noqa: SLF001


def test_a_rates_memory_of_paths_and_callers_has_no_long_ones() -> None:
    """Four thousand paths of sixty kilobytes were 250 MiB."""
    rates = Rates(Guard(rate="5/minute", rate_paths={"/login": "1/minute"}))
    plans = [rates.plan("/login" + "x" * 60_000), rates.plan("/")]
    callers = [rates.caller({"client": (sign * 60_000, 0)}, {}) for sign in ("x", "::1")]

    assert [plan is not None for plan in plans] == [True, True]
    assert list(rates._plans) == ["/"]  # noqa: SLF001 - there is no other way to see it
    assert rates._networks == {}  # noqa: SLF001
    assert [len(one) for one in callers] == [256, 256]


def forwarded(chain: bytes) -> Any:
    """Return as much of an exchange as a proxy's word can change."""
    headers = [(b"x-forwarded-for", chain)]

    class Request:
        kind = "http"
        sent = dict(headers)  # noqa: RUF012 - one use
        scope = {"client": ("10.0.0.1", 7), "headers": headers}  # noqa: RUF012

    return Request()

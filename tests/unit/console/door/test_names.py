"""`Host` and `Origin`, compared."""

from __future__ import annotations

import pytest

from fastapi_spine.console.door.names import Names, host_name, same_origin


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST", "localhost:4319", "localhost.", "localhost.:4319", "127.0.0.1", "127.0.0.1:1",
        "[::1]", "[::1]:4319", " localhost ", "box.example", "BOX.example.:80", "[fe80::1]:4318",
    ],
)  # fmt: skip
def test_own_names_are_own_however_they_are_written(host: str) -> None:
    """With a port or without, in any case, with a trailing dot, with brackets; and those of the setting."""
    assert Names(["box.example", "fe80::1"]).own(host)


@pytest.mark.parametrize(
    "host",
    [
        "", " ", ".", ":80", "evil.example", "localhost.evil.example", "evil-localhost", "localhost:port", "localhost:",
        "localhost:123456", "127.0.0.1.evil.example", "127.1", "0.0.0.0", "[::]", "[::1", "::1", "localhost@evil.example",
        "localhost,evil.example", "localhost evil.example", "localhost/evil", "2130706433", "l\u043ecalhost", "l" * 300,
        "localhost\x00", "127.0.0.1, localhost",
    ],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    """Names that resolve to loopback, other spellings of its address, malformed headers, two headers in one."""
    assert not Names(["box.example"]).own(host)


def test_a_name_is_read_without_port_and_brackets() -> None:
    """What is left is compared."""
    assert [host_name(one) for one in ("A.b:1", "[::1]:2", "x.", "")] == ["a.b", "::1", "x", None]


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://127.0.0.1:4319", "127.0.0.1:4319", True),
        ("http://LOCALHOST:4319", "localhost:4319", True),
        ("http://[::1]:4319", "[::1]:4319", True),
        ("http://localhost:4319", "127.0.0.1:4319", False),
        ("http://127.0.0.1:4318", "127.0.0.1:4319", False),
        ("https://127.0.0.1:4319", "127.0.0.1:4319", False),
        ("http://127.0.0.1:4319.evil.example", "127.0.0.1:4319", False),
        ("null", "127.0.0.1:4319", False),
        ("", "127.0.0.1:4319", False),
        ("file://", "127.0.0.1:4319", False),
    ],
)
def test_an_origin_is_the_consoles_own_or_is_not(origin: str, host: str, same: bool) -> None:
    """Scheme, name and port, all three."""
    assert same_origin(origin, host) is same

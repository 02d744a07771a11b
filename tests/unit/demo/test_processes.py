"""Ports are free when they are handed out, and a service that fails says why."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from fastapi_spine.demo.processes import CONSOLE, HOST, NAMES, ShopError, choose_ports, service


def test_each_service_gets_a_port_of_its_own() -> None:
    """Three different ports and two for the console, all free."""
    ports = choose_ports(None)
    assert (tuple(ports), len(set(ports.values()))) == ((*NAMES, *CONSOLE), 5)


def test_a_taken_port_is_told_in_one_line() -> None:
    """The message names the port, the service and the option; the exit code is the user's 2."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ShopError) as caught:
            choose_ports(port)
    assert caught.value.code == 2
    assert str(caught.value).startswith(f"port {port} for orders cannot be used (")
    assert "--port-base" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("base", [70_000, -1])
def test_a_number_that_is_no_port_is_told_in_one_line(base: int) -> None:
    """So is a port that cannot exist."""
    with pytest.raises(ShopError, match=f"port {base} for orders cannot be used"):
        choose_ports(base)


def test_a_service_that_cannot_start_shows_its_last_lines(tmp_path: Path) -> None:
    """The complaint holds what the process wrote before it ended; nothing is left running."""

    async def start() -> str:
        taken: list[tuple[str, bytes]] = []
        broken = service("nonesuch", 1, lambda name, line: taken.append((name, line)))
        await broken.start({}, tmp_path)
        async with httpx.AsyncClient() as client:
            with pytest.raises(ShopError) as caught:
                await broken.up(client)
        broken.ask_to_stop()
        await broken.stop()
        assert taken
        return str(caught.value)

    message = asyncio.run(start())
    assert message.startswith("nonesuch ended with code 3; its last lines:\n  ")
    assert "fastapi_spine.demo.nonesuch" in message

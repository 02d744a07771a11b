"""What an incident needs of the shop: a release in the place of another, no shopper in between, and somebody to tell."""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastapi_spine.demo.pager import Pager
from fastapi_spine.demo.processes import Service, ShopError
from fastapi_spine.demo.traffic import Shoppers, plan

MESSAGE = {
    "status": "firing",
    "alerts": [
        {"status": "firing", "generatorURL": "http://console/alerts#a1"},
        {"status": "resolved", "generatorURL": "http://console/alerts#a2"},
    ],
}


def test_a_replaced_process_is_not_missed(tmp_path: Path) -> None:
    """Whoever waits for the end of a service goes on waiting, and hears of the end of its successor."""

    async def play() -> str:
        ending = ("-c", "raise SystemExit(3)")
        up: asyncio.Queue[bytes] = asyncio.Queue()
        sleeper = ("-c", "import time; print('ready', flush=True); time.sleep(60)")
        service = Service("sleeper", 1, lambda _name, line: up.put_nowait(line), sleeper)
        await service.start(os.environ, tmp_path)  # noqa: TID251 - a process needs some environment
        await up.get()
        missed = asyncio.create_task(service.ended())
        service.command = ending
        await service.replace(os.environ, tmp_path)  # noqa: TID251
        with pytest.raises(ShopError) as caught:
            await asyncio.wait_for(missed, 20)
        await service.stop()
        return str(caught.value)

    assert asyncio.run(play()).startswith("sleeper ended with code 3")


def test_nobody_is_in_the_shop_while_a_release_is_changed() -> None:
    """The block begins when the last visitor has left, and nobody comes before it ends."""

    async def play() -> tuple[int, bool, int]:
        inside = asyncio.Event()
        leave = asyncio.Event()
        shoppers = Slow("http://127.0.0.1:1", lambda _secret: None)
        shoppers.inside, shoppers.leave = inside, leave
        strolling = asyncio.create_task(shoppers.stroll(islice(plan(1), 40), lambda: 0.0))
        await inside.wait()
        came = shoppers.visits
        asyncio.get_running_loop().call_soon(leave.set)
        async with shoppers.outside():
            still = shoppers.visits - shoppers.left
            for _ in range(50):
                await asyncio.sleep(0)
            later = shoppers.visits
        await strolling
        at_the_door = later - came <= 1  # who has come in just now is not counted yet
        return still, at_the_door, shoppers.visits

    assert asyncio.run(play()) == (0, True, 40)


class Slow(Shoppers):
    """Shoppers who do nothing but stay until they are let go."""

    visits = 0
    left = 0
    inside: asyncio.Event
    leave: asyncio.Event

    async def play(self, client: httpx.AsyncClient, visit: Any) -> None:
        """Stay."""
        self.visits += 1
        self.inside.set()
        await self.leave.wait()
        self.left += 1


def test_the_pager_keeps_messages_and_nothing_else() -> None:
    """What is no message of alerts is dropped; each alert is found by its id and its own state."""

    async def play() -> Pager:
        pager = Pager()
        async with pager.open(), httpx.AsyncClient() as client:
            assert (await client.post(pager.url, json=MESSAGE)).status_code == 200
            for body in (b"", b"{", b"[]", b'{"alerts": [1]}', b'{"alerts": 7}'):
                with pytest.raises(httpx.TransportError):
                    await client.post(pager.url, content=body)
        return pager

    pager = asyncio.run(play())
    assert pager.messages == [MESSAGE]
    assert pager.about("a1", "firing") == MESSAGE
    assert pager.about("a2", "resolved") == MESSAGE
    assert pager.about("a1", "resolved") is None

"""Live tails: what comes is told, bounded, and resumed without a gap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from console_api import NOW, api_over, filled
from console_memory import Memory, span
from starlette.applications import Starlette

from fastapi_spine.console.api import Api
from fastapi_spine.console.api.tails import Pace, Tails
from fastapi_spine.console.ports import StoreError
from fastapi_spine.testing import FrozenClock

QUICK = Pace(fast=0.005, slow=0.01, ping=15.0)
PATIENCE_S = 20.0


class Event(NamedTuple):
    """One event as a client reads it."""

    name: str
    number: str
    data: Any


class Client:
    """A client of one tail: what it was sent, and whether it still reads."""

    def __init__(self) -> None:
        self.status = 0
        self.text = ""
        self.bodies = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def send(self, message: Any) -> None:
        """Take what the server sends, while this client reads."""
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.text += message["body"].decode()
            self.bodies += 1

    async def receive(self) -> Any:
        """Say that the client has gone, once it has."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def events(self) -> list[Event]:
        """Every event so far."""
        found = []
        for block in self.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if "event" in fields:
                data = json.loads(fields["data"])
                found.append(Event(fields["event"], fields.get("id", ""), data))
        return found

    @property
    def rows(self) -> list[Any]:
        """The request ids of every row so far."""
        return [
            row["request_id"]
            for event in self.events
            if event.name == "requests"
            for row in event.data
        ]


class Bench:
    """A store, its API, and clients."""

    def __init__(self, store: Memory, most: int = 64, *, clock: FrozenClock | None = None) -> None:
        self.clock = clock or FrozenClock(NOW)
        self.store = store
        self.tails = Tails(self.clock, most=most, pace=QUICK)
        self.api: Api = api_over(store, clock=self.clock, tails=self.tails)
        self.app = Starlette(routes=self.api.routes)
        self.clients: list[Client] = []

    def connect(self, target: str, **headers: str) -> Client:
        """Open a tail."""
        path, _, query = target.partition("?")
        client = Client()
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": "GET",
            "path": path, "query_string": query.encode(), "root_path": "",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        client.task = asyncio.create_task(self.app(scope, client.receive, client.send))
        self.clients.append(client)
        return client

    def come(self, first: int, last: int) -> None:
        """Let requests of these numbers come in."""
        self.store.spans.extend(
            span(
                number,
                None,
                0,
                1,
                kind=2,
                attributes={"spine.request_id": f"n-{number}", "place": number % 2},
            )
            for number in range(first, last)
        )


@asynccontextmanager
async def bench(store: Memory | None = None, most: int = 64) -> AsyncIterator[Bench]:
    """Run a bench, and end all its tails."""
    made = Bench(store or filled(), most)
    try:
        yield made
    finally:
        made.api.end()
        await asyncio.wait_for(
            asyncio.gather(*(one.task for one in made.clients if one.task), return_exceptions=True),
            PATIENCE_S,
        )


async def until(condition: Callable[[], object]) -> None:
    """Wait for something, a while."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def run(body: Coroutine[Any, Any, None]) -> None:
    """Run a test's body."""
    asyncio.run(body)


def test_a_tail_shows_what_comes_after_it_began() -> None:
    """Oldest first, many rows an event, each event with the cursor to go on from."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail")
            await until(lambda: on.store.asked >= 3)
            on.come(100, 103)
            await until(lambda: client.rows)
            assert client.text.startswith("retry: 1000\n\n")
            assert client.status == 200
            (event,) = client.events
            assert (event.name, event.number) == ("requests", "33")
            assert [row["request_id"] for row in event.data] == ["n-100", "n-101", "n-102"]

    run(body())


def test_a_tail_begins_after_a_page_without_a_gap() -> None:
    """`newer` of a page, and after a break `Last-Event-ID`, which wins."""

    async def body() -> None:
        async with bench() as on:
            page = on.connect("/api/v1/requests/tail?q=service:orders&newer=22")
            again = on.connect("/api/v1/requests/tail?q=service:orders&newer=1", last_event_id="25")
            await until(lambda: page.rows and again.rows)
            assert page.rows == ["r-8", "r-9"]
            assert again.rows == ["r-9"]

    run(body())


def test_only_what_fits_the_search_is_shown() -> None:
    """A search filters as on a page, and a wrong one is refused before anything begins."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail?q=place:1&newer=30")
            on.come(100, 106)
            await until(lambda: client.rows)
            assert client.rows == ["n-101", "n-103", "n-105"]
            wrong = on.connect("/api/v1/requests/tail?q=servce:x")
            await until(lambda: wrong.text)
            assert wrong.status == 400
            assert json.loads(wrong.text)["hint"].startswith("Write service")
            assert on.tails.open == 1

    run(body())


def test_lines_are_tailed_likewise() -> None:
    """Whole lines, as `/logs` has them."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/logs/tail?newer=8")
            await until(lambda: client.events)
            (event,) = client.events
            assert (event.name, event.number) == ("logs", "10")
            assert [line["message"] for line in event.data] == ["order 8 read", "order 9 read"]

    run(body())


def test_a_quiet_tail_is_kept_alive() -> None:
    """A comment every fifteen seconds."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail")
            await until(lambda: on.store.asked >= 3)
            assert ": ping" not in client.text
            on.clock.advance(16)
            await until(lambda: client.text.count(": ping\n\n") == 1)
            on.clock.advance(16)
            await until(lambda: client.text.count(": ping\n\n") == 2)

    run(body())


def test_a_client_that_reads_too_slowly_is_told_what_it_missed() -> None:
    """It holds its own tail up; once far behind, rows are skipped, counted, and the newest follow."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail")
            await until(lambda: on.store.asked >= 3)
            client.reads.clear()
            on.come(1000, 4123)
            client.reads.set()
            await until(lambda: '"n-4122"' in client.text)
            behind = [event.data["skipped"] for event in client.events if event.name == "behind"]
            assert len(behind) == 1
            assert len(client.rows) + behind[0] == 3123
            assert len(client.rows) <= 2200
            assert max(len(one.data) for one in client.events if one.name == "requests") == 200
            on.come(9000, 9001)
            await until(lambda: client.rows[-1] == "n-9000")

    run(body())


def test_equal_tails_share_their_questions() -> None:
    """Thirty tails of one search ask hardly more often than one does."""

    async def body() -> None:
        async with bench() as on:
            clients = [on.connect("/api/v1/requests/tail?q=place:1") for _ in range(30)]
            await until(lambda: all(one.text for one in clients))
            await until(lambda: on.store.asked >= 40)
            on.store.asked = 0
            on.come(100, 102)
            await until(lambda: all(one.rows == ["n-101"] for one in clients))
            assert on.store.asked < 30

    run(body())


def test_tails_are_counted_and_limited() -> None:
    """Beyond the limit the answer is 503; a client that leaves gives its place back."""

    async def body() -> None:
        async with bench(most=2) as on:
            first, second = (on.connect("/api/v1/requests/tail") for _ in range(2))
            await until(lambda: first.text and second.text)
            third = on.connect("/api/v1/logs/tail")
            await until(lambda: third.text)
            assert third.status == 503
            assert (
                json.loads(third.text)["detail"]
                == "2 tails are open already; close one, or ask again."
            )
            first.gone.set()
            await until(lambda: on.tails.open == 1)
            fourth = on.connect("/api/v1/logs/tail")
            await until(lambda: fourth.text)
            assert fourth.status == 200

    run(body())


def test_trouble_of_the_store_is_told_and_the_tail_goes_on() -> None:
    """A problem as an event; what came meanwhile follows."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail?newer=30")
            await until(lambda: on.store.asked >= 2)
            on.store.trouble = StoreError("The disk is away.")
            await until(lambda: client.events)
            assert (client.events[0].name, client.events[0].data["detail"]) == (
                "trouble",
                "The disk is away.",
            )
            on.come(100, 101)
            on.store.trouble = None
            await until(lambda: client.rows)
            assert client.rows == ["n-100"]

    run(body())


def test_a_cursor_of_another_console_begins_anew() -> None:
    """What came before is not shown, and nothing fails for ever."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail", last_event_id="zzz")
            await until(lambda: on.store.asked >= 4)
            on.come(100, 101)
            await until(lambda: client.rows)
            assert client.rows == ["n-100"]
            assert [event.name for event in client.events] == ["requests"]

    run(body())


def test_tails_end_with_the_console() -> None:
    """At once, from whatever thread; new ones are refused."""

    async def body() -> None:
        async with bench() as on:
            client = on.connect("/api/v1/requests/tail")
            await until(lambda: client.text)
            await asyncio.to_thread(on.api.end)
            assert client.task is not None
            await asyncio.wait_for(client.task, PATIENCE_S)
            assert on.tails.open == 0
            late = on.connect("/api/v1/requests/tail")
            await until(lambda: late.text)
            assert late.status == 503

    run(body())


def test_a_tail_that_asks_at_the_end_ends_without_trouble() -> None:
    """What a console no longer asks because it closes is no fault to tell a client."""

    class Ending(FrozenClock):
        """Ends the console just when the second tail is about to ask its first question."""

        def monotonic_ns(self) -> int:
            if on.tails.open > 1:
                on.api.end()
            return super().monotonic_ns()

    async def body() -> None:
        earlier = on.connect("/api/v1/requests/tail")
        await until(lambda: on.store.asked)
        late = on.connect("/api/v1/logs/tail")
        for client in (earlier, late):
            assert client.task is not None
            await asyncio.wait_for(client.task, PATIENCE_S)
            assert (client.status, client.events) == (200, [])

    clock = Ending(NOW)
    on = Bench(filled(), clock=clock)
    run(body())


def test_an_empty_store_is_tailed_from_its_first_row() -> None:
    """Nothing came yet: the first row that comes is shown."""

    async def body() -> None:
        async with bench(Memory()) as on:
            client = on.connect("/api/v1/requests/tail")
            await until(lambda: on.store.asked >= 3)
            on.come(1, 2)
            await until(lambda: client.rows)
            assert client.rows == ["n-1"]

    run(body())

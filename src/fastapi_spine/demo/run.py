"""The supervisor: opens a console and the three services, sends shoppers, gives the tour, closes without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from fastapi_spine.demo.capture import Capture, Line
from fastapi_spine.demo.console import Spine
from fastapi_spine.demo.guide import LAST, Examples, console_tour, examples_of, try_it
from fastapi_spine.demo.incident import SERVICE, TABLE, Incident
from fastapi_spine.demo.look import Look, look_at
from fastapi_spine.demo.options import Options, parsed
from fastapi_spine.demo.pager import Pager
from fastapi_spine.demo.processes import (
    NAMES,
    Service,
    ShopError,
    choose_ports,
    console,
    service,
)
from fastapi_spine.demo.releases import GOOD
from fastapi_spine.demo.surroundings import (
    DATABASE_URL,
    OTLP,
    in_a_hurry,
    of_console,
    of_service,
    told_elsewhere,
)
from fastapi_spine.demo.tour import complete, from_the_log, human
from fastapi_spine.demo.traffic import Shoppers, plan, trace_prefix

_NEEDED: Final = ("aiosqlite", "fastapi", "greenlet", "jwt", "sqlalchemy", "uvicorn")
_DATA: Final = "console"
_HOME: Final = ".spine-demo"
_BUSY_GAP_S: Final = 0.12
_QUIET_GAP_S: Final = 1.0
_WARM_UP_S: Final = 5.0
_PATIENCE_S: Final = 20.0
_IDLE_S: Final = 2.5
"""After that long `orders` uses no connection again, and so none that a service which was replaced has left."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        arguments: the command line without the program's name; None takes the process's own.

    Returns:
        0 when all went well (Ctrl-C included), 1 when a service or the search for secrets failed,
        2 when something is missing or taken.
    """
    options = parsed(arguments)
    look = look_at(sys.stdout, os.environ, shutil.get_terminal_size().columns)
    try:
        _require_packages(os.environ.get(DATABASE_URL, ""))
        return asyncio.run(Shop(options, look).run())
    except BrokenPipeError:
        # Somebody had enough (`| head`): the shop is closed, and nobody is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ShopError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.code


def _require_packages(database_url: str) -> None:
    driver = ("psycopg",) if database_url.startswith("postgres") else ()
    missing = [name for name in (*_NEEDED, *driver) if importlib.util.find_spec(name) is None]
    if missing:
        names = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
        raise ShopError(f"{names} not installed; pip install 'fastapi-spine[demo]'", code=2)


class Shop:
    """The three services, their shoppers and everything they wrote."""

    def __init__(self, options: Options, look: Look) -> None:
        self._options = options
        self._look = look
        self._capture = Capture(options.logs)
        self._gap_s = _BUSY_GAP_S
        self._show_visitors = False
        ports = choose_ports(options.port_base)
        self._ports = ports
        self._services = {name: service(name, ports[name], self._take) for name in NAMES}
        self._console: Service | None = None
        self._pager = Pager()
        self._shoppers = Shoppers(self._services["orders"].url, self._capture.told)

    async def run(self) -> int:
        """Open, show, stay, close; returns the exit code."""
        stop = asyncio.Event()
        _stop_on_signals(stop)
        if self._options.logs is not None:
            self._options.logs.mkdir(parents=True, exist_ok=True)
        async with self._pager.open():
            with _folder() as folder:
                try:
                    await _first(self._show(folder), stop.wait())
                finally:
                    await self._close()
        return self._farewell()

    async def _show(self, folder: Path) -> None:
        await self._open(folder)
        await _first(
            self._tour_and_stay(folder),
            self._shoppers.stroll(plan(self._options.seed), lambda: self._gap_s),
            *(one.ended() for one in self._processes()),
        )

    async def _tour_and_stay(self, folder: Path) -> None:
        clock = asyncio.get_running_loop().time
        opened = clock()
        spine = Spine(folder / _DATA, f"http://127.0.0.1:{self._ports['console']}")
        examples = await self._gather_enough(opened, spine)
        self._gap_s = _QUIET_GAP_S
        await self._scrape()
        self._print(*from_the_log(self._capture, self._look))
        await console_tour(spine, examples, self._look)
        last = LAST
        if self._options.incident:
            await self._incident(spine, folder, last)
            last += 1
        orders = self._services["orders"].url
        self._print(*try_it(spine, examples, orders, self._options.seconds, self._look, last))
        self._show_visitors = True
        if self._options.seconds is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(max(opened + self._options.seconds - clock(), 0))

    async def _incident(self, spine: Spine, folder: Path, number: int) -> None:
        async def deploy(version: str) -> None:
            await self._deploy(version, folder)

        pager = None if told_elsewhere() else self._pager
        self._gap_s = _BUSY_GAP_S
        await Incident(spine, pager, deploy, self._look).run(number)
        self._gap_s = _QUIET_GAP_S

    async def _deploy(self, version: str, folder: Path) -> None:
        """Start a version of inventory in the place of the one that runs; no shopper sees the gap between the two."""
        service = self._services[SERVICE]
        async with self._shoppers.outside(), httpx.AsyncClient(timeout=2) as client:
            await asyncio.gather(
                service.replace(self._environment(SERVICE, folder, version), folder),
                asyncio.sleep(_IDLE_S),
            )
            await service.up(client)

    def _environment(self, name: str, folder: Path, version: str = GOOD) -> dict[str, str]:
        found = of_service(name, self._ports, folder, version)
        return in_a_hurry(found) if self._options.incident else found

    async def _scrape(self) -> None:
        """Read every service's numbers, as Prometheus would."""
        ours = f"00-{trace_prefix(self._options.seed)}{1:024x}-{1:016x}-00"
        async with httpx.AsyncClient(timeout=5, headers={"traceparent": ours}) as client:
            for service in self._services.values():
                answer = await client.get(f"{service.url}/metrics")
                if answer.is_success:
                    self._capture.take_page(service.name, answer.text)

    async def _gather_enough(self, opened: float, spine: Spine) -> Examples:
        """Wait until every part of the tour has something to show, in the console too; never for ever."""
        clock = asyncio.get_running_loop().time
        seconds = self._options.seconds
        warm_up = _WARM_UP_S if seconds is None else min(_WARM_UP_S, seconds * 0.6)
        patience = _PATIENCE_S if seconds is None else min(_PATIENCE_S, seconds + 10)
        examples = Examples()
        while clock() < opened + patience:
            lines = list(self._capture.lines)
            if clock() >= opened + warm_up and complete(lines):
                examples = await examples_of(lines, spine, examples)
                if all(examples) or OTLP in os.environ:
                    break
            self._progress(self._traffic_line())
            await asyncio.sleep(0.1)
        self._settle(self._traffic_line())
        return examples

    async def _open(self, folder: Path) -> None:
        self._print(
            self._look.paint("bold", "A small shop on fastapi-spine"),
            "Three services with real SQL, each set up with one line: Spine(app, service=...)",
            "",
        )
        data = folder / _DATA
        drill = ("--alert-table", TABLE) if self._options.incident else ()
        self._console = console(self._ports, data, _ignore, drill)
        await self._console.start(of_console(self._pager.url), folder)
        for one in self._services.values():
            await one.start(self._environment(one.name, folder), folder)
        async with httpx.AsyncClient(timeout=2) as client:
            for one in self._processes():
                self._progress(f"  {one.name:<10} {one.url}  starting")
                await one.up(client)
                up = self._look.paint("green", "up")
                self._settle(f"  {one.name:<10} {one.url}  {up}")
        login = (await Spine(data, self._console.url).told("open")).strip()
        self._print("", f"  The console, with live traffic: {self._look.paint('cyan', login)}", "")

    async def _close(self) -> None:
        for one in self._services.values():
            one.ask_to_stop()
        for one in self._services.values():
            await one.stop()
        if self._console is not None:  # last: the services' last spans were for it
            self._console.ask_to_stop()
            await self._console.stop()

    def _processes(self) -> list[Service]:
        return [*([self._console] if self._console else []), *self._services.values()]

    def _farewell(self) -> int:
        capture = self._capture
        found = self._look.paint("red" if capture.leaks else "green", f"{capture.leaks} times")
        self._print(
            "",
            f"Closed. {self._shoppers.answers.total()} answers, {capture.seen_lines} lines; "
            f"the {capture.secrets_told} passwords and tokens appeared {found}.",
        )
        return 1 if capture.leaks else 0

    def _take(self, service: str, raw: bytes) -> None:
        line = self._capture.take(service, raw)
        if line is not None and self._show_visitors and self._is_visitor(line):
            self._print(*(self._look.fit(text) for text in human(line, self._look)))

    def _is_visitor(self, line: Line) -> bool:
        """Whether somebody else than the generator caused the line: your own curl."""
        mine = str(line.get("trace_id")).startswith(trace_prefix(self._options.seed))
        return line.get("request_id") is not None and not mine

    def _traffic_line(self) -> str:
        answers = self._shoppers.answers
        classes = [
            f"{sum(count for status, count in answers.items() if status // 100 == hundred)} {hundred}xx"
            for hundred in (2, 4, 5)
        ]
        lines = self._capture.seen_lines
        return f"  {'shoppers':<10} {answers.total()} answers ({', '.join(classes)}), {lines} log lines"

    def _print(self, *lines: str) -> None:
        print("\n".join(lines), flush=True)

    def _progress(self, text: str) -> None:
        if self._look.live:
            print(f"\r\x1b[2K{text}", end="", flush=True)

    def _settle(self, text: str) -> None:
        print(f"\r\x1b[2K{text}" if self._look.live else text, flush=True)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder of this run's own below `.spine-demo` here; both are gone afterwards, unless another run uses the outer."""
    home = Path.cwd() / _HOME
    home.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="run-", dir=home) as folder:
            yield Path(folder)
    finally:
        with contextlib.suppress(OSError):
            home.rmdir()


def _ignore(_name: str, _line: bytes) -> None:
    """The console's own lines are shown only when it does not come up."""


async def _first(*works: Coroutine[Any, Any, object]) -> None:
    """Run all until one is done, cancel the others; the first one's error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


def _stop_on_signals(stop: asyncio.Event) -> None:
    """Ctrl-C, SIGTERM and a closed terminal all close the shop in order."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # A platform without handlers on the loop still has KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), stop.set)

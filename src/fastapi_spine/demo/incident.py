"""`--incident`: a bad release on purpose, the alert that it raises, what the alert knows, and its end.

Nothing is played: the release is a process that was started anew, the console finds out by itself, and the message is the
one that a pager would get.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fastapi_spine.demo.console import Spine
from fastapi_spine.demo.look import Look
from fastapi_spine.demo.pager import Pager
from fastapi_spine.demo.releases import FAULTY, GOOD

SERVICE: Final = "inventory"
TABLE: Final = "drill"
_TIER: Final = "fast"
_FIRES_WITHIN_S: Final = 90.0
_ENDS_WITHIN_S: Final = 240.0
_PAUSE_S: Final = 0.5
_RESOLVED: Final = "resolved"
_COLOURS: Final = {"pending": "yellow", "firing": "red", _RESOLVED: "green"}

Alert = Mapping[str, Any]


class Incident:
    """One incident, from the release to its end.

    Args:
        spine: the console, and its command.
        pager: where the console's messages go; None if they go to somebody else.
        deploy: starts a version of inventory in the place of the one that runs.
        look: of the terminal.
    """

    def __init__(
        self,
        spine: Spine,
        pager: Pager | None,
        deploy: Callable[[str], Awaitable[None]],
        look: Look,
    ) -> None:
        self._spine = spine
        self._pager = pager
        self._deploy = deploy
        self._look = look
        self._key = ""
        self._state = ""

    async def run(self, number: int) -> None:
        """Let it happen, and tell of it.

        Args:
            number: of this part of the tour.
        """
        clock = asyncio.get_running_loop().time
        self._print(
            "",
            self._look.title(number, "An incident"),
            f"{SERVICE} promises that 99 % of reservations succeed. Version {FAULTY} of it has a bug; nobody has told the "
            "console.",
            self._look.paint("dim", f"Windows are short here (`--alert-table {TABLE}`): an hour takes five minutes."),
        )  # fmt: skip
        await self._deploy(FAULTY)
        begun = clock()
        self._tell("deployed", f"{SERVICE} {FAULTY} in the place of {GOOD}")
        alert = await self._follow("firing", _FIRES_WITHIN_S)
        if alert is None:
            self._print(
                "The alert has not fired; `spine alerts` tells how the promise stands (its numbers may have gone to a "
                "receiver of yours)."
            )
        else:
            await self._show(alert)
        await self._deploy(GOOD)
        self._tell("deployed", f"{SERVICE} {GOOD} again; the alert ends when a minute was clean")
        if alert is None:
            return
        over = await self._follow("resolved", _ENDS_WITHIN_S)
        if over is not None:
            self._print(f"From the bad release to the all-clear: {clock() - begun:.0f} s.")
            await self._paged("resolved")
            await self._slower()

    async def _show(self, alert: Alert) -> None:
        command = self._look.paint("dim", f"$ spine alerts show {alert['id'][:8]}")
        self._print("", f"What whoever is woken finds:  {command}")
        await self._spine.shown("alerts", "show", alert["id"][:8])
        await self._paged("firing")
        self._print("")

    async def _paged(self, status: str) -> None:
        """Wait for the message about it, and show what it says."""
        if self._pager is None:
            return
        clock = asyncio.get_running_loop().time
        until = (
            clock() + _FIRES_WITHIN_S
        )  # a second message about a service comes a minute after the first
        message = None
        while message is None and clock() < until:
            message = self._pager.about(self._key, status)
            await asyncio.sleep(_PAUSE_S)
        if message is None:
            return
        one = next(one for one in message["alerts"] if one["generatorURL"].endswith(self._key))
        labels = " ".join(
            f"{key}={one['labels'][key]}" for key in ("severity", "tier", "objective")
        )
        self._print(
            f"The webhook has brought: {self._look.paint('bold', one['annotations']['summary'])}",
            self._look.paint("dim", f"  {one['status']}  {labels}"),
        )

    async def _follow(self, state: str, within_s: float) -> Alert | None:
        """Tell of each state of the alert until it is in one; None if it does not come to that in time."""
        clock = asyncio.get_running_loop().time
        until = clock() + within_s
        while clock() < until:
            alert = self._mine(await self._spine.api("/alerts"))
            if alert is not None and alert["state"] != self._state:
                self._state, self._key = alert["state"], alert["id"]
                self._tell(self._state, self._said(alert))
            if alert is not None and alert["state"] == state:
                return alert
            await asyncio.sleep(_PAUSE_S)
        return None

    def _mine(self, page: Mapping[str, Any]) -> Alert | None:
        """The alert of the fast tier of inventory's promise, the newest."""
        for alert in page.get("alerts", ()):
            if (alert["service"], alert["tier"]) == (SERVICE, _TIER):
                found: Alert = alert
                return found
        return None

    def _said(self, alert: Alert) -> str:
        if alert["state"] == _RESOLVED:
            return f"{alert['title']}: kept again"
        burns = f"burns {alert['burn_long']:.0f} times as fast as allowed"
        return f"{alert['title']}: {burns} (alerts at {alert['factor']:g})"

    async def _slower(self) -> None:
        """Tell of what goes on: slower tiers look back further, and speak when the faster one is silent."""
        page = await self._spine.api("/alerts")
        left = [one for one in page.get("alerts", ()) if self._goes_on(one)]
        if left:
            names = ", ".join(f"{one['tier']} ({one['severity']})" for one in left)
            self._print(f"Tiers with longer windows still see those minutes: {names}.")

    def _goes_on(self, alert: Alert) -> bool:
        return (alert["service"], alert["state"]) == (SERVICE, "firing")

    def _tell(self, what: str, text: str) -> None:
        moment = datetime.now(UTC).strftime("%H:%M:%S")
        word = self._look.paint(_COLOURS.get(what, "bold"), f"{what:<9}")
        self._print(f"  {self._look.paint('dim', moment)}  {word} {text}")

    def _print(self, *lines: str) -> None:
        print("\n".join(lines), flush=True)

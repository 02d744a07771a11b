"""Each way to people: what it makes of a group, and how it hands it over."""

from __future__ import annotations

import http.client
import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from fastapi_spine.console.alert_views import Alert
from fastapi_spine.console.notify import payloads
from fastapi_spine.console.notify.payloads import Group
from fastapi_spine.console.notify.post import Poster, RefusedError
from fastapi_spine.core.errors import MissingExtraError, SettingsError
from fastapi_spine.export.answer import Answer

SUCCESS: Final = range(200, 300)
PAGERDUTY_URL: Final = "https://events.pagerduty.com/v2/enqueue"
_ALERTMANAGER_PATH: Final = "/api/v2/alerts"
_RESENT_S: Final = 5 * 3600
_GENERIC: Final = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
_WORKED: Final = 200
_FAILED: Final = 502


class Way(Protocol):
    """One way.

    Attributes:
        name: of the way.
        shown: where it leads, without secrets.
        acks: whether it is told that somebody has seen an alert.
    """

    name: str
    shown: str
    acks: bool

    def messages(self, group: Group, now_us: int) -> Iterator[Any]:
        """Make what is to be sent of a group."""

    def send(self, message: Any) -> Answer:
        """Send one message; raises what `Poster.post` does."""


class Webhook:
    """Alertmanager's webhook, version 4."""

    name = "webhook"
    acks = False

    def __init__(self, poster: Poster, base: str) -> None:
        self._poster = poster
        self._base = base
        self.shown = poster.shown

    def messages(self, group: Group, now_us: int) -> Iterator[Any]:
        """Make one message a group."""
        del now_us
        yield payloads.webhook(group, self._base)

    def send(self, message: Any) -> Answer:
        """Post it."""
        return self._poster.post(message)


class Alertmanager:
    """An Alertmanager of one's own, which groups, inhibits, silences and routes."""

    name = "alertmanager"
    acks = False

    def __init__(self, poster: Poster, base: str) -> None:
        self._poster = poster
        self._base = base
        self.shown = poster.shown

    def messages(self, group: Group, now_us: int) -> Iterator[Any]:
        """Make one message a group; what fires is over in five hours unless it is told again in four."""
        yield payloads.alertmanager(group, self._base, now_us + _RESENT_S * 1_000_000)

    def send(self, message: Any) -> Answer:
        """Post it."""
        return self._poster.post(message)


class PagerDuty:
    """PagerDuty's Events API v2: one event an alert, since grouped ones hide what comes later.

    Tiers of one objective and severity are one incident, which is over when none of them fires.
    """

    name = "pagerduty"
    acks = True

    def __init__(self, poster: Poster, base: str, key: str) -> None:
        self._poster = poster
        self._base = base
        self._key = key
        self.shown = poster.shown

    def messages(self, group: Group, now_us: int) -> Iterator[Any]:
        """Make an event an alert."""
        del now_us
        on = {payloads.incident(one, self._base) for one in group.firing}
        for one in group.firing:
            action = "acknowledge" if one.acked else "trigger"
            yield payloads.pagerduty(one, self._base, self._key, action)
        for one in group.resolved:
            if payloads.incident(one, self._base) not in on:
                yield payloads.pagerduty(one, self._base, self._key, "resolve")

    def send(self, message: Any) -> Answer:
        """Post it."""
        return self._poster.post(message)


class Apprise:
    """Slack, e-mail, Teams and everything else that Apprise knows; it connects by itself.

    Args:
        url: Apprise's.
        base: address of the console's pages.
        notify: sends title and body, and says whether it worked; Apprise's own if not given.

    Raises:
        MissingExtraError: Apprise is not installed.
        SettingsError: it is no address of Apprise's, or one that is better reached by `webhook`.
    """

    name = "apprise"
    acks = False

    def __init__(
        self, url: str, base: str, notify: Callable[[str, str], bool] | None = None
    ) -> None:
        scheme = urlsplit(url).scheme.lower()
        if scheme in _GENERIC:
            raise SettingsError(
                f"console.apprise has a {scheme}:// address, whose target is not checked; use console.webhook."
            )
        self._base = base
        self._notify = notify or _apprise(url)
        self.shown = f"{scheme}://…"

    def messages(self, group: Group, now_us: int) -> Iterator[Any]:
        """Make one message a group."""
        del now_us
        yield list(payloads.text(group, self._base))

    def send(self, message: Any) -> Answer:
        """Hand it to Apprise, which says only whether it worked."""
        title, body = message
        worked = self._notify(title, body)
        return Answer(_WORKED if worked else _FAILED, {}, b"")


def _apprise(url: str) -> Callable[[str, str], bool]:
    if importlib.util.find_spec("apprise") is None:
        raise MissingExtraError(
            "console.apprise needs an extra: pip install 'fastapi-spine[alerts]'"
        )
    import apprise  # noqa: PLC0415 - an extra

    sender = apprise.Apprise()
    if not sender.add(url):
        raise SettingsError(
            "console.apprise holds an address that Apprise does not know; see its list of services."
        )

    def notify(title: str, body: str) -> bool:
        return bool(sender.notify(title=title, body=body))

    return notify


class WaysOptions(NamedTuple):
    """What is set up; see the settings of the same names.

    Attributes:
        base: address of the console's pages, for links.
    """

    base: str = ""
    webhook: str = ""
    alertmanager: str = ""
    pagerduty: str = ""
    apprise: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    heartbeat: str = ""
    pagerduty_url: str = PAGERDUTY_URL


def ways_of(given: WaysOptions) -> list[Way]:
    """Return every way that is set up.

    Raises:
        SettingsError: an address cannot be read.
    """
    found: list[Way] = []
    if given.webhook:
        poster = Poster(given.webhook, given.networks, "console.webhook")
        found.append(Webhook(poster, given.base))
    if given.alertmanager:
        url = given.alertmanager.rstrip("/") + _ALERTMANAGER_PATH
        found.append(Alertmanager(Poster(url, given.networks, "console.alertmanager"), given.base))
    if given.pagerduty:
        poster = Poster(given.pagerduty_url, given.networks, "console.pagerduty")
        found.append(PagerDuty(poster, given.base, given.pagerduty))
    found += [Apprise(url, given.base) for url in given.apprise]
    return found


def attempted(send: Callable[[], Answer]) -> tuple[Answer | None, str]:
    """Send one message; returns the answer, if there was one, and what to say of it."""
    try:
        answer = send()
    except RefusedError as error:
        return None, str(error)
    except (OSError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {getattr(error, 'strerror', None) or 'no answer'}"
    except Exception as error:  # noqa: BLE001 - others' senders raise what they like; it must not end the thread
        return None, type(error).__name__
    return answer, said(answer)


def said(answer: Answer) -> str:
    """Return what an answer says, shortened: its status, and a message if it has one."""
    try:
        told = json.loads(answer.body)
        message = str(told.get("message", "")) if isinstance(told, dict) else ""
    except ValueError:
        message = ""
    shown = "".join(one if one.isprintable() else " " for one in message)[:200]
    return f"HTTP {answer.status}" + (f": {shown}" if shown else "")


def trial(alerts: Sequence[Alert]) -> Group:
    """Return a group for a trial."""
    return Group(alerts[0].service, tuple(alerts), ())

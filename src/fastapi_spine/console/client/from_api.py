"""Answers from a running console, over HTTP."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from fastapi_spine.console.client.events import Event, StreamError, events
from fastapi_spine.console.client.source import Asked, AskedWronglyError, SourceError
from fastapi_spine.console.door.access import Access, login_url
from fastapi_spine.console.views import (
    ErrorPage,
    LogPage,
    Overview,
    RequestPage,
    TraceView,
)
from fastapi_spine.core.console_names import CONSOLE_ACCESS_FILE
from fastapi_spine.core.conventions import ENV_CONSOLE_TOKEN

_TIMEOUT_S: Final = 30.0
_LONGEST: Final = 256 << 20
"""Bytes of an answer: a trace of 10,000 spans with large attributes is far below."""

Answer = TypeVar("Answer")


class _Problem(msgspec.Struct):
    """An error's body, RFC 9457, with where in a search it is."""

    title: str = ""
    detail: str = ""
    position: int | None = None
    length: int = 1
    hint: str = ""


class ApiSource:
    """A console's API.

    Args:
        url: the console's address.
        token: what the console lets in; empty for none.
        access: the file of the console, if it is this user's own.
    """

    def __init__(self, url: str, token: str = "", access: Access | None = None) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SourceError(f"--url {url!r} is no http address; write http://127.0.0.1:4319.")
        self.place = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._access = access
        self._parts = parts
        self._headers = {"accept": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    def trace(self, key: str) -> TraceView | None:
        """Return everything about one request; None if it is unknown."""
        body = self._get(f"/traces/{quote(key, safe='')}", {}, missing_is_none=True)
        return None if body is None else self._read(body, TraceView)

    def requests(self, asked: Asked) -> RequestPage:
        """Return requests, newest first."""
        return self._ask("/requests", _query(asked), RequestPage)

    def logs(self, asked: Asked) -> LogPage:
        """Return log lines, newest first."""
        return self._ask("/logs", _query(asked), LogPage)

    def overview(self, since: str, until: str) -> Overview:
        """Return rates, errors and durations by route."""
        return self._ask("/overview", {"since": since, "until": until}, Overview)

    def errors(self, since: str, until: str, *, service: str, limit: int) -> ErrorPage:
        """Return failures by fingerprint."""
        query = {"since": since, "until": until, "service": service, "limit": str(limit)}
        return self._ask("/errors", query, ErrorPage)

    def live(self) -> ApiSource:
        """Return this: it tells by itself what comes."""
        return self

    def events(self, kind: str, search: str, newer: str) -> Iterator[Event]:
        """Yield the events of a live tail until the console ends it.

        Args:
            kind: `requests` or `logs`.
            search: which ones.
            newer: a page's cursor: what came after it.

        Raises:
            AskedWronglyError: the search cannot be read.
            SourceError: nobody answers, or the console goes away without a word.
        """
        given = urlencode({"q": search, "newer": newer})
        with self._answer(f"{self._parts.path.rstrip('/')}/api/v1/{kind}/tail?{given}") as answer:
            if answer.status != HTTPStatus.OK:
                raise self._refused(answer.status, answer.read(_LONGEST), search)
            try:
                yield from events(answer.readline)
            except StreamError as error:
                raise SourceError(f"{self.place} sends {error}; is it the console?") from None

    def page(self, path: str) -> str:
        """Return the address of a page; one that opens a session if the console is ours."""
        return (
            f"{self.place}{path}" if self._access is None else login_url(self._access, path) or ""
        )

    def close(self) -> None:
        """Do nothing: each question has a connection of its own."""

    def _ask(self, path: str, query: Mapping[str, str], kind: type[Answer]) -> Answer:
        body = self._get(path, query)
        return self._read(body or b"", kind)

    def _read(self, body: bytes, kind: type[Answer]) -> Answer:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise SourceError(
                f"{self.place} answers something else than this version of the console does ({error}); "
                "is it the console, and of the same version?"
            ) from None

    def _get(
        self, path: str, query: Mapping[str, str], *, missing_is_none: bool = False
    ) -> bytes | None:
        given = {key: value for key, value in query.items() if value}
        target = (
            f"{self._parts.path.rstrip('/')}/api/v1{path}{'?' if given else ''}{urlencode(given)}"
        )
        status, body = self._exchange(target)
        if status == HTTPStatus.OK:
            return body
        if status == HTTPStatus.NOT_FOUND and missing_is_none:
            return None
        raise self._refused(status, body, query.get("q", ""))

    def _exchange(self, target: str) -> tuple[int, bytes]:
        with self._answer(target) as answer:
            return answer.status, answer.read(_LONGEST)

    @contextmanager
    def _answer(self, target: str) -> Iterator[http.client.HTTPResponse]:
        """Ask, and turn whatever the connection does into one error, as long as the answer is read."""
        parts = self._parts
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        try:
            with closing(kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)) as connection:
                connection.request("GET", target, headers=self._headers)
                yield connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceError(
                f"The console at {self.place} does not answer ({error}); is it running? "
                "Start one with `spine console`."
            ) from None

    def _refused(self, status: int, body: bytes, search: str) -> Exception:
        try:
            problem = msgspec.json.decode(body, type=_Problem)
        except msgspec.MsgspecError:
            problem = _Problem()
        if status == HTTPStatus.BAD_REQUEST and problem.position is not None:
            said = problem.detail or problem.title
            return AskedWronglyError(said, search, problem.position, problem.length, problem.hint)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return SourceError(
                f"The console at {self.place} does not let us in: set {ENV_CONSOLE_TOKEN} to the `token` that stands in "
                f"{CONSOLE_ACCESS_FILE} of its data folder, which its user may read."
            )
        said = problem.detail or problem.title or "no reason given"
        return SourceError(f"The console at {self.place} answers {status}: {said}")


def _query(asked: Asked) -> dict[str, str]:
    return {
        "q": asked.search,
        "since": asked.since,
        "until": asked.until,
        "limit": str(asked.limit),
        "older": asked.older,
        "newer": asked.newer,
    }

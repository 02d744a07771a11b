"""Errors as answers: `application/problem+json` (RFC 9457), one shape for all."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from fastapi_spine.core.conventions import HEADER_RETRY_AFTER

PROBLEM_JSON: Final = "application/problem+json"
NO_STORE: Final = {"cache-control": "no-store"}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was not answered.

    Attributes:
        type: names the kind of problem; an anchor of the page `/api`.
        title: the kind in words.
        status: the HTTP status.
        detail: what happened here, with which value, and what to do.
        position: of a search: where it is wrong, in characters (code points) from 0; missing elsewhere.
        length: of a search: how many characters are wrong; missing elsewhere.
        hint: of a search: what to write instead; missing if nobody knows.
    """

    type: str
    title: str
    status: int
    detail: str
    position: int | None = None
    length: int | None = None
    hint: str = ""


class Kind(msgspec.Struct, frozen=True):
    """One kind of problem, as the documentation lists it."""

    name: str
    title: str
    status: int
    sentence: str

    def problem(
        self, detail: str, *, position: int | None = None, length: int | None = None, hint: str = ""
    ) -> Problem:
        """Return a problem of this kind."""
        anchor = f"/api#{self.name}"
        return Problem(anchor, self.title, self.status, detail, position, length, hint)


SEARCH: Final = Kind(
    "search", "The search cannot be read", 400, "`position`, `length` and `hint` say where and what to write instead."
)  # fmt: skip
PARAMETER: Final = Kind(
    "parameter", "A parameter cannot be read", 400, "`detail` names it and what it may be."
)
CURSOR: Final = Kind(
    "cursor", "The cursor is not known", 400, "Cursors come from an earlier answer of the same console; begin again without one."
)  # fmt: skip
UNKNOWN_ID: Final = Kind(
    "unknown-id", "Nothing is known of this id", 404, "`detail` says since when data is kept."
)
NO_SUCH_PATH: Final = Kind(
    "path", "There is nothing here", 404, "The page `/api` lists every path."
)
METHOD: Final = Kind("method", "Only GET is answered", 405, "This path only tells.")
POST_ONLY: Final = Kind(
    "method-post", "Only POST is answered", 405, "Something is to be changed here."
)
JSON_ONLY: Final = Kind(
    "json", "Not JSON", 415, "Send `Content-Type: application/json`: what changes something is no form of another page."
)  # fmt: skip
BUSY: Final = Kind(
    "busy", "The console has too much to do", 503, "Come back after the seconds of `Retry-After`."
)
STORE: Final = Kind(
    "store", "The store cannot answer", 503, "`detail` is what the store says; come back after `Retry-After`."
)  # fmt: skip
LATE: Final = Kind(
    "late", "The answer took too long", 504, "Ask for a shorter time or a narrower search."
)
FAULT: Final = Kind(
    "fault", "The console has a fault", 500, "It is in the console's own log, with its stack."
)
KINDS: Final = (
    SEARCH,
    PARAMETER,
    CURSOR,
    UNKNOWN_ID,
    NO_SUCH_PATH,
    METHOD,
    POST_ONLY,
    JSON_ONLY,
    FAULT,
    BUSY,
    STORE,
    LATE,
)

_RETRY_SECONDS: Final = "1"
_RETRIED: Final = 503


class ProblemError(Exception):
    """A request cannot be answered.

    Attributes:
        problem: what the client is told.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def answer(problem: Problem) -> Response:
    """Return a problem as an answer."""
    headers = dict(NO_STORE)
    if problem.status == _RETRIED:
        headers[HEADER_RETRY_AFTER.decode()] = _RETRY_SECONDS
    if problem.status == METHOD.status:
        headers["allow"] = "POST" if problem.title == POST_ONLY.title else "GET, HEAD"
    body = msgspec.json.encode(problem)
    return Response(body, problem.status, headers=headers, media_type=PROBLEM_JSON)

"""The API of a running console, as `spine alerts` asks it: one connection a question, over http or https."""

from __future__ import annotations

import argparse
import http.client
import json
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from fastapi_spine.cli.asking import data_folder
from fastapi_spine.cli.terminal import clean
from fastapi_spine.console.door.access import read_access
from fastapi_spine.core.console_names import CONSOLE_ACCESS_FILE, PATH_ALERTS_API
from fastapi_spine.core.conventions import ENV_CONSOLE_TOKEN
from fastapi_spine.core.errors import SpineError
from fastapi_spine.settings.load import environment

_TIMEOUT_S: Final = 60.0
_LONGEST: Final = 64 << 20
_GOOD: Final = range(200, 300)
_SHUT_OUT: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
Answer = TypeVar("Answer")


class NoConsoleError(SpineError):
    """No console answers, or it refuses; the message says why and what to do."""


class AlertsConsole:
    """A console's alerts.

    Args:
        options: `url` and `data` of the command line.

    Attributes:
        place: the console's address, without a slash at its end.

    Raises:
        NoConsoleError: none runs on the data folder and no address was given, or it is none.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        folder = data_folder(options.data or "")
        access = read_access(folder)
        if access is None and not options.url:
            raise NoConsoleError(
                f"no console runs on {folder}; `spine console` starts one, --url names one elsewhere."
            )
        given = str(options.url or (access.web if access else ""))
        self._parts = _address(given)
        self.place = f"{self._parts.scheme}://{self._parts.netloc}{self._parts.path.rstrip('/')}"
        token = environment().get(ENV_CONSOLE_TOKEN, "")
        if access is not None and self.place == access.web:  # ours is not shown to another console
            token = token or access.token
        self._headers = {"accept": "application/json", "content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    def ask(self, path: str, kind: type[Answer], body: object = None) -> Answer:
        """Ask, or change something if there is a body.

        Raises:
            NoConsoleError: it does not answer, or not as a console does.
        """
        status, text = self._exchange(path, None if body is None else json.dumps(body))
        if status in _SHUT_OUT:
            raise NoConsoleError(
                f"the console at {self.place} does not let us in: set {ENV_CONSOLE_TOKEN} to the `token` that stands in "
                f"{CONSOLE_ACCESS_FILE} of its data folder."
            )
        if status not in _GOOD:
            raise NoConsoleError(f"the console answers {status}: {_detail(text)}")
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError as error:
            raise NoConsoleError(
                f"{self.place} answers something else than this version of the console does ({error}); "
                "is it the console, and of the same version?"
            ) from None

    def _exchange(self, path: str, body: str | None) -> tuple[int, bytes]:
        parts = self._parts
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        method = "GET" if body is None else "POST"
        target = f"{parts.path.rstrip('/')}{PATH_ALERTS_API}{path}"
        try:
            line = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
            try:
                line.request(method, target, body, self._headers)
                answer = line.getresponse()
                return answer.status, answer.read(_LONGEST)
            finally:
                line.close()
        except (OSError, http.client.HTTPException) as error:
            raise NoConsoleError(f"the console at {self.place} does not answer: {error}") from None


def _address(given: str) -> SplitResult:
    try:
        parts = urlsplit(given if "//" in given else f"http://{given}")
        known = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        raise NoConsoleError(f"--url {given!r} is no http address; write http://127.0.0.1:4319.")
    return parts


def _detail(text: bytes) -> str:
    try:
        return clean(str(json.loads(text)["detail"]))
    except (ValueError, KeyError, TypeError):
        return "no reason given"

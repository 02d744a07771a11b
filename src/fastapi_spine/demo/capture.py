"""What the running shop wrote: its last lines, and whether a secret that was sent is among them."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fastapi_spine.testing import render_human

Line = dict[str, Any]

KEPT_LINES: Final = 5_000
KEPT_SECRETS: Final = 2_000


@dataclass(slots=True)
class Capture:
    """Takes every line the three services write.

    Attributes:
        folder: where each service's lines are also kept as `<service>.jsonl`, or None.
        lines: the last JSON lines of all services, in the order they arrived.
        seen_lines: how many lines came, of whatever form.
        seen_bytes: how many bytes came.
        leaks: how many times a line or a page held a secret that was sent.
        pages: the last `/metrics` page of each service.
    """

    folder: Path | None = None
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    seen_lines: int = 0
    seen_bytes: int = 0
    leaks: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    _secrets: dict[str, None] = field(default_factory=dict)
    _raw: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    _told: int = 0

    def take(self, service: str, raw: bytes) -> Line | None:
        """Take one line of a service, as it came from its standard output or error.

        Returns:
            The line as an object, or None for one that is no JSON object.
        """
        text = raw.decode("utf-8", "replace").rstrip("\n")
        self.seen_lines += 1
        self.seen_bytes += len(raw)
        self.leaks += sum(secret in text for secret in self._secrets)
        self._raw.append(text)
        if self.folder is not None:
            with (self.folder / f"{service}.jsonl").open("ab") as file:
                file.write(raw)
        line = _parsed(text)
        if line is not None:
            self.lines.append(line)
        return line

    def take_page(self, service: str, text: str) -> None:
        """Take a service's `/metrics` page."""
        self.leaks += sum(secret in text for secret in self._secrets)
        self.pages[service] = text

    def told(self, secret: str) -> None:
        """Remember a password or token; a line that already holds it counts as a leak too."""
        # A token's signature alone would be as good as the token to whoever finds it.
        for form in {secret, secret.rpartition(".")[2]}:
            if form in self._secrets:
                continue
            self._secrets[form] = None
            self.leaks += sum(form in text for text in self._raw)
        self._told += 1
        while len(self._secrets) > KEPT_SECRETS:
            self._secrets.pop(next(iter(self._secrets)))

    @property
    def secrets_told(self) -> int:
        """How many times a password or token was sent or received."""
        return self._told


def readable(raw: bytes) -> str:
    """A line as a person reads it: rendered when it is one of the log, as it came otherwise."""
    text = raw.decode("utf-8", "replace").rstrip("\n")
    line = _parsed(text)
    return text if line is None else render_human(line)


def _parsed(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None

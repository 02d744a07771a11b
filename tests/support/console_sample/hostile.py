"""Answers in which every text of every field, names included, is something that would like to run."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    '"><svg onload=alert(3)>',
    "javascript:alert(4)",
    "{{constructor.constructor('alert(5)')()}}${alert(6)}",
    "</style><style>@import url(https://evil.example/a.css);</style>",
    "<iframe srcdoc='<script>parent.alert(7)</script>'></iframe>",
    "<a href='https://evil.example/' ping='https://evil.example/'>here</a>",
    "\x1b]8;;https://evil.example/\x07click\x1b]8;;\x07\x1b[31mred\x1b[0m",
    "\u202egnp.exe\u2066",
    "__proto__",
    "constructor",
    "../../../../etc/passwd",
    "//evil.example/x.js",
    "<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "[click](javascript:alert(8)) ![x](https://evil.example/x.png)",
    "data:text/html,<script>alert(9)</script>",
]
KEPT = {"format", "basis"}
"""Fields that tell the page what it looks at."""


class Poison:
    """Puts the payloads in, one after another, so that each field gets a different one on every turn."""

    def __init__(self, start: int) -> None:
        self._next = itertools.cycle(PAYLOADS[start:] + PAYLOADS[:start])

    def __call__(self, view: Any) -> Any:
        """A view as plain objects, poisoned; ids stay different from each other."""
        return self._value(msgspec.to_builtins(view), named=True)

    def _value(self, value: Any, *, named: bool) -> Any:
        if isinstance(value, str):
            return next(self._next)
        if isinstance(value, list):
            return [self._value(one, named=named) for one in value]
        if isinstance(value, dict):
            return self._object(value)
        return value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        free = {"attributes", "facts", "rejected", "emitted", "delivered", "dropped", "redacted"}
        done: dict[str, Any] = {}
        for name, one in value.items():
            if name in KEPT:
                done[name] = one
            elif name in free and isinstance(one, dict):
                done[name] = {next(self._next): self._value(inner, named=False) for inner in [*one.values(), {"a": ["b"]}]} if name == "attributes" else {next(self._next): self._value(inner, named=False) for inner in one.values()}  # fmt: skip
            else:
                done[name] = self._value(one, named=True)
        return done

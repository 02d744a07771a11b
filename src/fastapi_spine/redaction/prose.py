"""Secrets told in a sentence: ``the new password is hunter2``.

Only a value that no sentence would hold is taken: letters and digits mixed, at least six, or a
quoted password. ``password is required`` and ``token is base64-encoded`` stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark
from fastapi_spine.redaction.shapes import MIXED, TECHNICAL, is_opaque, is_strong
from fastapi_spine.redaction.spans import Span, splice
from fastapi_spine.redaction.values import is_blank

_VERB = LazyPattern(
    r" (?:(?P<told>is|was|now|to):?|(?P<moved>from)|[a-z]{2,12}ed:?|header:|value:|string:|(?P<owner>(?:(?:for|of) (?:user )?|(?<=\w ))[\w.@'+-]{1,64}+:)) (?=[\"'`]|[^\s\"'`<>,;]{0,200}[0-9])"
    r"(?=(?P<quote>[\"'`])?(?P<value>[^\s\"'`<>,;]{4,200}+)(?(quote)(?P=quote)))"
)
# The value stands right behind the word: `invalid token 9f3c…`, `password hunter2 rejected`.
_BESIDE = LazyPattern(
    r"(?<![\w./-])(?P<key>[A-Za-z][\w-]{1,30}+)[ ;|,\t(](?=[\"'`(]?[^\s(,;|]{0,400}[0-9])(?=(?P<quote>[\"'`(])?"
    r"(?P<value>[A-Za-z0-9_+/=.~!#$%^*@:-]{6,4000}+)(?(quote)[\"'`)])(?![\w(\[:=]))"
)
_SHORTEST_TOLD = 12
_SHORTEST_BESIDE = {
    "password": 6, "credentials": 8, "token": 16, "secret": 16, "api_key": 16, "session": 20, "otp": 6,
}  # fmt: skip
# `token mismatch: expected 9f3c…, got 77aa…`
_COMPARING = ("expected", "got", "received", "actual", "provided", "given", "supplied")
_COMPARED = LazyPattern(
    rf"\b(?:{'|'.join(_COMPARING)}):? [\"'`]?"
    r"(?=[A-Za-z]{0,200}[0-9])(?P<value>[A-Za-z0-9_+/=.~-]{16,4000}+)"
)
_COMPARED_SPAN = 100
_CHANGED = LazyPattern(r"(?: (?:is|was|has been|been|set|changed|reset|updated|now)){1,4}$")
_OWNER = LazyPattern(r" (?:(?:for|of) (?:user )?[\w.@'+-]{1,64}|from \S{1,200})$")
_SUBJECT_SPAN = 90
_TOLD = frozenset({"password", "secret", "token", "api_key", "otp", "session", "credentials"})


# Too short for any other rule, and only ever a number: `cvv 524`.
_CVV = LazyPattern(r"[cC][vV][vVcC]2?[ :#]{1,3}(?P<value>[0-9]{3,4})(?![\w.])")


class ProseRule:
    """Replaces values that a sentence attributes to a secret."""

    def __init__(self, keys: KeyClassifier, found: Callable[[str], None]) -> None:
        self._keys = keys
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` without the secrets its sentences tell."""
        spans: list[Span] = []
        for match in _VERB.finditer(text):
            kind = self._subject(text, match.start())
            value = match["value"].rstrip(".:!)")
            told = match["told"] is not None or kind == "otp"
            if kind is None or not (
                _is_told(value, kind, quoted=match["quote"] is not None)
                if told
                else _is_owned(value, kind)
                if match["owner"] or match["moved"]
                else is_opaque(value, _SHORTEST_TOLD)
            ):
                continue
            start = match.start("value")
            spans.append((start, start + len(value), mark(kind)))
            self._found(kind)
        return self._compared(self._beside(self._cvv(splice(text, spans))))

    def _cvv(self, text: str) -> str:
        if self._keys.kind("cvv") is None:
            return text
        spans = [(*match.span("value"), mark("card")) for match in _CVV.finditer(text)]
        for _ in spans:
            self._found("card")
        return splice(text, spans)

    def _compared(self, text: str) -> str:
        if not any(word in text for word in _COMPARING):
            return text
        spans: list[Span] = []
        for match in _COMPARED.finditer(text):
            value = match["value"].rstrip(".")
            if not is_opaque(value, _SHORTEST_TOLD):
                continue
            head = text[max(0, match.start() - _COMPARED_SPAN) : match.start()]
            kinds = (self._keys.kind(word) for word in reversed(head.split()))
            kind = next((kind for kind in kinds if kind in _TOLD), None)
            if kind:
                start = match.start("value")
                spans.append((start, start + len(value), mark(kind)))
                self._found(kind)
        return splice(text, spans)

    def _beside(self, text: str) -> str:
        spans: list[Span] = []
        for match in _BESIDE.finditer(text):
            kind = self._kind_beside(text, match)
            value = match["value"].rstrip(".!:")
            if kind is None or not (
                is_opaque(value, _SHORTEST_BESIDE[kind]) or (kind == "otp" and value.isdigit())
            ):
                continue
            start = match.start("value")
            spans.append((start, start + len(value), mark(kind)))
            self._found(kind)
        return splice(text, spans)

    def _kind_beside(self, text: str, match: re.Match[str]) -> str | None:
        key, start = match["key"], match.start()
        kind = self._keys.kind(key)
        if kind is None and key.lower() in {"key", "id", "code"}:
            words = text[max(0, start - _SUBJECT_SPAN) : start].split(" ")[-2:-1]
            kind = self._keys.kind(f"{words[0]} {key}") if words else None
        if kind is None and key.lower() == "key" and is_strong(match["value"]):
            return "secret"
        return kind if kind in _SHORTEST_BESIDE else None

    def _subject(self, text: str, end: int) -> str | None:
        head = _CHANGED.sub("", text[max(0, end - _SUBJECT_SPAN) : end])
        head = _OWNER.sub("", head)
        words = head.split(" ")[-2:]
        if "[REDACTED" in head[-_SUBJECT_SPAN // 2 :]:
            words = words[-1:] if "[REDACTED" not in words[-1] else []
        if not words:
            return None
        kind = self._keys.kind(words[-1]) or self._keys.kind(" ".join(words))
        return kind if kind in _TOLD else None


def _is_owned(value: str, kind: str) -> bool:
    shortest = _SHORTEST_BESIDE[kind]
    return is_opaque(value, shortest) or (
        kind == "password" and value.isdigit() and len(value) >= shortest
    )


def _is_told(value: str, kind: str, *, quoted: bool) -> bool:
    if is_blank(value) or value.startswith("[REDACTED"):
        return False
    if kind == "otp":
        return value.isdigit()
    if quoted and kind == "password":
        return True
    return MIXED.fullmatch(value) is not None and not TECHNICAL.match(value)

"""Proof, in a user's own tests, that no secret left the application."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.text import encodings

_SHORTEST_PLANTED = 4
_MARK = re.compile(r"\[REDACTED:([a-z0-9_]+)\]")


def assert_no_secrets(
    output: str | bytes | Iterable[Any] | Mapping[str, Any], *, planted: Iterable[str] = ()
) -> None:
    """Fail if `output` holds something that redaction would remove, or a planted value.

    Args:
        output: what the application wrote: text, bytes, one record, or lines or records in order.
            A line that is a JSON object is judged field by field.
        planted: secrets that the test put into its requests. They are also looked for URL- and
            base64-encoded and escaped as in JSON.

    Raises:
        AssertionError: names every place (line, path of keys) and what was found there, never the
            secret itself.
        ValueError: a planted value is shorter than four characters and would be found anywhere.
    """
    hidden = _hidden(planted)
    redactor = Redactor()
    found = [
        f"line {number}{_shown(where, hidden, redactor)}: {what}"
        for number, record in enumerate(_records(output), start=1)
        for where, what in _findings(record, hidden, redactor)
    ]
    if found:
        raise AssertionError("secrets in the output:\n  " + "\n  ".join(found))


def _shown(where: str, hidden: list[tuple[str, str]], redactor: Redactor) -> str:
    """Return the path for the message, without secrets that stand in its keys."""
    for form, what in hidden:
        where = where.replace(form, f"<{what}>")
    return f", {redactor.text(where.lstrip('.'))}" if where else ""


def _hidden(planted: Iterable[str]) -> list[tuple[str, str]]:
    """Return (form, what to call it) for every way in which a planted value may be written."""
    hidden = []
    for number, value in enumerate(planted, start=1):
        if len(value) < _SHORTEST_PLANTED:
            raise ValueError(
                f"planted value {number} is shorter than {_SHORTEST_PLANTED} characters;"
                " it would be found in any text"
            )
        forms = sorted(encodings(value), key=lambda form: form != value)
        hidden += [
            (form, f"planted value {number}" + ("" if form == value else " in an encoded form"))
            for form in forms
            if len(form) >= _SHORTEST_PLANTED
        ]
    return hidden


def _records(output: Any) -> Iterator[object]:
    if isinstance(output, bytes):
        output = output.decode("utf-8", "backslashreplace")
    if isinstance(output, Mapping):
        yield output
        return
    for line in output.splitlines() if isinstance(output, str) else output:
        yield _parsed(line)


def _parsed(line: object) -> object:
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    if not isinstance(text, str):
        return text
    try:
        record = json.loads(text)
    except ValueError:
        return text
    return record if isinstance(record, dict) else text


def _findings(
    record: object, hidden: list[tuple[str, str]], redactor: Redactor
) -> Iterator[tuple[str, str]]:
    yield from _changes(record, redactor.value(record), "")
    yield from _planted_in(record, "", hidden)


def _changes(before: object, after: object, where: str) -> Iterator[tuple[str, str]]:
    """Yield (path, kinds) for every place where redaction still has something to do."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for (key, old), (name, new) in zip(before.items(), after.items(), strict=False):
            yield from _changes(str(key), name, f"{where}.{name} (key)")
            yield from _changes(old, new, f"{where}.{name}")
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        for place, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from _changes(old, new, f"{where}[{place}]")
    elif not isinstance(before, bytes) and before != after:
        kinds = sorted(set(_MARK.findall(str(after))) - set(_MARK.findall(str(before))))
        yield where, " and ".join(kinds) or "credentials in a URL"
    elif isinstance(before, bytes) and before.decode("latin-1") != after:
        yield where, " and ".join(sorted(set(_MARK.findall(str(after))))) or "credentials in a URL"


def _planted_in(
    value: object, where: str, hidden: list[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _planted_in(str(key), f"{where}.(key)", hidden)
            yield from _planted_in(item, f"{where}.{key}", hidden)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _planted_in(item, f"{where}[{place}]", hidden)
    else:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for what in sorted({what for form, what in hidden if form in text}):
            yield where, what

"""Proof, in a user's own tests, that no secret left the application."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.text import encodings

_SHORTEST_PLANTED = 4


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
    kinds = Redactor()
    found = [
        f"line {number}{where}: {what}"
        for number, record in enumerate(_records(output), start=1)
        for where, what in _findings(record, "", hidden, kinds)
    ]
    if found:
        raise AssertionError("secrets in the output:\n  " + "\n  ".join(found))


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
    value: object, where: str, hidden: list[tuple[str, str]], kinds: Redactor
) -> Iterator[tuple[str, str]]:
    before = dict(kinds.counts)
    clean = kinds.value(value)
    if clean != value and not isinstance(value, (Mapping, list, tuple)):
        yield where, _names(kinds, before)
    if isinstance(value, Mapping):
        yield from _mapping_findings(value, where, hidden, kinds)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _findings(item, f"{where}[{place}]", hidden, kinds)
    else:
        yield from _planted_in(str(value), where, hidden)


def _mapping_findings(
    mapping: Mapping[Any, Any], where: str, hidden: list[tuple[str, str]], kinds: Redactor
) -> Iterator[tuple[str, str]]:
    for key, item in mapping.items():
        yield from _planted_in(str(key), f"{where} key", hidden)
        here = f"{where}.{key}" if where else f", {key}"
        before = dict(kinds.counts)
        if kinds.value(item, str(key)) != item and kinds.is_sensitive_key(str(key)):
            yield here, _names(kinds, before)
        else:
            yield from _findings(item, here, hidden, kinds)


def _planted_in(text: str, where: str, hidden: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen = {what for form, what in hidden if form in text}
    for what in sorted(seen):
        yield where, what


def _names(kinds: Redactor, before: dict[str, int]) -> str:
    new = [kind for kind, count in kinds.counts.items() if count > before.get(kind, 0)]
    return " and ".join(sorted(new)) or "something redaction would change"



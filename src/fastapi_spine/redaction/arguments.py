"""Values that say what they are by their shape: pairs, argument lists, messages, exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi_spine.redaction.commands import PROGRAMS
from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.spans import Span, splice
from fastapi_spine.redaction.values import is_sentence

PAIR = 2
_SHORTEST_COMMAND = 3
_LONGEST_FLAG = 12
_LONGEST_CHAIN = 5
_NAME_KEYS = ("name", "key", "field", "header", "Name", "Key")
_VALUE_KEYS = ("value", "val", "content", "Value")
_LONGEST_LOC = 16
_REJECTED = ("input", "ctx")
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "k", "oth")  # of a JSON web key, RFC 7518
# A mapping with one of these is judged by what stands beside it.
NAMED_BESIDE = frozenset({"input", "kty", *_VALUE_KEYS})


def is_pair(item: object) -> bool:
    """Say whether `item` may be a name with its value, as in a list of headers."""
    return type(item) in (list, tuple) and len(item) == PAIR and type(item[0]) in (str, bytes)  # type: ignore[arg-type, index]


def is_argument(item: str) -> bool:
    """Say whether `item`, which begins with a dash, is a token rather than the next flag."""
    return item[1:2] != "-" and len(item) > _LONGEST_FLAG and any(char.isdigit() for char in item)


def is_message(value: object) -> bool:
    """Say whether `value` is a sentence, or a list of them."""
    texts = value if isinstance(value, (list, tuple)) else (value,)
    return all(type(text) is str and is_sentence(text) for text in texts)


def told_beside(
    mapping: dict[str, object], keys: KeyClassifier
) -> tuple[str | None, tuple[str, ...]]:
    """Return which members of `mapping` are secrets by what stands beside them, and their kind.

    ``{"name": "API_KEY", "value": x}``, a pydantic error by its ``loc``, a JSON web key.
    """
    if "kty" in mapping:
        return "private_key", _PRIVATE_MEMBERS
    if "loc" in mapping and "input" in mapping and mapping.get("type") != "missing":
        loc = mapping["loc"]
        parts = loc if isinstance(loc, (list, tuple)) else (loc,)
        kinds = (keys.kind(part) for part in parts[:_LONGEST_LOC] if type(part) is str)
        return next(filter(None, kinds), None), _REJECTED
    if NAMED_BESIDE.isdisjoint(mapping):
        return None, ()
    labels = (mapping.get(name) for name in _NAME_KEYS)
    label = next((label for label in labels if type(label) is str), None)
    return (keys.kind(label) if label else None), _VALUE_KEYS


def redact_command(items: Any, spans_of: Callable[[str], list[Span]]) -> Any:
    """Return the list of arguments `items` without passwords; the same object if it has none.

    Args:
        items: any sequence; only one that begins with a known program is read.
        spans_of: says where a command line holds passwords.
    """
    if len(items) < _SHORTEST_COMMAND or type(items) not in (list, tuple):
        return items
    program = items[0]
    if type(program) is not str or program.rpartition("/")[2] not in PROGRAMS:
        return items
    if not all(type(item) is str for item in items):
        return items
    spans = spans_of(" ".join(items))
    return _split(items, spans) if spans else items


def _split(items: Any, spans: list[Span]) -> list[str]:
    """Put `spans`, which count in the joined `items`, into the item that each lies in."""
    clean: list[str] = []
    begin = 0
    for item in items:
        end = begin + len(item)
        own = [(a - begin, b - begin, new) for a, b, new in spans if begin <= a and b <= end]
        clean.append(splice(item, own))
        begin = end + 1
    return clean


def chain_text(error: BaseException, text_of: Callable[[object], str]) -> str:
    """Return type, message and notes of `error` and of what caused it, a line each.

    Args:
        error: the last of the chain.
        text_of: `str`, guarded.
    """
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(lines) < _LONGEST_CHAIN:
        lines.append(f"{type(seen).__name__}: {text_of(seen)}")
        lines += [note for note in getattr(seen, "__notes__", ()) if type(note) is str]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(lines)

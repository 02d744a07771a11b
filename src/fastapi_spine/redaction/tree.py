"""Redaction of nested values: copy on write, bounded in depth, nodes and characters.

The walk never changes what it was given and returns the same object where nothing was removed.
Depth and node limits also bound cycles and shared references; what lies beyond a limit is replaced
by a mark, never passed on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from fastapi_spine.redaction.arguments import (
    PAIR,
    chain_text,
    is_argument,
    is_message,
    is_pair,
    redact_command,
    told_beside,
)
from fastapi_spine.redaction.keys import (
    LONGEST_KEY,
    KeyClassifier,
    is_field_name,
    is_listed,
    tells_about,
)
from fastapi_spine.redaction.marks import (
    DEPTH_MARK,
    SECRET_KIND,
    SIZE_MARK,
    Public,
    Secret,
    mark,
)
from fastapi_spine.redaction.policy import Policy
from fastapi_spine.redaction.spans import Span
from fastapi_spine.redaction.urls import is_url_key
from fastapi_spine.redaction.values import is_blank, redact_content

DEEPEST = 16
MOST_NODES = 10_000
MOST_CHARACTERS = 256 * 1024

_PLAIN = frozenset({int, float, bool, type(None)})
_NATIVE = frozenset({datetime, date, time, UUID, Decimal})
# Below these stand sentences about a field: `{"errors": {"password": ["too short"]}}`.
_MESSAGE_PARENTS = frozenset({
    "errors", "error", "validation", "messages", "message", "labels", "label", "hints", "hint",
    "violations", "descriptions", "columns", "types",
})  # fmt: skip
_LISTS = frozenset({list, tuple, set, frozenset})
_SCALARS = frozenset({str, int, float, bool, type(None)})
_QUERY_PARENTS = frozenset({"query", "params", "query_params", "query_string", "queryparams"})
_USER_FLAGS = frozenset({"-u", "--user"})
_UNTOUCHED_NUMBERS = frozenset({"cookie", "authorization", "session"})
_COUNTABLE = ("s", "S")


@dataclasses.dataclass(slots=True)
class Rules:
    """What a walk needs to know, decided once a redactor."""

    keys: KeyClassifier
    text: Callable[[str], str]
    command: Callable[[str], list[Span]]
    url: Callable[[str], str]
    found: Callable[[str], None]
    guarded_text: Callable[[object], str]
    allowed_paths: frozenset[str]


class Walk:
    """One pass over one value."""

    __slots__ = ("_characters", "_nodes", "_rules")

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._nodes = MOST_NODES
        self._characters = MOST_CHARACTERS

    def keyed(self, key: str, value: object, path: str, depth: int) -> object:
        """Redact `value`, which stands under `key` of the mapping at `path`."""
        if type(value) is Public:
            return self._public(value, depth)
        rules = self._rules
        kind = rules.keys.kind(key)
        if kind is None and path.rpartition(".")[2].lower() in _QUERY_PARENTS:
            kind = rules.keys.query_kind(key)
        here = f"{path}.{key}" if path else key
        if kind is None or here.lower() in rules.allowed_paths:
            if type(value) is str and is_url_key(key):
                return self._string(value, rules.url)
            if type(value) in _LISTS and here.lower() not in rules.allowed_paths:
                value = self._listed(value, rules.keys.listed_kind(key))
            return self.value(value, here, depth)
        if path.rpartition(".")[2].lower() in _MESSAGE_PARENTS and is_message(value):
            return self.value(value, here, depth)
        return self._leaves(value, kind, key, depth)

    def value(self, value: object, path: str, depth: int) -> object:
        """Redact `value` by its type and content."""
        kind = type(value)
        if kind in _PLAIN or kind in _NATIVE:
            return value
        if kind is str:
            return self._string(value, self._rules.text)  # type: ignore[arg-type]
        self._nodes -= 1
        if depth > DEEPEST:
            return DEPTH_MARK
        if self._nodes < 0:
            return SIZE_MARK
        if isinstance(value, Mapping):
            return self._mapping(value, path, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._sequence(value, path, depth)
        return self._other(value, path, depth)

    def _string(self, text: str, rule: Callable[[str], str]) -> str:
        self._nodes -= 1
        self._characters -= len(text)
        if self._nodes < 0 or self._characters < 0:
            return SIZE_MARK
        return rule(text)

    def _other(self, value: object, path: str, depth: int) -> object:
        if isinstance(value, Public):
            return self._public(value, depth)
        if isinstance(value, Secret):
            self._rules.found(SECRET_KIND)
            return mark(SECRET_KIND)
        if isinstance(value, Enum):
            return self.value(value.value, path, depth + 1)
        if isinstance(value, str):
            return self._string(str.__str__(value), self._rules.text)
        if isinstance(value, (bytes, bytearray)):
            return self._string(
                bytes(value[: 2 * MOST_CHARACTERS]).decode("latin-1"), self._rules.text
            )
        if isinstance(value, (int, float)):
            return float(value) if isinstance(value, float) else int(value)
        if isinstance(value, BaseException):
            return self._string(chain_text(value, self._rules.guarded_text), self._rules.text)
        return self._string(self._rules.guarded_text(value), self._rules.text)

    def _public(self, value: Public, depth: int) -> object:
        inner = value.value
        if type(inner) in _PLAIN or type(inner) in _NATIVE or type(inner) is str:
            return inner
        return Walk(dataclasses.replace(self._rules, text=str, keys=_NO_KEYS)).value(
            inner, "", depth
        )

    # --- mappings -----------------------------------------------------------------------------

    def _mapping(self, mapping: Mapping[Any, Any], path: str, depth: int) -> object:
        changed = type(mapping) is not dict
        clean: dict[str, object] = {}
        for key, value in mapping.items():
            if self._nodes < 0:
                clean["…"], changed = SIZE_MARK, True
                break
            name = self.name(key)
            clean[name] = after = self.keyed(name, value, path, depth + 1)
            changed = changed or name is not key or after is not value
        changed = self.by_name(clean, depth) or changed
        return clean if changed else mapping

    def name(self, key: object) -> str:
        """Return `key` as text, itself scanned unless it is a sensitive name."""
        if type(key) is not str:
            key = key.decode("latin-1") if isinstance(key, bytes) else self._rules.guarded_text(key)
        if len(key) > LONGEST_KEY or self._rules.keys.kind(key) is None:
            return self._string(key, self._rules.text)
        return key

    def by_name(self, clean: dict[str, object], depth: int) -> bool:
        """Replace in `clean` what is a secret by what stands beside it; say whether that was so."""
        changed = False
        kind, names = told_beside(clean, self._rules.keys)
        for name in names if kind else ():
            if name in clean:
                after = self._leaves(clean[name], kind or "", "", depth + 1)
                changed = changed or after is not clean[name]
                clean[name] = after
        return changed

    # --- sequences ----------------------------------------------------------------------------

    def _sequence(self, items: Any, path: str, depth: int) -> object:
        if type(items) is tuple and len(items) == PAIR and self._named(items[0]):
            pair = self._pair(items, path, depth)
            return items if pair[1] is items[1] and pair[0] is items[0] else pair
        items = redact_command(items, self._rules.command)
        pairs = type(items) is list and items and all(is_pair(item) for item in items[:PAIR])
        clean: list[object] = []
        changed = False
        before: object = None
        for item in items:
            if self._nodes < 0:
                clean.append(SIZE_MARK)
                changed = True
                break
            after = self._item(item, before, pairs=bool(pairs), path=path, depth=depth + 1)
            clean.append(after)
            changed = changed or after is not item
            before = item
        return clean if changed else items

    def _listed(self, items: Any, kind: str | None) -> Any:
        """Replace the items of a list of tokens that look like secrets; the others are read as any list's."""
        if kind is None:
            return items
        clean: list[object] = []
        secrets = 0
        for item in items:
            if len(clean) >= self._nodes:
                clean.append(SIZE_MARK)
                break
            secret = type(item) is str and is_listed(item)
            clean.append(mark(kind) if secret else item)
            secrets += secret
        for _ in range(secrets):
            self._rules.found(kind)
        return clean if secrets else items

    def _item(self, item: Any, before: object, *, pairs: bool, path: str, depth: int) -> object:
        if type(before) is str and before[:1] == "-" and "[" not in before and type(item) is str:
            kind = self._rules.keys.kind(before)
            if kind and (item[:1] != "-" or is_argument(item)):
                return self._leaves(item, kind, before, depth)
            if before in _USER_FLAGS and ":" in item and not item.replace(":", "").isdigit():
                self._rules.found("password")
                return f"{item.partition(':')[0]}:{mark('password')}"
        if pairs and is_pair(item) and self._named(item[0]):
            pair = self._pair(item, path, depth)
            return item if pair[1] is item[1] and pair[0] is item[0] else pair
        return self.value(item, path, depth)

    def _named(self, name: object) -> bool:
        return type(name) in (str, bytes) and len(name) <= LONGEST_KEY  # type: ignore[arg-type]

    def _pair(self, pair: Any, path: str, depth: int) -> list[object]:
        name, value = pair
        key = name.decode("latin-1") if type(name) is bytes else name
        if type(pair) is tuple and type(value) is str and is_field_name(value):
            return [name, value]  # two names of fields, not a name and its value
        self._nodes -= 1
        if self._nodes < 0 or depth > DEEPEST:
            return [SIZE_MARK, SIZE_MARK]
        return [self.name(key), self.keyed(key, pair[1], path, depth + 1)]

    # --- everything below a sensitive key -----------------------------------------------------

    def _leaves(self, value: object, kind: str, key: str, depth: int) -> object:
        """Replace every leaf of `value` and keep its structure; None and booleans say nothing."""
        if value is None or type(value) is bool:
            return value
        self._nodes -= 1
        if depth > DEEPEST:
            return DEPTH_MARK
        if self._nodes < 0:
            return SIZE_MARK
        if type(value) is Public:
            return self._public(value, depth)
        if isinstance(value, Mapping):
            return self._below_mapping(value, kind, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._below_sequence(value, kind, depth)
        return self._leaf(value, kind, key)

    def _below_mapping(self, value: Mapping[Any, Any], kind: str, depth: int) -> object:
        clean: dict[str, object] = {}
        for name, item in value.items():
            if self._nodes < 0:
                clean["…"] = SIZE_MARK
                break
            told = self.name(name)
            if tells_about(told) and type(item) in _SCALARS:
                clean[told] = self.value(item, "", depth + 1)
            else:
                clean[told] = self._leaves(item, kind, "", depth + 1)
        return value if clean == value and type(value) is dict else clean

    def _below_sequence(self, value: Any, kind: str, depth: int) -> object:
        clean: list[object] = []
        for item in value:
            if self._nodes < 0:
                clean.append(SIZE_MARK)
                break
            clean.append(self._leaves(item, kind, "", depth + 1))
        same = len(clean) == len(value) and all(a is b for a, b in zip(clean, value, strict=True))
        return value if same else clean

    def _leaf(self, value: object, kind: str, key: str) -> object:
        if isinstance(value, (int, float)) and (
            key.endswith(_COUNTABLE) or (key and kind in _UNTOUCHED_NUMBERS)
        ):
            return value
        if isinstance(value, (str, bytes)):
            text = value.decode("latin-1") if isinstance(value, bytes) else str.__str__(value)
            if not text or text == mark(kind) or is_blank(text):
                return value if type(value) is str else text
            instead = redact_content(text, kind, key)
            if instead is None:
                return self._string(text, self._rules.text)
            self._rules.found(kind)
            return instead
        self._rules.found(kind)
        return mark(kind)


# Judges no key: below a `Public` value everything is written.
_NO_KEYS = KeyClassifier(Policy(enabled=False))

"""Key, separator, value in free text: ``password=x``, ``"token": "x"``, ``--api-key x``.

One scan finds every key with a separator behind it; the classifier that judges keys of mappings
judges these. A value is consumed only if its key is sensitive (in ``msg: password=x`` the first
pair must not swallow the second). Every quantifier is bounded and possessive and each step moves
the scan forward by what it read, so the cost is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.groups import group_spans
from fastapi_spine.redaction.keys import KeyClassifier, is_field_name
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark
from fastapi_spine.redaction.shapes import is_expression, is_strong
from fastapi_spine.redaction.spans import Span, splice
from fastapi_spine.redaction.values import (
    CALL,
    CONTENT_GROUPS,
    COOKIES,
    DIGIT_GROUPS,
    ENCODED,
    HOLDER,
    PARAMETERS,
    PHRASE,
    REST_OF_PASSWORD,
    SAYING,
    SCHEME,
    VALUE,
    is_blank,
    is_innocent,
    redact_content,
)
from fastapi_spine.redaction.words import OPAQUE_QUERY

_QUOTE = r"""(?:\\{0,7}["'`]|[\])]|\[\]|%(?:25)?(?:2[27]|5[dD])|&quot;|&\#3[49];)"""
_GAP = r"(?:[ \t]|%(?:25)?20){0,4}"
_TAIL = rf"""
    (?:{_QUOTE}{{0,4}}{_GAP}
       (?:%(?:25)?3[aAdD]|:=|=>|->|(?<=-)>|={{1,2}}|:(?!:|//)){_GAP}
      |\\{{0,7}}["'],[ \t]{{0,3}}+(?=[bu]?\\{{0,7}}["']))
"""
# Words without a separator are skipped inside the one match: a step of the loop costs a match,
# and a search would begin anew at every character.
_NEXT = LazyPattern(
    rf"""
    [^\w.$-]*+(?=(?P<skipped>(?:[\w.$-]++(?!{_TAIL})[^\w.$-]*+)*))(?P=skipped)
    (?P<key>[\w.$-]++)
    (?:{_QUOTE}{{0,4}}{_GAP}
       (?P<sep>%(?:25)?3[aAdD]|:=|=>|->|(?<=-)>|={{1,2}}|:(?!:|//)){_GAP}
      |(?P<comma>\\{{0,7}}["'],[ \t]{{0,3}}+)(?=[bu]?\\{{0,7}}["']))
    """,
    re.VERBOSE,
)
_FLAG = LazyPattern(
    r"-{1,2}+(?P<key>[A-Za-z][\w.-]{1,60}+)[ \t]{1,4}+(?P<sep>)(?=[^\s-]|-[\w-]{12})"
)
# Bounded by the next pair, so that pairs side by side are read once.
_MATERIAL = LazyPattern(r"[bB]?[\"']?(?P<content>[\w+/.~%-]{16,200}+={0,2})")
_SHORTEST_PHRASE = 3
_LONGEST_NAME = 80
_SECOND_WORDS = frozenset({"key", "keys", "id", "number", "num", "no", "code", "card", "phrase"})
_BEFORE_SPAN = 42
_TUPLE_START = LazyPattern(r"[(\[][ ]?[bu]?\\{0,7}[\"']$")
_TUPLE_END = LazyPattern(r"[ \t]{0,3}[)\]]")
_FIELD_NAME = LazyPattern(r"[A-Za-z_]{1,24}")
_LONGEST_GROUP = 4000
_OPENING = frozenset("[({")
_TELLING = LazyPattern(r"[\"'%&0-9\[({]")
# Tokens of parsers and language models.
_GRAMMAR = LazyPattern(
    r"\b(?:unexpected|next|illegal|stop|special|pad|eos|bos|lookahead) $", re.IGNORECASE
)
_ENCODED_HEAD = LazyPattern(r"(?:25){0,3}[0-9A-Fa-f]{2}")
_MARK_HEAD = len("[REDACTED:")
_WRAPPED_HEADER = frozenset({"authorization", "cookie"})


class PairRule:
    """Replaces the values of sensitive keys in text."""

    def __init__(self, keys: KeyClassifier, found: Callable[[str], None]) -> None:
        self._keys = keys
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` with the value of each sensitive key replaced by its mark."""
        spans: list[Span] = []
        place = 0
        while match := _NEXT.match(text, place):
            place = match.end()
            kind = self._kind(text, match) or self._opaque(text, match)
            if kind is None:
                listed = (
                    self._keys.listed_kind(match["key"]) if text[place : place + 1] == "[" else None
                )
                if listed and _is_group(text, match):
                    more, place = group_spans(text, place, listed, self._found, listed=True)
                    spans += more
                continue
            if text[place : place + 1] in _OPENING and _is_group(text, match):
                more, place = group_spans(text, place, kind, self._found)
                spans += more
            elif span := self._value(text, match, kind):
                spans.append(span)
                place = span[1]
                self._found(kind)
        text = splice(text, spans)
        return self._flags(text) if "-" in text else text

    def _flags(self, text: str) -> str:
        """Replace what follows a sensitive flag after a blank: ``--token x``."""
        spans: list[Span] = []
        for match in _FLAG.finditer(text):
            kind = self._keys.kind(match["key"])
            start = match.start()
            if kind is None or (start and (text[start - 1].isalnum() or text[start - 1] in "_-.")):
                continue
            value = VALUE.match(text, match.end())
            span = self._span(text, value, match, kind) if value else None
            if span is not None:
                spans.append(span)
                self._found(kind)
        return splice(text, spans)

    def _kind(self, text: str, match: re.Match[str]) -> str | None:
        name, start = match["key"], match.start("key")
        if len(name) > _LONGEST_NAME:
            return None
        before = text[start - 1] if start else ""
        if before == "{" and text[start - 2 : start - 1] == "$":
            return None  # the shell's ${NAME:-default}
        if before == "%":
            after = _ENCODED_HEAD.match(name)
            name, start = (name[after.end() :], start + after.end()) if after else (name, start)
        elif before == "\\" and name[0] in "nrt":
            name, start = name[1:], start + 1
        elif (name == "REDACTED" and before == "[") or (
            match["sep"]
            and start > _MARK_HEAD
            and text.startswith("[REDACTED:", start - _MARK_HEAD)
        ):
            return None
        if before in "?&;6FfB#" and self._in_query(text, start, match):
            return self._keys.query_kind(name)
        kind = self._keys.kind(name)
        if before != " ":
            return kind
        if kind is None and name.lower() in _SECOND_WORDS:
            words = text[max(0, start - _BEFORE_SPAN) : start].split(" ")[-3:-1]
            before = " ".join(word for word in words if word.replace("-", "").isalpha())
            return self._keys.kind(f"{before} {name}") if before else None
        if name.lower() == "token" and _GRAMMAR.search(text, max(0, start - 12), start):
            return None
        return kind

    def _opaque(self, text: str, match: re.Match[str]) -> str | None:
        """Judge a key that names a secret only if its value looks like one: ``?key=``, ``key=``."""
        key, start = match["key"].lower(), match.start("key")
        if key not in OPAQUE_QUERY or not match["sep"]:
            return None
        value = _MATERIAL.match(text, match.end())
        if value is None:
            return None
        content = value["content"]
        beside = text[start - 1] in "?&" if start else key == "code"
        if beside and match["sep"] == "=":
            return self._keys.opaque_query_kind(key, content)
        return self._keys.kind("secret_key") if key == "key" and is_strong(content) else None

    @staticmethod
    def _in_query(text: str, start: int, match: re.Match[str]) -> bool:
        if (match["sep"] or ":")[0] not in "=%":
            return False
        if not start:  # a bare query string: nothing between key, sign and value
            return match.end() == match.end("key") + 1 and text[match.end() :][:1] not in {'"', "'"}
        head = text[max(0, start - 5) : start].lower()
        return head[-1:] in "?&#" or head.endswith(("3f", "26", "&amp;"))

    def _value(self, text: str, match: re.Match[str], kind: str) -> Span | None:
        place = match.end()
        if match["comma"] is not None:
            return _paired(text, match, kind)
        if CALL.match(text, place) or self._is_role(text, match):
            return None
        value = VALUE.match(text, place)
        return self._span(text, value, match, kind) if value else None

    @staticmethod
    def _is_role(text: str, match: re.Match[str]) -> bool:
        """Recognise ``pass :data:`x```, a role of reStructuredText."""
        start, end = match.span("sep")
        return match["sep"] == ":" and end == match.end() and text[start - 1 : start] == " "

    def _span(
        self, text: str, value: re.Match[str], match: re.Match[str], kind: str
    ) -> Span | None:
        if value["mark"] or value["holder"]:
            return None
        for group in CONTENT_GROUPS:
            if value[group] is not None:
                return _quoted(value, group, kind, match["key"])
        if value["open"]:
            return None
        if match["sep"].startswith("%"):
            value = ENCODED.match(text, match.end()) or value
        return _bare(text, value, match, kind)


def _quoted(value: re.Match[str], group: str, kind: str, key: str) -> Span | None:
    content = value[group]
    if "f" in (value["prefix"] or "").lower() and "{" in content:
        return None
    instead = redact_content(content, kind, key)
    return None if instead is None else (*value.span(group), instead)


def _bare(text: str, value: re.Match[str], match: re.Match[str], kind: str) -> Span | None:
    place = match.end()
    special = _of_blanks(text, place, kind, match["key"])
    if special is not None:
        return special if special[0] < special[1] else None
    word = value[0].removesuffix("):").rstrip(")]}`")
    while word.endswith((".", ":", "!")) and kind != "password":
        word = word[:-1]
    if not word or is_blank(value[0]) or is_innocent(word, kind, match["key"], quoted=False):
        return None
    if is_expression(word, match["sep"], text[value.end() : value.end() + 1]):
        return None
    if match["sep"] == ":" and SAYING.match(text, place):
        return None
    end = place + len(word)
    if kind == "password":
        rest = REST_OF_PASSWORD.match(text, end)
        end = rest.end() if rest else end
    return place, end, mark(kind)


def _of_blanks(text: str, place: int, kind: str, key: str) -> Span | None:
    """Find a value that holds blanks; an empty span says that there is none."""
    if kind in _WRAPPED_HEADER:
        return _header(text, place, kind)
    found: re.Match[str] | None = None
    if kind in {"ssn", "card"}:
        found = DIGIT_GROUPS.match(text, place)
    elif kind == "mnemonic" or "phrase" in key.lower():
        found = PHRASE.match(text, place)
        found = found if found and found[0].count(" ") + 1 >= _SHORTEST_PHRASE else None
    return (*found.span(), mark(kind)) if found else None


def _header(text: str, place: int, kind: str) -> Span | None:
    """Find the credentials of a header; an empty span says that there are none."""
    if kind == "cookie":
        cookies = COOKIES.match(text, place)
        return (*cookies.span(), mark(kind)) if cookies else None
    scheme = SCHEME.match(text, place)
    if scheme is None:
        return None
    start, rest = scheme.end("scheme"), scheme["rest"]
    if scheme["scheme"][:5].lower() not in {"beare", "basic", "token"}:
        parameters = PARAMETERS.match(text, start)
        if parameters:
            return (*parameters.span(), mark(kind))
    if not rest or rest.startswith("[REDACTED:"):
        return start, start, ""
    word = rest.rstrip(")]}`.")
    if is_blank(rest) or is_blank(word) or is_innocent(word, kind, "", quoted=False):
        return start, start, ""
    return start, start + len(word), mark(kind)


def _is_group(text: str, match: re.Match[str]) -> bool:
    """Say whether the bracket behind the separator holds anything but names."""
    start = match.end()
    if text.startswith("[REDACTED:", start) or HOLDER.match(text, start) or not match["sep"]:
        return False
    if match["sep"][:1] == "=" and text[start + 1 : start + 2] in {"", "\n"}:
        return False
    return _TELLING.search(text, start + 1, start + _LONGEST_GROUP) is not None


def _paired(text: str, match: re.Match[str], kind: str) -> Span | None:
    """Replace the second of two quoted strings: an argument after its flag, or a 2-tuple."""
    value = VALUE.match(text, match.end())
    if value is None:
        return None
    group = next((name for name in CONTENT_GROUPS if value[name] is not None), None)
    if group is None or value["mark"]:
        return None
    if not match["key"].startswith("-"):
        start = match.start("key")
        opening = _TUPLE_START.search(text, max(0, start - 10), start)
        after = value.end() + len(value["slashes"] or "") + (1 if value["esc"] else 0)
        if opening is None or not _TUPLE_END.match(text, after):
            return None
        listed = opening[0][0] == "[" and _FIELD_NAME.fullmatch(value[group])
        if listed or is_blank(value[group]) or is_field_name(value[group]):
            return None
    return _quoted(value, group, kind, match["key"])

"""Formats in which key and value do not stand side by side: forms, XML, validation errors.

Each rule takes a text and returns it; `keys` judges the names as everywhere else. Only groups of
fixed or possessive, bounded repeats: the cost is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import MARK
from fastapi_spine.redaction.spans import Span, splice
from fastapi_spine.redaction.values import CONTENT_GROUPS, VALUE, is_blank, redact_content

Found = Callable[[str], None]

_NAMED = LazyPattern(
    r"""(?:name|key|field|header|Name|Key|Field|Header)\\{0,7}["']?[ ]?[=:][ ]?(?P<q>\\{0,7}["'])(?P<key>[\w.:/\[\]-]{1,80}+)(?P=q)"""
    r"""(?:
          (?:;[^\r\n\\]{0,200}+)?
          (?P<gap>(?:(?:\r?\n|\\r\\n|\\n)[A-Za-z-]{1,40}+:[^\r\n\\]{0,200}+){0,3}(?:(?:\r?\n){2}|(?:\\r\\n|\\n){2}))
          (?P<part>[^\r\n\\]{1,4000}+)
        |[^<>\n{}]{0,80}?[\s,"']\\{0,7}["']?(?i:value|content|val)\\{0,7}["']?[ ]?[=:][ ]?(?=\\{0,7}["'\w])
       )""",
    re.VERBOSE,
)
# The same without quotes or between elements: YAML lists, property lists, Terraform variables.
_BELOW = (
    ("name:", LazyPattern(
        r"name:[ ]?[\"']?(?P<key>[\w./-]{1,80}+)[\"']?[ \t]{0,4}(?:\r?\n|\\n)[ \t]{0,40}+value:[ ]?(?=\S)"
    ), False),
    ("variable", LazyPattern(
        r"variable [\"']?(?P<key>\w{1,80}+)[\"']? \{[^{}]{0,200}?\bdefault {1,20}= {0,3}(?=\S)"
    ), False),
    ("name=", LazyPattern(r"name=[\"'](?P<key>[\w.-]{1,80}+)[\"'][^<>\n]{0,80}>"), True),
    ("</key>", LazyPattern(
        r"<key>(?P<key>[\w.-]{1,80}+)</\w{1,10}>\s{0,40}+<(?:string|value|String)>"
    ), True),
)  # fmt: skip
_LEAF = LazyPattern(r"[^<>\n]{1,4000}+(?=</)")
_JWK = LazyPattern(
    r"[\"'](?:d|p|q|dp|dq|qi|k|oth)\\{0,3}[\"'][ ]?:[ ]?\\{0,3}[\"'](?P<value>[\w-]{16,4000}+)"
)
_ELEMENT = LazyPattern(
    r"(?:<|&lt;|\\u003[cC])(?:[\w-]{1,40}:)?(?P<key>[A-Za-z][\w.-]{0,60}+)(?:\s[\w:.-]{1,60}+=[^<>]{0,200}+)?(?:>|&gt;|\\u003[eE])"
    r"\s{0,40}+(?:<!\[CDATA\[)?(?P<value>(?:[^<\]\n&\\]|&(?!lt;)|\\(?!u003)){1,4000}(?=\s{0,40}+(?:\]\]>|</|&lt;|\\u003))|[^\s<>'\"\]&\\]{4,4000}+$)"
)
_LOC = LazyPattern(r"""["']loc\\{0,7}["'][ ]?:[ ]?[\[(](?P<loc>[^\])]{1,300}+)[\])]""")
_LOC_INPUT = LazyPattern(r"""["']input\\{0,7}["'][ ]?:[ ]?""")
_LOC_SPAN = 800
_INPUT = LazyPattern(r"\[type=[\w.]{1,80}+, input_value=")
_MISSING = LazyPattern(r"type\\{0,7}[\"'][ ]?:[ ]?\\{0,7}[\"']missing\b(?=[^{}]*$)")
_TYPE_SPAN = 40
_INPUT_END = LazyPattern(r", input_type=|\]?(?:\n|\\n|$)")
_LINE = LazyPattern(r"\n|\\n|\A")
_TORN = LazyPattern(r"\.{3}[^\n'\",]{0,60}+['\"]?[ ]?:?[ ]?(?P<rest>['\"]?[^,\n]{1,400}+)")
_DETAIL_END = LazyPattern(r"\)(?=[\s.,;\"']|\\n|$)|\n")
_LONGEST_NAMES = 300
_LONGEST_VALUES = 4000
_DUPLICATE = LazyPattern(
    r"Duplicate entry \\{0,3}'(?P<value>[^'\n]{1,1000}+)' for key \\{0,3}'(?P<key>[^'\n]{1,200}+)'"
)


class StructureRules:
    """The rules of this module, bound to a classifier and a counter."""

    def __init__(self, keys: KeyClassifier, found: Found) -> None:
        self._keys = keys
        self._found = found

    def named(self, text: str) -> str:
        """Multipart fields, ``<input name= value=>`` and ``{"name": k, "value": v}`` in text."""
        spans: list[Span] = []
        for match in _NAMED.finditer(text):
            kind = self._keys.kind(match["key"])
            if kind is None:
                continue
            if match["part"] is not None:
                self._replace(spans, (*match.span("part"), match["part"]), kind, match["key"])
                continue
            self._replace(spans, _content(text, match.end()), kind, match["key"])
        return self._below(splice(text, spans))

    def _below(self, text: str) -> str:
        for literal, pattern, element in _BELOW:
            if literal not in text:
                continue
            spans: list[Span] = []
            for match in pattern.finditer(text):
                kind = self._keys.kind(match["key"])
                leaf = _LEAF.match(text, match.end()) if kind and element else None
                piece = (*leaf.span(), leaf[0]) if leaf else None
                if kind:
                    piece = piece if element else _content(text, match.end())
                    self._replace(spans, piece, kind, match["key"])
            text = splice(text, spans)
        return text

    def web_key(self, text: str) -> str:
        """The private members of a JSON web key (RFC 7518, section 6)."""
        spans: list[Span] = []
        for match in _JWK.finditer(text):
            self._replace(spans, (*match.span("value"), match["value"]), "private_key", "")
        return splice(text, spans)

    def element(self, text: str) -> str:
        """Text of an XML or HTML element with a sensitive name."""
        spans: list[Span] = []
        for match in _ELEMENT.finditer(text):
            kind = self._keys.kind(match["key"])
            if kind:
                self._replace(spans, (*match.span("value"), match["value"]), kind, match["key"])
        return splice(text, spans)

    def loc(self, text: str) -> str:
        """The rejected input of a pydantic error that is printed as a dict or as JSON."""
        spans: list[Span] = []
        matches = list(_LOC.finditer(text))
        limits = [match.start() for match in matches[1:]] + [len(text)] * bool(matches)
        before = 0
        for match, limit in zip(matches, limits, strict=True):
            kind = self._loc_kind(match["loc"])
            place = _input_of(text, match, before, limit) if kind else None
            before = match.end()
            if kind is None or place is None or (spans and spans[-1][1] > place):
                continue
            piece = _content(text, place)
            self._replace(spans, piece, kind, "")
            before = max(before, piece[1] if piece else 0)
        return splice(text, spans)

    def input_value(self, text: str) -> str:
        """The rejected input of a pydantic error that is printed as text.

        pydantic cuts long input in the middle, which tears keys apart: what follows the cut is
        replaced too, since its key can no longer be judged.
        """
        spans: list[Span] = []
        end = 0
        for match in _INPUT.finditer(text):
            start = match.end()
            if start < end or text.startswith("[REDACTED:", start):
                continue
            end_mark = _INPUT_END.search(text, start, start + 2000)
            end = end_mark.start() if end_mark else min(len(text), start + 2000)
            missing = match[0].startswith("[type=missing")
            kind = None if missing else self._loc_kind(_line_above(text, match.start()))
            if kind:
                self._replace(spans, (start, end, text[start:end]), kind, "")
            elif text[start : start + 1] in {"{", "["}:
                self._torn(text, start, end, spans)
        return splice(text, spans)

    def _torn(self, text: str, start: int, end: int, spans: list[Span]) -> None:
        torn = _TORN.search(text, start, end)
        if torn is None:
            return
        rest_start, rest_end = torn.span("rest")
        while rest_end > rest_start and text[rest_end - 1] in "}])'\"":
            rest_end -= 1
        self._replace(spans, (rest_start, rest_end, text[rest_start:rest_end]), "secret", "")

    def detail(self, text: str) -> str:
        """PostgreSQL's ``Key (a, b)=(1, 2)``."""
        spans: list[Span] = []
        place = text.find(")=(")
        while place >= 0:
            start = end = place + 3
            names = text[max(0, place - _LONGEST_NAMES) : place].rpartition("(")[2]
            kinds = (self._keys.kind(name.strip(' "')) for name in names.split(","))
            kind = next(filter(None, kinds), None)
            if kind:
                limit = min(len(text), start + _LONGEST_VALUES)
                close = _DETAIL_END.search(text, start, limit)
                end = close.start() if close else limit
                self._replace(spans, (start, end, text[start:end]), kind, "")
            place = text.find(")=(", end)
        return splice(text, spans)

    def duplicate(self, text: str) -> str:
        """MySQL's ``Duplicate entry 'x' for key 'users.api_token'``."""
        spans: list[Span] = []
        for match in _DUPLICATE.finditer(text):
            kind = self._keys.kind(match["key"].rpartition(".")[2])
            if kind:
                self._replace(spans, (*match.span("value"), match["value"]), kind, "")
        return splice(text, spans)

    def _loc_kind(self, loc: str) -> str | None:
        for name in re.findall(r"[\w.-]+", loc):
            kind = self._keys.kind(name)
            if kind:
                return kind
        return None

    def _replace(
        self,
        spans: list[Span],
        piece: tuple[int, int, str] | None,
        kind: str,
        key: str,
    ) -> None:
        if piece is None:
            return
        start, end, content = piece
        if not content or re.fullmatch(rf"['\"]?{MARK}['\"]?", content) or is_blank(content):
            return
        instead = redact_content(content, kind, key)
        if instead is not None:
            spans.append((start, end, instead))
            self._found(kind)


def _input_of(text: str, loc: re.Match[str], before: int, limit: int) -> int | None:
    """Return where the input of the error with `loc` begins: behind it, or before if sorted."""
    start, end = max(before, loc.start() - _LOC_SPAN), min(limit, loc.end() + _LOC_SPAN)
    if _MISSING.search(text, max(0, loc.start() - _TYPE_SPAN), loc.end()):
        return None  # a field that is missing shows the body around it, not a value of its own
    found = _LOC_INPUT.search(text, loc.end(), end)
    if found is None:
        found = next(iter(list(_LOC_INPUT.finditer(text, start, loc.start()))[-1:]), None)
    return found.end() if found else None


def _line_above(text: str, place: int) -> str:
    """Return the line above the one that holds `place`; escaped line breaks count as well."""
    breaks = [found.span() for found in _LINE.finditer(text, max(0, place - 900), place)]
    if not breaks:
        return ""
    begin = breaks[-2][1] if len(breaks) > 1 else 0
    return text[begin : breaks[-1][0]][-200:]


def _content(text: str, place: int) -> tuple[int, int, str] | None:
    """Read the value at `place`: the inside of a string, a bracketed group, or a bare word."""
    value = VALUE.match(text, place)
    if value is None or value["mark"]:
        return None
    for group in CONTENT_GROUPS:
        if value[group] is not None:
            return (*value.span(group), value[group])
    if value["bare"]:
        word = value["bare"].rstrip(")]}")
        return place, place + len(word), word
    if not value["open"]:
        return None
    depth = 0
    for place_of in re.finditer(r"[\[\](){}]", text[place : place + 4000]):
        depth += 1 if place_of[0] in "[({" else -1
        if depth == 0:
            return place, place + place_of.end(), text[place : place + place_of.end()]
    return place, min(len(text), place + 4000), text[place : place + 4000]

"""SQLAlchemy appends ``[parameters: …]`` to its errors: values without their columns.

The columns are read back from the statement that stands before them. Where that does not work out
(no statement, another number of places), every text among the parameters goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import MARK, mark
from fastapi_spine.redaction.spans import Span, splice

_PARAMETERS = LazyPattern(r"\[parameters: (?P<rows>[\[(][^\n]{0,8000}+)")
_STATEMENT = LazyPattern(r"\[SQL: (?P<sql>[^\0]{1,6000})\Z")
_INSERT = LazyPattern(
    r"INSERT\s+INTO\s+[\w.\"`]{1,120}\s*\((?P<columns>[^()]{1,3000})\)", re.IGNORECASE
)
_PLACE = LazyPattern(
    r"(?P<column>[\w.\"`]{1,120})?[ ]{0,2}(?:=|<>|!=|<=|>=|<|>|\bLIKE|\bIN[ ]\()?[ ]{0,2}(?P<place>\?|%s|\$\d{1,3}(?:::\w{1,40})?)"
)
_ITEM = LazyPattern(
    r"(?P<text>[bu]?(?:'(?:[^'\\\n]|\\.){0,4000}'?|\"(?:[^\"\\\n]|\\.){0,4000}\"?))"
    r"|(?P<row>[(\[])|(?P<end>[)\]])|(?P<comma>,)|(?P<other>[^'\"()\[\],\n]{1,400}+)"
)
_NEXT_ROW = LazyPattern(r",\s{0,40}\(")
_STATEMENT_SPAN = 6000
# The same with the values in the statement itself.
_LITERALS = LazyPattern(r"\s{0,4}VALUES?\s{0,4}(?=\()", re.IGNORECASE)
_LONGEST_ROWS = 8000
SQL_ANCHORS = (
    Anchor("[parameters: "),
    Anchor("values", r"\s{0,4}\("),
    Anchor("value", r"\s{0,4}\("),
)


class SqlRule:
    """Replaces the parameters of sensitive columns."""

    def __init__(self, keys: KeyClassifier, found: Callable[[str], None]) -> None:
        self._keys = keys
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` with the positional parameters of sensitive columns replaced."""
        spans: list[Span] = []
        done = 0
        for match in _PARAMETERS.finditer(text):
            head = text[max(done, match.start() - _STATEMENT_SPAN) : match.start()]
            kinds = self._kinds(head)
            spans += self._spans(text, match, kinds)
            done = match.end()
        text = splice(text, spans)
        return splice(text, self._literals(text))

    def _literals(self, text: str) -> list[Span]:
        spans: list[Span] = []
        done = 0
        for insert in _INSERT.finditer(text):
            values = _LITERALS.match(text, insert.end())
            if values is None or insert.start() < done:
                continue
            kinds = self._column_kinds(insert["columns"].split(","))
            if not any(kinds):
                continue
            rows, done = _rows(text, values.end(), values.end() + _LONGEST_ROWS)
            for start, end, kind in _sensitive(rows, kinds):
                if text[start] in "'\"" and not re.fullmatch(
                    rf"['\"]?{MARK}['\"]?", text[start:end]
                ):
                    spans.append((start, end, f"'{mark(kind)}'"))
                    self._found(kind)
        return spans

    def _column_kinds(self, names: list[str]) -> list[str | None]:
        return [self._keys.kind(name.strip(' "`\n\t[]').rpartition(".")[2]) for name in names]

    def _kinds(self, head: str) -> list[str | None] | None:
        """Return the kind of each place of the statement in `head`, None without a statement."""
        begin = head.rfind("[SQL: ")
        statement = _STATEMENT.match(head, begin) if begin >= 0 else None
        if statement is None:
            return None
        sql = statement["sql"]
        insert = _INSERT.search(sql)
        if insert:
            names = insert["columns"].split(",")
        else:
            names = [place["column"] or "" for place in _PLACE.finditer(sql)]
        return self._column_kinds(names)

    def _spans(self, text: str, match: re.Match[str], kinds: list[str | None] | None) -> list[Span]:
        rows, _ = _rows(text, *match.span("rows"))
        spans = []
        for row in rows:
            known = kinds if kinds is not None and len(kinds) == len(row) else None
            if known is None and kinds is not None and kinds and not any(kinds):
                continue
            for place, (start, end, is_text) in enumerate(row):
                kind = known[place] if known else ("secret" if is_text else None)
                if kind and not re.fullmatch(rf"[bu]?['\"]?{MARK}['\"]?", text[start:end]):
                    spans.append((start, end, f"'{mark(kind)}'"))
                    self._found(kind)
        return spans


def _sensitive(
    rows: list[list[tuple[int, int, bool]]], kinds: list[str | None]
) -> list[tuple[int, int, str]]:
    """Return the places of `rows` whose column has a kind; rows of another width have none."""
    return [
        (start, end, kind)
        for row in rows
        if len(row) == len(kinds)
        for (start, end, _), kind in zip(row, kinds, strict=True)
        if kind
    ]


def _rows(text: str, start: int, stop: int) -> tuple[list[list[tuple[int, int, bool]]], int]:
    """Split the printed parameters into rows of (start, end, is it text); say where they end."""
    rows: list[list[tuple[int, int, bool]]] = []
    depth, end = 0, start
    for item in _ITEM.finditer(text, start, stop):
        end = item.end()
        if item["row"]:
            depth += 1
            rows.append([])
        elif item["end"]:
            depth -= 1
            if depth <= 0 and not _NEXT_ROW.match(text, end):
                break
        elif item["text"]:
            rows[-1].append((*item.span(), True))
        elif item["other"] and item["other"].strip() not in {"", "..."} and rows:
            begin = item.start() + len(item[0]) - len(item[0].lstrip())
            rows[-1].append((begin, begin + len(item[0].strip()), False))
    return [row for row in rows if row], end

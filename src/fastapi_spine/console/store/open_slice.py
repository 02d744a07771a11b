"""The slice that is being written: rows become columns, and columns a transaction."""

from __future__ import annotations

from contextlib import suppress
from operator import length_hint
from sqlite3 import Connection, ProgrammingError
from typing import Any, Final

from fastapi_spine.console.facts import Request, request, text
from fastapi_spine.console.rows import LogRow, SpanRow
from fastapi_spine.console.store.connect import create, open_to_write
from fastapi_spine.console.store.folder import SliceFile
from fastapi_spine.console.store.mend import mended_row
from fastapi_spine.console.store.numbers import (
    Sources,
    Traces,
    Words,
    made_trace,
    name_key,
    sources_of,
    words_of,
)
from fastapi_spine.console.store.packing import packed, packed_events, packed_links
from fastapi_spine.console.store.sql import query
from fastapi_spine.console.store.terms import request_terms, terms
from fastapi_spine.core.conventions import (
    ATTR_EXCEPTION_MESSAGE,
    ATTR_SPINE_REQUEST_ID,
    KEY_REQUEST_ID,
)
from fastapi_spine.core.telemetry import KIND_SERVER

_TABLES: Final = (
    "word",
    "source",
    "trace",
    "name",
    "span",
    "request",
    "log",
    "request_terms",
    "log_terms",
)
_NAMED: Final = 4096

Row = tuple[Any, ...]


class OpenSlice:
    """One slice, its connection, and what was taken since the last commit.

    Args:
        file: where it is.
        fresh: whether it is to be made.

    Raises:
        sqlite3.Error: it cannot be used.
    """

    def __init__(self, file: SliceFile, *, fresh: bool) -> None:
        self.file = file
        self.rows = 0
        self._connection: Connection = (
            create(file.path, "slice") if fresh else open_to_write(file.path)
        )
        try:
            self._start(fresh=fresh)
        except BaseException:
            self._connection.close()
            raise

    def _start(self, *, fresh: bool) -> None:
        connection = self._connection
        last = connection.execute(query("last_ids")).fetchone()
        self._span, self._request, self._log, trace, _ = (number or 0 for number in last)
        self._indexed = self._log
        self.rows = self._span + self._request + self._log
        self._traces = Traces(connection, trace, fresh=fresh)
        self._words = Words(words_of(connection))
        self._sources = Sources(sources_of(connection))
        self._named: dict[int, str] = {}
        self._names: list[Row] = []
        self._spans: list[Row] = []
        self._requests: list[Row] = []
        self._logs: list[Row] = []
        self._request_terms: list[Row] = []
        self._log_terms: list[Row] = []

    def take_spans(self, spans: list[SpanRow]) -> list[tuple[SpanRow, Request]]:
        """Take spans; return those of requests, with their facts."""
        found = []
        word, source_number, trace_number = (
            self._words.number,
            self._sources.number,
            self._traces.number,
        )
        for span in spans:
            trace = trace_number(span[0])
            row = (
                trace, span[1], span[2], word(span[3]), span[4], span[5], span[6], span[7], span[8], packed(span[9]),
                packed_events(span[10]), packed_links(span[11]), word(span[12]), source_number(span[13]),
            )  # fmt: skip
            if span[4] == KIND_SERVER:
                found.append((span, self._take_request(span, trace, row)))
            else:
                self._span += 1
                self._spans.append((self._span, *row))
        return found

    def _take_request(self, span: SpanRow, trace: int, row: Row) -> Request:
        facts = request(span)
        word = self._words.number
        self._request += 1
        more = (
            word(facts.method),
            word(facts.route),
            facts.status,
            span.end_ns - span.start_ns,
            int(facts.failed),
        )
        self._requests.append((self._request, *row, *more))
        indexed = request_terms(span.attributes, facts.path, span.end_ns - span.start_ns)
        self._request_terms.append((self._request, indexed))
        if facts.request_id:
            self._name(facts.request_id, trace)
        return facts

    def take_logs(self, logs: list[LogRow]) -> None:
        """Take lines."""
        word, source_number, trace_number = (
            self._words.number,
            self._sources.number,
            self._traces.number,
        )
        for at_ns, severity, level, body, attributes, trace_id, span_id, logger, source in logs:
            name = text(attributes, KEY_REQUEST_ID, ATTR_SPINE_REQUEST_ID)
            trace = None
            if trace_id:
                trace = trace_number(trace_id)
            elif name:
                trace = trace_number(made_trace(name), 1)
            if name and trace is not None:
                self._name(name, trace)
            error = attributes.get(ATTR_EXCEPTION_MESSAGE)
            self._log += 1
            self._logs.append(
                (
                    self._log, trace, span_id, at_ns, severity, word(level), body,
                    error if isinstance(error, str) else None, packed(attributes), word(logger), source_number(source),
                )
            )  # fmt: skip
            if attributes:
                self._log_terms.append((self._log, terms(attributes)))

    def _name(self, name: str, trace: int) -> None:
        """Note that a request id belongs to a trace, once."""
        named = self._named
        if named.get(trace) != name:
            if len(named) >= _NAMED:
                named.clear()
            named[trace] = name
            self._names.append((name_key(name), trace, name))

    @property
    def waiting(self) -> int:
        """How many rows were taken and not yet written."""
        return len(self._spans) + len(self._requests) + len(self._logs)

    def write(self) -> None:
        """Write what was taken into the open transaction.

        Raises:
            sqlite3.Error: it cannot be written; roll back.
        """
        connection = self._connection
        if not connection.in_transaction:
            connection.execute(query("begin"))
        pending: list[list[Any]] = [
            self._words.rows, self._sources.rows, self._traces.rows, self._names, self._spans, self._requests,
            self._logs, self._request_terms, self._log_terms,
        ]  # fmt: skip
        for table, rows in zip(_TABLES, pending, strict=True):
            if rows:
                self._insert(query(f"add_{table}"), rows)
                rows.clear()
        if self._log > self._indexed:
            connection.execute(query("add_log_words"), (self._indexed,))
            self._indexed = self._log

    def _insert(self, statement: str, rows: list[Any]) -> None:
        todo = iter(rows)
        try:
            self._connection.executemany(statement, todo)
        except (OverflowError, UnicodeEncodeError):
            # The row at fault was taken and not written; those before it were.
            rest = rows[len(rows) - length_hint(todo) - 1 :]
            self._connection.executemany(statement, [mended_row(row) for row in rest])

    def commit(self) -> None:
        """Make it last.

        Raises:
            sqlite3.Error: it cannot be written; roll back.
        """
        if self.waiting or self._connection.in_transaction:
            self.write()
            self._connection.commit()
        self.rows = self._span + self._request + self._log

    def roll_back(self) -> None:
        """Forget everything since the last commit.

        Raises:
            sqlite3.Error: the file cannot even be read.
        """
        with suppress(ProgrammingError):
            self._connection.rollback()
        self._start(fresh=False)

    def seal(self) -> bool:
        """Make one plain file of it; False if a reader is in the way, which does no harm."""
        busy = self._connection.execute(query("checkpoint")).fetchone()[0]
        return not busy

    def close(self) -> None:
        """Close the file; the last connection to it takes its log away."""
        self._connection.close()

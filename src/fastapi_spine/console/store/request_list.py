"""Requests that fit a search, newest first, or in the order they came in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi_spine.console.facts import request_row
from fastapi_spine.console.filter import Filter, Window
from fastapi_spine.console.store import plan
from fastapi_spine.console.store.columns import FoundSpan, log_of, span_of
from fastapi_spine.console.store.cursor import REQUESTS, Place, written
from fastapi_spine.console.store.fits import Line, RequestFields, fits, said
from fastapi_spine.console.store.identity import trace_numbers
from fastapi_spine.console.store.packing import unpacked
from fastapi_spine.console.store.slice_reader import SliceReader
from fastapi_spine.console.store.stretch import Bounds, stretches
from fastapi_spine.console.store.walk import Step
from fastapi_spine.console.views import RequestRow

FEW: Final = 5_000
"""As many candidates of an index are looked at one by one; with more, walking by time finds a page sooner."""


class RequestList:
    """One search for requests."""

    letter = REQUESTS
    range_query = "requests_range"
    newer_query = "requests_newer"

    def __init__(self, wanted: Filter, window: Window) -> None:
        self._wanted = wanted
        self._window = window
        self._terms = plan.request_terms(wanted)
        self._slow = plan.slow_terms(wanted)

    def older(self, file: SliceReader, bounds: Bounds) -> Iterator[Step[RequestRow]]:
        """Walk one slice, newest first."""
        conditions = plan.request_conditions(self._wanted, file)
        if "[]" in (conditions["sources"], conditions["methods"], conditions["routes"]):
            return
        candidates = self._candidates(file)
        if candidates is not None:
            yield from self._among(file, bounds, candidates, conditions)
            return
        by, more = plan.request_plan(self._wanted, conditions)

        def found(here: plan.Parameters) -> Iterator[tuple[int, int, RequestRow]]:
            for columns in file.rows(f"requests_by_{by}", {**here, **conditions}):
                row = self.row(file, span_of(file, columns))
                if row is not None:
                    yield columns[6], columns[0], row

        yield from stretches(file, bounds, f"requests_step_{by}", more, found)

    def _among(
        self, file: SliceReader, bounds: Bounds, candidates: set[int], conditions: plan.Parameters
    ) -> Iterator[Step[RequestRow]]:
        time, number = bounds.first
        here = {"ids": plan.ids(candidates), "time": time, "id": number, "since": bounds.since}
        for columns in file.rows("requests_by_ids", {**here, **conditions}) if candidates else ():
            row = self.row(file, span_of(file, columns))
            if row is not None:
                yield Step(Place(columns[6], bounds.number, columns[0]), row)

    def row(self, file: SliceReader, found: FoundSpan) -> RequestRow | None:
        """Return a request as it is shown, if it fits."""
        span, wanted = found.row, self._wanted
        if not self._window.start <= span.start_ns < self._window.end:
            return None
        if wanted.trace_id and span.trace_id.hex() != wanted.trace_id:
            return None
        fields = RequestFields(span, lambda: _lines(file, found.trace))
        if wanted.request_id and fields.facts.request_id != wanted.request_id:
            return None
        if not fits(wanted, fields) or not self._has_words(file, found):
            return None
        return request_row(span, written(REQUESTS, Place(span.start_ns, file.number, found.id)))

    def time(self, columns: tuple[Any, ...]) -> tuple[int, int]:
        """Return the time and the id of a row as it was selected."""
        return columns[6], columns[0]

    def of(self, file: SliceReader, columns: tuple[Any, ...]) -> RequestRow | None:
        """Return a row as it was selected as it is shown, if it fits."""
        return self.row(file, span_of(file, columns))

    def _has_words(self, file: SliceReader, found: FoundSpan) -> bool:
        wanted = self._wanted
        if not wanted.words:
            return True
        for one in wanted.words:
            match = plan.words_of(one)
            if match:
                has = (
                    file.row("trace_has_words", {"trace": found.trace, "match": match}) is not None
                )
                if has == one.negated:
                    return False
        if all(plan.words_of(one) for one in wanted.words):
            return True
        lines = file.rows("logs_of_trace", {"trace": found.trace})
        return said(wanted.words, [log_of(file, columns).row for columns in lines])

    def _candidates(self, file: SliceReader) -> set[int] | None:
        """Return the few requests that an index leaves; None if there is no such index."""
        wanted = self._wanted
        if wanted.trace_id or wanted.request_id:
            traces = trace_numbers(file, wanted.trace_id, wanted.request_id)
            return self._of_traces(file, traces)
        left: set[int] | None = None
        for one in wanted.words:
            match = "" if one.negated else plan.words_of(one)
            if match:
                left = _both(left, self._with_lines(file, "rows_with_words", match))
        for match in self._terms:
            left = _both(left, self._with_terms(file, match))
        if self._slow:
            left = _both(left, self._own_terms(file, self._slow))
        return left

    def _own_terms(self, file: SliceReader, match: str) -> set[int] | None:
        rows = file.rows("requests_with_terms", {"match": match, "size": FEW + 1})
        found = {number for (number,) in rows}
        return found if len(found) <= FEW else None

    def _with_terms(self, file: SliceReader, match: str) -> set[int] | None:
        own = self._own_terms(file, match)
        others = None if own is None else self._with_lines(file, "rows_with_terms", match)
        return None if own is None or others is None else own | others

    def _with_lines(self, file: SliceReader, name: str, match: str) -> set[int] | None:
        lines = [number for (number,) in file.rows(name, {"match": match, "size": FEW + 1})]
        if len(lines) > FEW:
            return None
        traces = [number for (number,) in file.rows("traces_of_logs", {"ids": plan.ids(lines)})]
        return self._of_traces(file, traces)

    def _of_traces(self, file: SliceReader, traces: list[int]) -> set[int]:
        if not traces:
            return set()
        rows = file.rows("request_ids_of_traces", {"traces": plan.ids(traces)})
        return {number for (number,) in rows}


def _both(left: set[int] | None, right: set[int] | None) -> set[int] | None:
    if left is None or right is None:
        return right if left is None else left
    return left & right


def _lines(file: SliceReader, trace: int) -> list[Line]:
    rows = file.rows("lines_of_trace", {"trace": trace})
    return [
        Line(severity, file.word(logger), unpacked(attributes))
        for severity, logger, attributes in rows
    ]

"""Log lines that fit a search, newest first, or in the order they came in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi_spine.console.facts import log_view
from fastapi_spine.console.filter import Filter, Window
from fastapi_spine.console.store import plan
from fastapi_spine.console.store.columns import FoundLog, log_of
from fastapi_spine.console.store.cursor import LOGS, Place, written
from fastapi_spine.console.store.fits import LineFields, fits, said
from fastapi_spine.console.store.identity import trace_numbers
from fastapi_spine.console.store.slice_reader import SliceReader
from fastapi_spine.console.store.stretch import Bounds, stretches
from fastapi_spine.console.store.walk import Step
from fastapi_spine.console.views import LogView

FEW: Final = 2_000
"""As many candidates of an index are looked at one by one; with more, walking by time finds a page sooner."""
_TIME: Final = 4


class LogList:
    """One search for lines."""

    letter = LOGS
    range_query = "logs_range"
    newer_query = "logs_newer"

    def __init__(self, wanted: Filter, window: Window) -> None:
        self._wanted = wanted
        self._window = window
        self._words = plan.positive_words(wanted)
        self._without = plan.negative_words(wanted)
        self._terms = plan.line_terms(wanted)

    def older(self, file: SliceReader, bounds: Bounds) -> Iterator[Step[LogView]]:
        """Walk one slice, newest first."""
        conditions = plan.line_conditions(self._wanted, file)
        if "[]" in (conditions["sources"], conditions["loggers"]):
            return
        candidates = self._candidates(file)
        if candidates is not None:
            yield from self._among(file, bounds, candidates, conditions)
            return
        by = plan.line_plan(conditions)

        def found(here: plan.Parameters) -> Iterator[tuple[int, int, LogView]]:
            rows = self._index(file, by, here)
            for columns in file.rows(f"logs_by_{by}", {**here, **conditions, **rows}):
                line = self.line(file, log_of(file, columns), judged=True)
                if line is not None:
                    yield columns[_TIME], columns[0], line

        yield from stretches(file, bounds, f"logs_step_{by}", {}, found)

    def _index(self, file: SliceReader, by: str, here: plan.Parameters) -> plan.Parameters:
        """Return what the full-text indices shall leave of a stretch: they are asked about its rows only."""
        asked = {
            "words": self._words or None,
            "terms": self._terms[0] if self._terms else None,
            "without": self._without or None,
        }
        low, high = 0, 0
        if any(asked.values()):
            low, high = file.row(f"logs_rows_{by}", here) or (0, 0)
        return {**asked, "low_row": low or 0, "high_row": high or 0}

    def _among(
        self, file: SliceReader, bounds: Bounds, candidates: set[int], conditions: plan.Parameters
    ) -> Iterator[Step[LogView]]:
        time, number = bounds.first
        here = {"ids": plan.ids(candidates), "time": time, "id": number, "since": bounds.since}
        for columns in file.rows("logs_by_ids", {**here, **conditions}) if candidates else ():
            line = self.line(file, log_of(file, columns), judged=False)
            if line is not None:
                yield Step(Place(columns[_TIME], bounds.number, columns[0]), line)

    def line(self, file: SliceReader, found: FoundLog, *, judged: bool) -> LogView | None:
        """Return a line as it is shown, if it fits; `judged` says that the index of words has had its say."""
        row, wanted = found.row, self._wanted
        if not self._window.start <= row.at_ns < self._window.end:
            return None
        if wanted.trace_id and row.trace_id.hex() != wanted.trace_id:
            return None
        view = log_view(row, written(LOGS, Place(row.at_ns, file.number, found.id)))
        if wanted.request_id and view.request_id != wanted.request_id:
            return None
        if not fits(wanted, LineFields(row)) or not said(wanted.words, [row]):
            return None
        return view if judged or self._has_words(file, found.id) else None

    def time(self, columns: tuple[Any, ...]) -> tuple[int, int]:
        """Return the time and the id of a row as it was selected."""
        return columns[_TIME], columns[0]

    def of(self, file: SliceReader, columns: tuple[Any, ...]) -> LogView | None:
        """Return a row as it was selected as it is shown, if it fits."""
        return self.line(file, log_of(file, columns), judged=False)

    def _has_words(self, file: SliceReader, number: int) -> bool:
        for match, there in ((self._words, True), (self._without, False)):
            if match:
                has = file.row("log_has_words", {"match": match, "id": number}) is not None
                if has != there:
                    return False
        return True

    def _candidates(self, file: SliceReader) -> set[int] | None:
        """Return the few lines that an index leaves; None if there is no such index."""
        wanted = self._wanted
        if wanted.trace_id or wanted.request_id:
            traces = trace_numbers(file, wanted.trace_id, wanted.request_id)
            rows = file.rows("log_ids_of_traces", {"traces": plan.ids(traces)}) if traces else ()
            return {number for (number,) in rows}
        questions = [("rows_with_words", self._words)] if self._words else []
        questions += [("rows_with_terms", match) for match in self._terms]
        left: set[int] | None = None
        for name, match in questions:
            found = {number for (number,) in file.rows(name, {"match": match, "size": FEW + 1})}
            if len(found) <= FEW:
                left = found if left is None else left & found
        return left

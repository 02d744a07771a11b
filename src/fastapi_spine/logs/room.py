"""The logs room, furnished from its settings."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import (
    DROP_NESTED,
    ENV_DEV_PAGES,
    KEY_COUNT,
    KEY_EXC,
    KEY_STEP,
    LOGGER_HEALTH,
    MSG_STEP_FAILED,
)
from fastapi_spine.core.health import Health
from fastapi_spine.core.telemetry import LinePort
from fastapi_spine.logs.access import AccessLog
from fastapi_spine.logs.access_line import AccessLines
from fastapi_spine.logs.capture.dating import events_by, records_by
from fastapi_spine.logs.capture.stdlib import LogCapture
from fastapi_spine.logs.held_jobs import HeldJobs
from fastapi_spine.logs.lines.json_lines import JsonLines
from fastapi_spine.logs.lines.schemas import shape_for
from fastapi_spine.logs.noise import Noise
from fastapi_spine.logs.outlet import Outlet
from fastapi_spine.logs.output.sink import DescriptorSink, Sink
from fastapi_spine.logs.pipeline import Lines, Pipeline
from fastapi_spine.logs.recorder import Recorder
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.clients import Clients
from fastapi_spine.settings.model import Logs
from fastapi_spine.settings.route_policy import log_rule

_SECOND_NS = 1_000_000_000


class LogsRoom:
    """Everything that turns a running application into lines.

    Args:
        settings: the `Logs` section.
        redactor: masks what must not leave.
        clock: tells time.
        health: counts what fails or is left out.
        service: the service's name.
        packages: the application's own top packages, whose DEBUG the flight recorder holds.
        environ: for `NO_COLOR` and `TERM`.
        sink: where lines go instead of the setting's output (tests).
        export: takes each line that is written as well.
        dates: whether the clock dates every line, and not the library that it came from (tests).

    Attributes:
        held_jobs: hears of background jobs, to hold their DEBUG lines; None without a flight recorder.
    """

    def __init__(
        self,
        settings: Logs,
        *,
        redactor: Redactor,
        clock: Clock,
        health: Health,
        service: str,
        packages: tuple[str, ...],
        environ: Mapping[str, str],
        sink: Sink | None = None,
        export: LinePort | None = None,
        dates: bool = False,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._health = health
        self.sink = sink if sink is not None else self._open_sink()
        self._json = JsonLines(settings.line_limit, shape_for(settings.schema, service))
        self.pipeline = Pipeline(
            sink=self.sink,
            redactor=redactor,
            lines=_lines(settings, self._json, environ, piped=sink is not None),
            service=service,
            outlet=None if export is None else Outlet(export, settings.line_limit, health),
        )
        recorder = self._recorder()
        self.held_jobs = None if recorder is None else HeldJobs(recorder)
        hold = self._hold_with(recorder) if recorder is not None else None
        self.capture = LogCapture(
            emit=records_by(clock, self._emit) if dates else self._emit,
            emit_fields=events_by(clock, self._emit_fields) if dates else self._emit_fields,
            hold=records_by(clock, hold) if dates and hold is not None else hold,
            level=settings.level,
            recorder=_recorded(settings, packages),
            warnings=settings.capture_warnings,
            excepthook=settings.excepthook,
            structlog=settings.structlog,
            loguru=settings.loguru,
            clock=clock,
            guarded=health.guarded,
        )
        self.capture.gate.on_drop = self._count_nested
        lines = AccessLines(self.pipeline, redactor, Clients(settings.client), service)
        self.access = AccessLog(
            self.pipeline,
            lines,
            redactor=redactor,
            noise=Noise({path: log_rule(rule) for path, rule in settings.paths.items()}, health),
            recorder=recorder,
            slow_ns=None if math.isinf(settings.slow) else int(settings.slow * _SECOND_NS),
            alone=self.capture.covers_access_alone,
        )

    def _open_sink(self) -> DescriptorSink:
        output = self._settings.output
        name = "stderr" if output == "stderr" else "stdout"
        return DescriptorSink(
            _nowhere if callable(output) else _descriptor_of(name),
            write=output if callable(output) else _stream_of(name),
            capacity=self._settings.queue,
            on_drop=self._count_drop,
            report=self._report_drops,
            on_fault=self._count_fault,
        )

    def _recorder(self) -> Recorder | None:
        settings = self._settings
        if settings.recorder is False:
            return None
        return Recorder(
            self.pipeline,
            self._health,
            lines=settings.recorder_lines,
            size=settings.recorder_bytes,
            total=settings.recorder_total,
        )

    def _emit(self, record: logging.LogRecord) -> None:
        self._health.guarded("log_record", self.pipeline.record, record)

    def _emit_fields(
        self,
        levelno: int,
        logger: str,
        created: float,
        msg: str,
        fields: dict[str, object],
        error: BaseException | None,
    ) -> None:
        self._health.guarded(
            "log_record", self.pipeline.event, levelno, logger, created, msg, fields, error
        )

    def _hold_with(self, recorder: Recorder) -> Callable[[logging.LogRecord], None]:
        def hold(record: logging.LogRecord) -> None:
            self._health.guarded("recorder", recorder.hold, record)

        return hold

    def _count_drop(self, reason: str, count: int) -> None:
        self._health.dropped[reason] += count

    def _count_fault(self, error: BaseException) -> None:
        self._health.fault("log_line", error)

    def _report_drops(self, dropped: dict[str, int]) -> bytes:
        return self.pipeline.drops(self._clock.wall_ns(), dropped)

    def turn_to(self, sink: Sink) -> Callable[[], None]:
        """Send lines to another sink, as JSON; the returned function turns them back."""
        before = self.pipeline.sink, self.pipeline.lines
        self.pipeline.lead_to(sink, self._json)

        def turn_back() -> None:
            self.pipeline.lead_to(*before)

        return turn_back

    def report_fault(self, step: str, error: BaseException, count: int) -> None:
        """Write the line that tells of a fault of ours; straight to the sink, never through logging."""
        now = self._clock.wall_ns()
        line = self.pipeline.head(now, logging.ERROR, LOGGER_HEALTH, MSG_STEP_FAILED, None)
        line[KEY_STEP] = step
        line[KEY_COUNT] = count
        line[KEY_EXC] = self.pipeline.exc(error)
        self.pipeline.put(self.pipeline.finish(line, now, logging.ERROR, None), keep=True)

    def starting(self) -> None:
        """Set up logging, again if somebody put theirs back since."""
        self.capture.install()
        self._directly(on=False)

    def _count_nested(self, count: int) -> None:
        self._health.dropped[DROP_NESTED] += count

    def _directly(self, *, on: bool) -> None:
        if isinstance(self.sink, DescriptorSink):
            self.sink.direct(on)

    def started(self) -> None:
        """Set up logging once more: the application's start-up code may have configured its own."""
        self.capture.install()

    def stopped(self) -> None:
        """Write what is queued; from now on every line at once, because no exit hook may run."""
        self.flush(self._settings.flush_timeout)
        self._directly(on=True)

    def make_waiting(self) -> None:
        """Make the lines that are still to be made, so that whoever else takes them has them all."""
        if isinstance(self.sink, DescriptorSink):
            self.sink.make_waiting()

    def flush(self, timeout: float) -> bool:
        """Wait until what is queued is written, at most `timeout` seconds; say whether it was."""
        return self.sink.flush(timeout)

    def exiting(self) -> None:
        """Write what is queued before the interpreter ends, and later lines at once."""
        self._directly(on=True)
        self.flush(self._settings.flush_timeout)

    def close(self) -> None:
        """Give logging back as it was, and write what is queued."""
        self.capture.remove()
        timeout = self._settings.flush_timeout
        if isinstance(self.sink, DescriptorSink):
            self.sink.close(timeout)
        else:
            self.flush(timeout)


def _lines(
    settings: Logs, json_lines: JsonLines, environ: Mapping[str, str], *, piped: bool
) -> Lines:
    """Choose how lines look: people read terminals, machines read everything else."""
    stream = sys.stderr if settings.output == "stderr" else sys.stdout
    terminal = not piped and not callable(settings.output) and _is_terminal(stream)
    if settings.format == "human" or (settings.format == "auto" and terminal):
        color = terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        from fastapi_spine.logs.lines.human import HumanLines  # noqa: PLC0415 - for terminals only

        return HumanLines(color=color, page=environ.get(ENV_DEV_PAGES, ""))
    return json_lines


def _descriptor_of(name: str) -> Callable[[], int | None]:
    """Return the function that finds a standard stream's descriptor, None where it has none (tests, IDEs)."""

    def find() -> int | None:
        try:
            return int(getattr(sys, name).fileno())
        except (AttributeError, OSError, ValueError):
            return None

    return find


def _stream_of(name: str) -> Callable[[bytes], object]:
    """Return the function that writes to a standard stream without a descriptor."""

    def write(line: bytes) -> None:
        getattr(sys, name).write(line.decode("utf-8", "replace"))

    return write


def _nowhere() -> None:
    """Say that there is no descriptor: lines go to a callable."""


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _recorded(settings: Logs, packages: tuple[str, ...]) -> tuple[str, ...]:
    if settings.recorder is False:
        return ()
    extra = settings.recorder if isinstance(settings.recorder, tuple) else ()
    return (*packages, *extra)

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from fastapi_spine.logs.capture.uncovered import uncovered

if TYPE_CHECKING:
    from tests.unit.logs.capture.conftest import ListHandler, Process


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_without_configuration_events_arrive_with_their_fields(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named after the module that logs, with what is bound and what the context holds; nothing is printed."""
    process.install()
    structlog.contextvars.bind_contextvars(tenant="acme")
    structlog.get_logger().bind(order=7).info("paid", amount=12.5)
    structlog.get_logger("shop.tills").warning("late %s", "again")
    assert process.heard.lines == [
        ("INFO", __name__, "paid"),
        ("WARNING", "shop.tills", "late again"),
    ]
    assert process.heard.fields == [
        {"tenant": "acme", "order": 7, "amount": 12.5},
        {"tenant": "acme"},
    ]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("method", "level"),
    [("info", "INFO"), ("warn", "WARNING"), ("error", "ERROR"), ("critical", "CRITICAL")],
)
def test_the_method_is_the_level(process: Process, method: str, level: str) -> None:
    """structlog has no numbers of its own."""  # noqa: D403 - a name
    process.install()
    getattr(structlog.get_logger("shop"), method)("x")
    assert process.heard.lines == [(level, "shop", "x")]


def test_an_exception_arrives_as_an_exception(process: Process) -> None:
    """Not as text: its stack is rendered once, redacted and without local variables."""
    process.install()
    error = ValueError("boom")
    log = structlog.get_logger("shop")
    try:
        raise error
    except ValueError:
        log.exception("failed")
    log.error("told", exc_info=error)
    assert process.heard.lines == [("ERROR", "shop", "failed"), ("ERROR", "shop", "told")]
    assert (process.heard.errors, process.heard.fields) == ([error, error], [{}, {}])


def test_the_plain_wrappers_exception_method_means_the_current_exception(process: Process) -> None:
    """`structlog.BoundLogger` adds no `exc_info` by itself; the name of the method says it."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.BoundLogger,
    )
    process.install()
    error = ValueError("boom")
    try:
        raise error
    except ValueError:
        structlog.get_logger("shop").exception("failed")
    assert process.heard.lines == [("ERROR", "shop", "failed")]
    assert process.heard.errors == [error]


def test_asynchronous_methods_arrive_too(process: Process) -> None:
    """`await log.ainfo(…)` logs from another thread."""
    process.install()

    async def main() -> None:
        await structlog.get_logger("shop").ainfo("paid", amount=1)

    asyncio.run(main())
    assert process.heard.lines == [("INFO", "shop", "paid")]
    assert process.heard.fields == [{"amount": 1}]


def test_events_below_the_level_go_to_the_flight_recorder_or_nowhere(process: Process) -> None:
    """As records do."""
    process.install(recorder=("shop",))
    structlog.get_logger("shop.db").debug("select", rows=3)
    structlog.get_logger("other").debug("nothing")
    assert process.heard.held == [("DEBUG", "shop.db", "select")]
    assert process.heard.lines == []


def test_a_printing_configuration_keeps_its_processors_but_not_its_renderers(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the user's processors add is on the line; frames with local variables are not."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            _add_region,
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
    )
    process.install()
    error = ValueError("boom")
    structlog.get_logger("shop").error("failed", order=7, exc_info=error)
    assert process.heard.lines == [("ERROR", "shop", "failed")]
    assert process.heard.fields == [{"region": "eu", "order": 7}]
    assert process.heard.errors == [error]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", ["PrintLoggerFactory", "WriteLoggerFactory", "BytesLoggerFactory"])
def test_every_factory_that_prints_is_replaced_and_one_on_a_file_is_not(
    process: Process, kind: str
) -> None:
    """A stream that is neither standard output nor standard error is another target."""
    factory = getattr(structlog, kind)
    standard = sys.__stderr__
    assert standard is not None
    in_bytes = kind.startswith("Bytes")
    file = io.BytesIO() if in_bytes else io.StringIO()
    for stream in (standard.buffer if in_bytes else standard, file):
        structlog.configure(
            processors=[_to_bytes if in_bytes else _to_text], logger_factory=factory(stream)
        )
        process.install()
        structlog.get_logger("shop").info("x")
        process.captures[-1].remove()
    assert process.heard.lines == [("INFO", "shop", "x")]
    assert file.getvalue() in {"{'event': 'x'}\n", b"{'event': 'x'}\n"}


def test_a_renamed_message_is_still_the_message(process: Process) -> None:
    """`EventRenamer("message")` is how structlog's guide does it for Google Cloud."""
    structlog.configure(
        processors=[
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ]
    )
    process.install()
    structlog.get_logger("shop").info("paid")
    assert process.heard.lines == [("INFO", "shop", "paid")]
    assert process.heard.fields == [{}]


def test_through_the_standard_library_text_stays_text_for_others_and_fields_for_us(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """A file handler keeps writing what the user's renderer makes."""
    file = list_handler()
    _configure_on_logging([structlog.processors.JSONRenderer()])
    logging.getLogger("shop").addHandler(file)
    process.install()
    structlog.get_logger("shop").warning("paid", amount=3)
    assert [json.loads(msg) for _, _, msg in file.said] == [{"event": "paid", "amount": 3}]
    assert process.heard.lines == [("WARNING", "shop", "paid")]
    assert process.heard.fields == [{"amount": 3}]


def test_through_a_processor_formatter_fields_arrive_as_fields(process: Process) -> None:
    """`wrap_for_formatter` makes the event the record's message."""
    _configure_on_logging([structlog.stdlib.ProcessorFormatter.wrap_for_formatter])
    process.install(recorder=("shop",))
    error = ValueError("boom")
    structlog.get_logger("shop").error("failed", order=7, exc_info=error)
    structlog.get_logger("shop").debug("select", rows=3)
    assert process.heard.lines == [("ERROR", "shop", "failed")]
    assert process.heard.fields == [{"order": 7}]
    assert process.heard.errors == [error]
    assert process.heard.held == [("DEBUG", "shop", "select")]


def test_configured_again_after_set_up_it_is_taken_again(process: Process) -> None:
    """Applications configure in their start-up code; only the processors, or everything."""
    capture = process.install()
    structlog.configure(processors=[_add_region, _to_text])
    capture.install()
    structlog.get_logger("shop").info("one")
    structlog.configure(processors=[_to_text], logger_factory=structlog.WriteLoggerFactory())
    capture.install()
    structlog.get_logger("shop").info("two")
    assert process.heard.fields == [{"region": "eu"}, {}]
    capture.remove()
    config = structlog.get_config()
    assert config["processors"] == [_to_text]
    assert isinstance(config["logger_factory"], structlog.WriteLoggerFactory)


@pytest.mark.parametrize("configured", [False, True])
def test_removing_gives_the_configuration_back(process: Process, *, configured: bool) -> None:
    """Unconfigured stays unconfigured."""
    if configured:
        structlog.configure(processors=[_to_text], cache_logger_on_first_use=False)
    before = structlog.get_config()
    process.install().remove()
    assert structlog.is_configured() is configured
    assert structlog.get_config() == before


def test_removing_leaves_a_configuration_that_came_later(process: Process) -> None:
    """It is not ours to undo."""
    capture = process.install()
    later = [_to_text]
    structlog.configure(processors=later, logger_factory=structlog.PrintLoggerFactory())
    capture.remove()
    assert structlog.get_config()["processors"] is later


def test_a_repr_that_logs_does_not_recurse(process: Process) -> None:
    """An event about an event waits its turn like a record."""
    process.install()
    structlog.get_logger("shop").info(_Talking())
    assert process.heard.lines == [("INFO", "shop", "outer"), ("INFO", "shop", "inner")]


def test_loggers_bound_before_set_up_are_named(process: Process) -> None:
    """They hold the printing logger already; `spine doctor` says so."""
    early = structlog.get_logger("shop").bind(a=1)
    process.install()
    found = [one.what for one in uncovered() if one.where == "structlog"]
    assert found == ["1 logger(s) were bound or cached before set-up and still print."]
    del early
    assert [one for one in uncovered() if one.where == "structlog"] == []


def _configure_on_logging(last: list[Any]) -> None:
    structlog.configure(
        processors=last,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _add_region(_logger: object, _method: str, event_dict: Any) -> Any:
    return {"region": "eu", **event_dict}


def _to_text(_logger: object, _method: str, event_dict: Any) -> str:
    return repr(event_dict)


def _to_bytes(_logger: object, _method: str, event_dict: Any) -> bytes:
    return repr(event_dict).encode()


class _Talking:
    def __str__(self) -> str:
        structlog.get_logger("shop").info("inner")
        return "outer"

"""One switch for every installed instrumentation."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from opentelemetry.instrumentation.dependencies import DependencyConflict
from played import play

from fastapi_spine.traces.instrument import GROUP, Instrumentation, Instrumentations

ON: list[str] = []


class Works:
    """An instrumentation whose library is there."""

    is_instrumented_by_opentelemetry = False
    conflict: Any = None

    def _check_dependency_conflicts(self) -> Any:
        return self.conflict

    def instrument(self, **options: Any) -> None:
        """Switch on."""
        assert options == {
            "skip_dep_check": True
        }  # what a setting asks for is not asked for without it
        ON.append(type(self).__name__)
        self.is_instrumented_by_opentelemetry = True

    def uninstrument(self) -> None:
        """Switch off."""
        ON.remove(type(self).__name__)


class Lacks(Works):
    """One whose library is missing."""

    conflict = "DependencyConflict: requested: asyncpg >= 0.12.0 but found: None"


class Older(Works):
    """One whose library is newer than it knows."""

    conflict = DependencyConflict("sqlalchemy >= 1.0.0, < 2.1.0", "sqlalchemy 2.1.9")


class OlderEither(Works):
    """One that takes either of two libraries, and finds one that is too old."""

    conflict = DependencyConflict(
        required_any=["psycopg2 >= 2.7.3.1", "psycopg2-binary >= 2.7.3.1"],
        found_any=["psycopg2 2.6"],
    )


class Breaks(Works):
    """One that raises."""

    def instrument(self, **_options: Any) -> None:
        """Fail."""
        raise RuntimeError("patched something that is gone")


class Already(Works):
    """One that the application has switched on."""

    is_instrumented_by_opentelemetry = True


def entry(name: str, kind: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{kind}", GROUP)


def test_each_is_switched_on_once_and_told(monkeypatch: Any) -> None:
    """What works is on; what does not says why; nothing raises."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Works.__module__])
    found = [
        entry("works", "Works"), entry("lacks", "Lacks"), entry("breaks", "Breaks"), entry("already", "Already"),
        entry("fastapi", "Works"), entry("off", "Works"), entry("mine", "Works"),
        EntryPoint("gone", "no_such_module_here:X", GROUP),
    ]  # fmt: skip
    environ = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "off , other"}
    instrumentations = Instrumentations(environ, ["mine"], found)
    instrumentations.activate()
    instrumentations.activate()
    assert ON == ["Works"]
    states = {name: one.state for name, one in instrumentations.report.items()}
    assert states == {
        "works": "on", "lacks": "library missing", "breaks": "broken", "already": "already on",
        "fastapi": "excluded", "off": "off", "mine": "off", "gone": "library missing",
    }  # fmt: skip
    assert instrumentations.report["breaks"] == Instrumentation(
        "breaks", "broken", "RuntimeError: patched something that is gone"
    )
    instrumentations.deactivate()
    assert ON == []


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("Older", "sqlalchemy 2.1.9 is installed, and its instrumentation takes sqlalchemy >= 1.0.0, < 2.1.0: no spans of it"),
        ("OlderEither", "psycopg2 2.6 is installed, and its instrumentation takes psycopg2 >= 2.7.3.1 or psycopg2-binary >= 2.7.3.1: no spans of it"),
    ],
)  # fmt: skip
def test_a_library_of_another_version_is_not_called_missing(
    monkeypatch: Any, kind: str, detail: str
) -> None:
    """Whoever looks for the spans of a library that is there learns which versions make some."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Works.__module__])
    instrumentations = Instrumentations({}, [], [entry("it", kind)])
    instrumentations.activate()
    assert instrumentations.report == {"it": Instrumentation("it", "other version", detail)}


INSTALLED = """
import logging, sqlite3, sys
logging.basicConfig(level=logging.WARNING)
from opentelemetry import trace
from fastapi_spine.traces.instrument import Instrumentations
instrumentations = Instrumentations({})
instrumentations.activate()
print(sorted(f"{one.name}: {one.state}" for one in instrumentations.report.values()
    if one.name in {"httpx", "sqlite3", "fastapi"}))
"""


def test_the_installed_ones_are_found_and_complain_of_nothing() -> None:
    """Httpx and sqlite3 are on, those of web frameworks stay out, and nothing is logged."""
    run = subprocess.run(
        [sys.executable, "-c", INSTALLED], capture_output=True, check=True, text=True
    )
    expected = ["fastapi: excluded", "httpx: on", "sqlite3: on"]
    assert (run.stdout.strip(), run.stderr) == (str(expected), "")


QUERIES = """
import sqlalchemy
seen = []
def hear(connection, _record):
    connection.set_trace_callback(seen.append)
@app.get("/query")
def query() -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    sqlalchemy.event.listen(engine, "connect", hear)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
traced = Traced(everywhere=True, instrument=True, instrument_off=["sqlite3"], sql_comments=ASKED)
traced.around(app)
real = ask
async def ask(headers):
    await real("/query")
    (span,) = [span for span in traced.spans if span.name.startswith("SELECT")]
    (told,) = [text for text in seen if "SELECT 1" in text]
    comment = f",traceparent='00-{span.trace_id}-{span.span_id}-03'*/" if ASKED else ""
    assert told.partition("/*")[0].strip() == "SELECT 1" and told.endswith(comment or "1"), told
    assert span.attributes["db.query.text" if "db.query.text" in span.attributes else "db.statement"] == "SELECT 1"
"""


@pytest.mark.parametrize("asked", [True, False])
def test_a_query_may_carry_its_trace_to_the_database(asked: bool) -> None:
    """As a comment, for the database's own log; the span's text of the query stays as it was written."""
    outcome = play(QUERIES.replace("ASKED", str(asked)))
    assert (outcome["problems"], outcome["faults"]) == ([], {})

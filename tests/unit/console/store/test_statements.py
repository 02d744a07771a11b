"""The store's statements: each uses an index, and they stand nowhere else."""

from __future__ import annotations

import ast
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastapi_spine.console import store
from fastapi_spine.console.store.sql import query, schema

FOLDER = Path(store.__file__).parent
QUERIES = sorted(path.stem for path in (FOLDER / "queries").glob("*.sql"))
META = frozenset(
    {
        "add_bounds", "add_failures", "add_series", "all_bounds", "bounds_id", "cumulative", "drop_failure",
        "expire_cumulative", "expire_failure_minutes", "expire_failures", "expire_instances", "expire_rollups",
        "expire_senders", "failure", "failures_in_window", "instances", "put_cumulative", "put_failure",
        "put_instance", "put_rollup", "put_sender", "rollup", "sender", "senders", "series_id", "series_in_window",
    }
)  # fmt: skip
SEVERAL = frozenset({"reading", "writing"})
SETTINGS = frozenset({"begin", "read", "checkpoint", "quick_check"}) | SEVERAL
WALKS = {
    "all_words": "SEARCH word USING INTEGER PRIMARY KEY",
    "all_bounds": "SCAN bounds",
    "senders": "SCAN sender USING INDEX sender_last",
    "expire_cumulative": "SCAN cumulative",
    "request_id_ending": "SCAN named",
}
"""Statements that go through a table on purpose: some hundred rows, once in ten minutes, or when somebody types an id's end."""
BY_VALUE = re.compile(
    r"SCAN json_each|LIST SUBQUERY|SCAN \(?subquery|SCAN CONSTANT ROW|SCALAR SUBQUERY"
)
WORD = re.compile(
    r"\bSELECT\s.*\sFROM\s|\bINSERT\s+(OR\s|INTO\s)|\bUPDATE\s.*\sSET\s|\bDELETE\s+FROM\s|\bPRAGMA\s|\bVACUUM\b"
    r"|\b(CREATE|DROP|ALTER)\s+(VIRTUAL\s+)?(TABLE|INDEX)\b|^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|ATTACH)\b",
    re.DOTALL,
)


@pytest.fixture(name="engines", scope="module")
def _engines() -> Iterator[dict[str, sqlite3.Connection]]:
    made = {}
    for kind in ("slice", "meta"):
        made[kind] = sqlite3.connect(":memory:")
        made[kind].executescript(schema(kind))
    yield made
    for engine in made.values():
        engine.close()


def plan(engine: sqlite3.Connection, statement: str) -> list[str]:
    """Return how SQLite would go about a statement."""
    names = set(re.findall(r"[:](\w+)", statement))
    marks = statement.count("?")
    parameters: Any = dict.fromkeys(names, 1) if names else (1,) * marks
    rows = engine.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row[3] for row in rows]


@pytest.mark.parametrize("name", [name for name in QUERIES if name not in SETTINGS])
def test_a_statement_goes_through_no_table(
    name: str, engines: dict[str, sqlite3.Connection]
) -> None:
    """Every table is reached by an index or by its key, and nothing big is sorted."""
    steps = plan(engines["meta" if name in META else "slice"], query(name))
    for step in steps:
        if step.startswith("SCAN") and not BY_VALUE.search(step):
            allowed = WALKS.get(name, "")
            is_index = re.search(r"USING (COVERING )?INDEX|VIRTUAL TABLE INDEX \d+:\S*[M=<>]", step)
            assert is_index or (allowed and step.startswith(allowed)), (name, steps)
    sorts = [step for step in steps if "TEMP B-TREE FOR ORDER BY" in step]
    assert not sorts or name in {"requests_by_ids", "logs_by_ids", "traces_named"}, (name, steps)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("requests_by_time", "request_time"),
        ("requests_by_failed", "request_failed"),
        ("requests_by_route", "request_route"),
        ("requests_step_time", "COVERING INDEX request_time"),
        ("requests_step_failed", "COVERING INDEX request_failed"),
        ("requests_step_route", "COVERING INDEX request_route"),
        ("requests_newer", "INTEGER PRIMARY KEY"),
        ("requests_of_trace", "request_trace"),
        ("spans_of_trace", "span_trace"),
        ("logs_of_trace", "log_trace"),
        ("lines_of_trace", "log_trace"),
        ("logs_by_time", "log_time"),
        ("logs_by_warned", "log_warned"),
        ("logs_step_time", "COVERING INDEX log_time"),
        ("logs_step_warned", "COVERING INDEX log_warned"),
        ("logs_newer", "INTEGER PRIMARY KEY"),
        ("logs_before", "log_time"),
        ("logs_after", "log_time"),
        ("trace_numbers", "trace_key"),
        ("traces_named", "named_key"),
        ("rows_with_words", "VIRTUAL TABLE INDEX"),
        ("series_in_window", "PRIMARY KEY"),
        ("failures_in_window", "PRIMARY KEY"),
        ("instances", "instance_last"),
    ],
)
def test_a_question_uses_its_index(
    name: str, index: str, engines: dict[str, sqlite3.Connection]
) -> None:
    """The index that was made for a question answers it."""
    steps = plan(engines["meta" if name in META else "slice"], query(name))
    assert any(index in step for step in steps), steps


def test_sql_stands_in_its_files_only() -> None:
    """No text in the store's code, or in the rest of the console's, is a statement."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in FOLDER.parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and WORD.search(node.value)
    ]
    assert found == []


def test_every_statement_is_used() -> None:
    """A file that nothing asks for would only be read by people."""
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    built = re.compile(r"add_|_by_|_step_|_rows_|logs_before|logs_after")
    assert [name for name in QUERIES if f'"{name}"' not in code and not built.search(name)] == []


def test_the_wheel_brings_the_statements(tmp_path: Path) -> None:
    """A user's installation has every `.sql` file."""
    builder = pytest.importorskip("hatchling.builders.wheel")
    root = FOLDER.parents[3]
    (wheel,) = builder.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {path.relative_to(root / "src").as_posix() for path in FOLDER.rglob("*.sql")}
    assert len(expected) > 80
    assert expected <= inside

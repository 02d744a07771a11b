"""Pytest plugin of `make soak`: a table of what each soak test did, at which size, with which result.

A soak test says its sizes and findings with pytest's own `record_property(name, value)`; one that
passes without saying any fails the run, because a result without its size tells nothing. The table
is printed, and written to the file named by `--soak-results`.
"""

from __future__ import annotations

import inspect
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import pytest

PACKAGES = ("fastapi-spine", "fastapi", "starlette", "uvicorn", "msgspec")

HEAD = """\
# Soak results

Written by `make soak`: the long and large forms of the tests, with the sizes they ran at.

- {moment}, CPython {python}, {system}, {cores} cores
- {packages}

| Behaviour | Sizes and findings | Seconds | Outcome |
|---|---|---:|---|
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--soak-results FILE`."""
    parser.addoption("--soak-results", type=Path, help="write the table of soak results here")


def pytest_configure(config: pytest.Config) -> None:
    """Start collecting."""
    config.pluginmanager.register(SoakReport(config), "soak-report-table")


class SoakReport:
    """Collects one row a test and turns them into the table."""

    def __init__(self, config: pytest.Config) -> None:
        self._target: Path | None = config.getoption("--soak-results")
        self._sentences: dict[str, str] = {}
        self._rows: list[str] = []
        self._silent: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember what each test promises: the first line of its docstring."""
        for item in session.items:
            promise = inspect.getdoc(getattr(item, "function", None)) or item.name
            self._sentences[item.nodeid] = promise.splitlines()[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a row for a test that ran, or could not."""
        if report.when != "call" and report.passed:
            return
        if report.passed and not report.user_properties:
            self._silent.append(report.nodeid)
        findings = ", ".join(f"{name}: {_shown(value)}" for name, value in report.user_properties)
        sentence = self._sentences.get(report.nodeid, report.nodeid)
        cells = (sentence, findings, f"{report.duration:.1f}", report.outcome)
        self._rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file; fail the run when a test told nothing about its size."""
        if self._target and self._rows:
            self._target.write_text(self._table(), encoding="utf-8")
        if self._silent:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the rows, the tests that told nothing, and where the table is."""
        terminalreporter.section("soak results")
        for line in self._rows:
            terminalreporter.write_line(line)
        for nodeid in self._silent:
            terminalreporter.write_line(f"{nodeid} says no size: use record_property", red=True)
        if self._target and self._rows:
            terminalreporter.write_line(f"written to {self._target}")

    def _table(self) -> str:
        head = HEAD.format(
            moment=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            cores=os.cpu_count(),
            packages=", ".join(f"{name} {version(name)}" for name in PACKAGES),
        )
        return head + "\n".join(sorted(self._rows)) + "\n"


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)

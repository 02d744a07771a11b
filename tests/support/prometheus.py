"""Prometheus as its users run it, and what its API answers."""

from __future__ import annotations

import http.client
import json
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from servers import free_port, get, wait_for


def need(program: str) -> str:
    """Return where a program is; without it the test is skipped, which fails where results are trusted."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed (see .ci/run)"
        if os.environ.get("CI") == "true":  # noqa: TID251 - where results are trusted
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def prometheus(
    folder: Path, *targets: int, rules: Path | None = None, alertmanager: int = 0
) -> Iterator[int]:
    """Start Prometheus on a free port, scraping each target several times a second; yields its port.

    Args:
        folder: holds its files.
        *targets: ports.
        rules: a file of rules.
        alertmanager: the port of an Alertmanager that is told of alerts; 0 for none.
    """
    program = need("prometheus")
    config = folder / "prometheus.yml"
    scraped = ", ".join(f"'127.0.0.1:{target}'" for target in targets)
    config.write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        "scrape_configs:\n"
        "  - job_name: shop\n"
        f"    static_configs: [{{targets: [{scraped}]}}]\n" + _alerting(rules, alertmanager)
    )
    port = free_port()
    command = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(lambda: _ready(port), "Prometheus to be ready")
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _alerting(rules: Path | None, alertmanager: int) -> str:
    told = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n"
    return (f"rule_files: ['{rules}']\n" if rules else "") + (told if alertmanager else "")


def _ready(port: int) -> bool:
    try:
        return get(port, "/-/ready") == 200
    except OSError:
        return False


def ask(port: int, path: str, **query: str) -> Any:
    """Ask Prometheus' API and return its data."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", f"/api/v1/{path}?{urlencode(query)}")
        return json.loads(connection.getresponse().read())["data"]
    finally:
        connection.close()


def value(port: int, query: str) -> float:
    """Return the one number that a query gives, NaN for none."""
    found = ask(port, "query", query=query)["result"]
    return float(found[0]["value"][1]) if found else math.nan

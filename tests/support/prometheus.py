"""Prometheus as its users run it, and what its API answers."""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from programs import running


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
    config = folder / "prometheus.yml"
    scraped = ", ".join(f"'127.0.0.1:{target}'" for target in targets)
    config.write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        "scrape_configs:\n"
        "  - job_name: shop\n"
        f"    static_configs: [{{targets: [{scraped}]}}]\n" + _alerting(rules, alertmanager)
    )
    options = (f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}")
    with running(folder, "prometheus", *options, "--enable-feature=exemplar-storage") as port:
        yield port


def _alerting(rules: Path | None, alertmanager: int) -> str:
    told = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n"
    return (f"rule_files: ['{rules}']\n" if rules else "") + (told if alertmanager else "")


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

"""Writes the reference page of metrics: `python -m fastapi_spine.metrics.reference > docs/reference/metrics.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.catalog import Entry

_COMBINED: Final = {
    "sum": "added up, those of ended workers too",
    "live": "added up over living workers",
    "worker": "one series a worker, label `pid`",
    "one": "as the asked worker says",
}
_HEAD: Final = """\
# Metrics

Every metric of ours. A counter's sample is called `<name>_total`; a histogram has `_bucket`, `_sum` and `_count`.
Beside them stand `process_*` and `python_gc_*` of `prometheus_client` (one series a worker where there are several), and every metric of your own in its default registry.

| Metric | Kind | Labels | Several workers | What it says |
| --- | --- | --- | --- | --- |
"""


def entries() -> tuple[Entry, ...]:
    """List every metric, in the order of declaration."""
    return tuple(one for one in vars(catalog).values() if isinstance(one, Entry))


def render() -> str:
    """Write the page."""
    return _HEAD + "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    for entry in entries():
        labels = ", ".join(f"`{label}`" for label in entry.labels) or "-"
        combined = _COMBINED[entry.combine]
        yield f"| `{entry.name}` | {entry.kind} | {labels} | {combined} | {entry.help} |"


if __name__ == "__main__":
    sys.stdout.write(render())

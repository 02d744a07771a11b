"""Who asks for which form gets it."""

from __future__ import annotations

import pytest

from fastapi_spine.metrics.exposition.negotiate import choose_format, wants_gzip

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        ("text/html", PLAIN),
        ("text/plain;version=0.0.4", PLAIN),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8"),
        (
            "text/plain;version=1.0.0;escaping=underscores",
            "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
        ("application/openmetrics-text", OPEN),
        (
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text; version=0.0.1; charset=utf-8",
        ),
        # What Prometheus 2.42 sends:
        (
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
                "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            OPEN,
        ),
        # What Prometheus 3 sends:
        (
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.1"
            ),
            f"{OPEN}; escaping=allow-utf-8",
        ),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.1", PLAIN),
        ("application/openmetrics-text;q=0,text/plain", PLAIN),
        ("application/openmetrics-text;version=9", PLAIN),
        ("application/openmetrics-text;q=nonsense", PLAIN),
        (",;=,;;", PLAIN),
    ],
)
def test_the_format_with_the_highest_quality(accept: str, content_type: str) -> None:
    """Of what there is; text 0.0.4 for everybody else."""
    assert choose_format(accept).content_type == content_type


@pytest.mark.parametrize(
    ("encoding", "zipped"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=1, gzip;q=0", False),
        ("br", False),
    ],
)
def test_compression_is_only_for_whom_asks(encoding: str, zipped: bool) -> None:
    """By name or star, with a quality above zero."""
    assert wants_gzip(encoding) is zipped

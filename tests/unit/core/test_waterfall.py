"""One trace as a picture."""

from __future__ import annotations

from fastapi_spine.testing import SpanData, Traced, waterfall

TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(
    number: int, parent: int | None, name: str, start_ms: float, took_ms: float, *, kind: int = 1
) -> Traced:
    """Make a span of a trace that begins at one second."""
    start = 1_000_000_000 + round(start_ms * 1_000_000)
    above = None if parent is None else f"{parent:016x}"
    made = SpanData(TRACE, f"{number:016x}", above, None, 1, name, kind, start)
    made.end_ns = start + round(took_ms * 1_000_000)
    return Traced("orders", made)


def test_a_trace_is_drawn_as_a_tree_of_bars() -> None:
    """Children below their parents in the order of time, bars to scale, durations right."""
    spans = [
        span(3, 1, "render", 80, 20),
        span(1, None, "GET /orders/{order_id}", 0, 100, kind=2),
        span(2, 1, "auth: decode_jwt", 10, 40),
        span(4, 2, "inner", 20, 10),
    ]
    assert waterfall(spans, width=54) == [
        "GET /orders/{order_id} ────────────────────   100.0 ms",
        "├── auth: decode_jwt     ────────              40.0 ms",
        "│   └── inner              ──                  10.0 ms",
        "└── render                             ────    20.0 ms",
    ]


def test_failures_are_marked() -> None:
    """With a cross, and in the colour of errors where there is one."""
    failed = span(1, None, "GET /x", 0, 10, kind=2)
    failed.span.status = 2
    assert waterfall([failed], width=30) == ["GET /x✗────────────    10.0 ms"]

    def paint(style: str, text: str) -> str:
        return f"<{style}>{text}" if text.strip() else text

    assert waterfall([failed], width=30, paint=paint)[0].startswith("<error>GET /x✗<error>─")


def test_repeated_siblings_are_one_row() -> None:
    """Forty queries in a loop are one finding with their times added up; three are still three."""
    root = span(1, None, "root", 0, 100)
    many = [span(10 + place, 1, "query", place, 0.5) for place in range(40)]
    few = [span(60 + place, 1, "call", 50 + place, 1) for place in range(3)]
    rows = waterfall([root, *many, *few], width=60)
    assert [
        row.split("─")[0 if row.startswith("root") else 2].split("  ")[0].strip() for row in rows
    ] == [
        "root",
        "query \N{MULTIPLICATION SIGN}40",
        "call",
        "call",
        "call",
    ]
    assert rows[1].endswith(" 20.0 ms")


def test_a_span_without_its_parent_begins_a_tree() -> None:
    """What was lost on the way hides nothing else; a ring of parents ends; nothing is nothing."""
    assert len(waterfall([span(1, 99, "orphan", 0, 1), span(2, None, "root", 0, 1)], width=60)) == 2
    assert waterfall([span(1, 1, "own parent", 0, 1)], width=60)[0].startswith("own parent")
    assert waterfall([], width=60) == []

"""Lines for a person at a terminal."""

from __future__ import annotations

import re

import pytest

from fastapi_spine.logs.lines.human import HumanLines, render_human

HEAD: dict[str, object] = {
    "ts": "2026-11-23T15:21:00.123457Z",
    "level": "INFO",
    "logger": "shop.orders",
    "msg": "order placed",
    "request_id": "0199c0de-7d3a-7b6e-8f00-012389abcdef",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "00f067aa0ba902b7",
    "service": "orders",
}
ACCESS: dict[str, object] = {
    **HEAD,
    "logger": "spine.access",
    "msg": "request completed",
    "method": "GET",
    "path": "/orders/7",
    "route": "/orders/{order_id}",
    "status": 200,
    "elapsed_ms": 12.345,
    "bytes_in": 0,
    "bytes_out": 312,
    "client": "127.0.0.0/24",
    "outcome": "completed",
}
STACK = """Traceback (most recent call last):
  File "/srv/shop/orders.py", line 7, in place
    pay(order)
  File "/venv/lib/python3.11/site-packages/bank/api.py", line 70, in pay
    raise Refused("no funds\\nreally none")
bank.Refused: no funds
really none"""
INDENT = " " * 49


def shown(line: dict[str, object], **fields: object) -> str:
    """Return a line without colours, the head left out."""
    text = render_human({**line, **fields})
    assert text.startswith("15:21:00.123")
    return text[49:]


def test_a_line_is_aligned_columns_then_the_message() -> None:
    """Time of day, level, the end of the request id, logger, message, fields; no ids, no service."""
    assert (
        HumanLines(color=False).encode({**HEAD, "order_id": 8, "total": "12.50 €"})
        == (
            "15:21:00.123 INFO  89abcdef shop.orders          order placed"
            '  order_id=8 total="12.50 €"\n'
        ).encode()
    )


def test_a_line_outside_a_request_keeps_its_columns() -> None:
    """Where there is no id there is room, so that messages stand under each other."""
    line: dict[str, object] = {
        "ts": "2026-11-23T15:21:00.123457Z",
        "level": "WARNING",
        "logger": "shop.inventory.repository.postgres",
        "msg": "pool is nearly empty",
        "service": "orders",
    }
    assert render_human(line) == (
        "15:21:00.123 WARN           …repository.postgres pool is nearly empty"
    )


@pytest.mark.parametrize(
    ("level", "word"),
    [
        ("DEBUG", "DEBUG"),
        ("INFO", "INFO "),
        ("WARNING", "WARN "),
        ("ERROR", "ERROR"),
        ("CRITICAL", "CRIT "),
        ("NOTICES", "NOTIC"),
    ],
)
def test_levels_are_five_wide(level: str, word: str) -> None:
    """Every level takes the same room."""
    assert render_human({**HEAD, "level": level})[13:19] == f"{word} "


def test_an_access_line_reads_as_a_sentence() -> None:
    """What was asked, what was answered, how long it took, which route it was."""
    assert shown(ACCESS) == "GET /orders/7 → 200  12.3 ms  (/orders/{order_id})  312 B"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"route": "/orders/7"}, "GET /orders/7 → 200  12.3 ms  312 B"),
        ({"route": "__unmatched__", "status": 404}, "GET /orders/7 → 404  12.3 ms  (no route)  312 B"),
        (
            {"bytes_in": 1812, "bytes_out": 5_300_000},
            "GET /orders/7 → 200  12.3 ms  (/orders/{order_id})  1.8 kB in  5.3 MB out",
        ),
        (
            {"elapsed_ms": 5023.1, "ttfb_ms": 0.42, "outcome": "disconnected", "bytes_out": 0},
            "GET /orders/7 → 200  5.02 s  first byte 0.42 ms  disconnected  (/orders/{order_id})",
        ),
        (
            {"status": None, "msg": "request failed", "outcome": "failed_after_start", "bytes_out": 0},
            "GET /orders/7 → no response  12.3 ms  failed after start  (/orders/{order_id})",
        ),
        (
            {"status": 422, "errors": [{"loc": "body.qty", "type": "int_parsing"}]},
            "GET /orders/7 → 422  12.3 ms  body.qty int_parsing  (/orders/{order_id})  312 B",
        ),
        (
            {"client": "192.0.2.0/24", "user_id": 7, "skipped": 59, "msg": "other words"},
            (
                "GET /orders/7 → 200  12.3 ms  (/orders/{order_id})  312 B  other words"
                "  client=192.0.2.0/24 user_id=7 skipped=59"
            ),
        ),
    ],
)  # fmt: skip
def test_an_access_line_tells_what_is_out_of_the_ordinary(
    fields: dict[str, object], text: str
) -> None:
    """The usual is short; the unusual is said in words; everything else is a field."""
    assert shown(ACCESS, **fields) == text


def test_a_websocket_shows_how_it_was_closed() -> None:
    """The close code stands where a request has its status."""
    line = {**ACCESS, "type": "websocket", "path": "/chat", "route": "/chat", "close_code": 1000}
    del line["method"]
    assert shown(line, status=101, messages_in=3, messages_out=4, elapsed_ms=64_023.2) == (
        "WS /chat → 1000  64.02 s  312 B  3 received, 4 sent"
    )


def test_a_held_line_has_a_mark_in_its_margin() -> None:
    """Lines written only because their request failed are told apart."""
    assert render_human({**HEAD, "level": "DEBUG", "held": True}) == (
        "15:21:00.123┆DEBUG 89abcdef shop.orders          order placed"
    )


def test_a_long_message_stands_under_itself() -> None:
    """Every further line is indented: no line can pass for one of its own."""
    text = render_human({**HEAD, "msg": "SELECT *\n\tFROM orders\r\n\nWHERE id = 7", "rows": 0})
    assert text.split("\n") == [
        "15:21:00.123 INFO  89abcdef shop.orders          SELECT *",
        f"{INDENT}    FROM orders",
        "",
        f"{INDENT}WHERE id = 7  rows=0",
    ]


def test_an_exception_stands_below_its_line() -> None:
    """The stack as Python writes it, indented."""
    exc = {"type": "bank.Refused", "message": "no funds", "stack": STACK}
    first, *rest = render_human({**HEAD, "exc": exc}).split("\n")
    assert first.endswith("order placed")
    assert rest == [f"    {line}" for line in STACK.split("\n")]


def test_an_exception_without_a_stack_is_one_line() -> None:
    """Type and message are what there is."""
    exc = {"type": "bank.Refused", "message": "no funds"}
    assert render_human({**HEAD, "exc": exc}).split("\n")[1:] == ["    bank.Refused: no funds"]


def test_fields_go_under_the_message_where_the_terminal_ends() -> None:
    """With a width, no field is broken in two by the edge."""
    lines = HumanLines(color=True, width=90).encode(
        {**HEAD, **{f"field{number}": "x" * 12 for number in range(4)}}
    )
    text = re.sub("\x1b\\[[0-9;]*m", "", lines.decode())
    assert text.split("\n") == [
        "15:21:00.123 INFO  89abcdef shop.orders          order placed  field0=xxxxxxxxxxxx",
        f"{INDENT}field1=xxxxxxxxxxxx field2=xxxxxxxxxxxx",
        f"{INDENT}field3=xxxxxxxxxxxx",
        "",
    ]


ATTACK = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\u202eevil\u2028\x7f\x00"
VISIBLE = r"\x1b[2J\x1b]0;owned\x07\x9b31m\r\u202eevil\u2028\x7f\x00"


def test_nothing_from_outside_steers_the_terminal() -> None:
    """Control characters anywhere in a line are shown, not obeyed."""
    line: dict[str, object] = {
        **HEAD,
        "msg": ATTACK,
        "logger": "\x1b[1m",
        "level": "\x1b",
        "request_id": "\x1b[31mid",
        "ts": "\x1b[31mnow",
        "field": ATTACK,
        f"key\n{ATTACK}": 1,
        "exc": {"type": ATTACK, "message": ATTACK, "stack": f"Traceback\n{ATTACK}"},
    }
    text = render_human(line)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    assert len(text.split("\n")) == 3
    assert VISIBLE in text
    assert rf"key\n{VISIBLE}=1" in text


def test_without_colour_there_is_no_escape_byte() -> None:
    """NO_COLOR means none."""
    exc = {"type": "bank.Refused", "message": "no funds", "stack": STACK}
    for line in ({**HEAD, "exc": exc}, ACCESS, {**HEAD, "held": True}, {**ACCESS, "status": 500}):
        assert b"\x1b" not in HumanLines(color=False).encode(line)


def painted(text: str) -> list[tuple[str, str]]:
    """List what is painted, with its style."""
    return re.findall(r"\x1b\[([0-9;]+)m([^\x1b]+)\x1b\[0m", text)


@pytest.mark.parametrize(("status", "style"), [(200, "32"), (304, "36"), (404, "33"), (500, "31")])
def test_a_status_has_the_colour_of_its_class(status: int, style: str) -> None:
    """Green, cyan, yellow, red."""
    text = render_human({**ACCESS, "status": status}, color=True)
    assert (style, str(status)) in painted(text)


def test_a_slow_request_shows_its_time_in_yellow() -> None:
    """WARNING on an access line means slower than the route's limit."""
    slow = painted(render_human({**ACCESS, "level": "WARNING"}, color=True))
    usual = painted(render_human(ACCESS, color=True))
    assert ("33", "12.3 ms") in slow
    assert "12.3 ms" not in [text for _, text in usual]


def test_what_was_raised_is_bold_and_library_frames_are_dim() -> None:
    """The eye finds the message and the application's own frames."""
    exc = {"type": "bank.Refused", "message": "no funds", "stack": STACK}
    text = render_human({**HEAD, "level": "ERROR", "exc": exc}, color=True)
    lines = text.split("\n")[1:]
    assert lines == [
        "    \x1b[2mTraceback (most recent call last):\x1b[0m",
        '      File "/srv/shop/orders.py", line 7, in place',
        "        pay(order)",
        '    \x1b[2m  File "/venv/lib/python3.11/site-packages/bank/api.py", line 70, in pay\x1b[0m',
        '    \x1b[2m    raise Refused("no funds\\nreally none")\x1b[0m',
        "    \x1b[1;31mbank.Refused: no funds\x1b[0m",
        "    \x1b[1;31mreally none\x1b[0m",
    ]


def test_a_held_line_is_dim_and_nothing_else() -> None:
    """It is background to the line that failed."""
    text = render_human({**HEAD, "level": "DEBUG", "held": True, "field": 1}, color=True)
    plain = render_human({**HEAD, "level": "DEBUG", "held": True, "field": 1})
    assert text == f"\x1b[2m{plain}\x1b[0m"


def test_any_line_has_a_form() -> None:
    """A line with nothing in it, or with the wrong things, is shown as far as it goes."""
    assert render_human({}).strip() == ""
    odd: dict[str, object] = {
        "ts": 5,
        "level": None,
        "logger": ["a"],
        "msg": {"b": 1},
        "exc": "gone",
    }
    assert render_human(odd) == (
        '5            null           ["a"]                {"b":1}  exc=gone'
    )


def test_a_huge_text_does_not_hold_up_the_terminal() -> None:
    """Thirty-two thousand characters are shown, and how many are not."""
    assert shown(HEAD, msg="x" * 100_000) == "x" * 32_768 + "…[TRUNCATED:67232]"


def test_frames_of_libraries_are_folded_and_the_one_that_raised_is_shown() -> None:
    """Forty frames of a framework hide the two that matter."""
    library = '  File "/x/site-packages/starlette/routing.py", line {}, in app\n    await app()\n'
    stack = (
        "Traceback (most recent call last):\n"
        '  File "/home/me/fastapi_spine/request/spine.py", line 1, in __call__\n    await inner()\n'
        + "".join(library.format(number) for number in range(5))
        + '  File "/shop/orders.py", line 3, in order\n    json.loads(text)\n'
        + '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n    raise X\n'
        + "ValueError: no"
    )
    exc = {"type": "ValueError", "message": "no", "stack": stack}
    assert render_human({"msg": "x", "exc": exc}).splitlines()[1:] == [
        "    Traceback (most recent call last):",
        "      … 6 frames in fastapi_spine, starlette",
        '      File "/shop/orders.py", line 3, in order',
        "        json.loads(text)",
        '      File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode',
        "        raise X",
        "    ValueError: no",
    ]


def test_frames_that_were_cut_are_counted_where_they_are_folded() -> None:
    """The line keeps the ends of a deep stack; the middle of it is told by the fold around it, or stands by itself."""
    library = '  File "/x/site-packages/starlette/routing.py", line 1, in app\n'
    own = '  File "/shop/orders.py", line 3, in order\n'
    cut = "  [40 frames left out]\n"
    stack = f"Traceback (most recent call last):\n{library * 2}{cut}{library * 2}{own}{cut}{own}ValueError: no"
    exc = {"type": "ValueError", "message": "no", "stack": stack}
    assert render_human({"msg": "x", "exc": exc}).splitlines()[1:] == [
        "    Traceback (most recent call last):",
        "      … 44 frames in starlette",
        '      File "/shop/orders.py", line 3, in order',
        "      [40 frames left out]",
        '      File "/shop/orders.py", line 3, in order',
        "    ValueError: no",
    ]

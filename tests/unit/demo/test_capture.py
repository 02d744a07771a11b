"""The capture keeps what the shop wrote and finds what it should not have written."""

from __future__ import annotations

from pathlib import Path

from fastapi_spine.demo.capture import KEPT_LINES, Capture

TOKEN = "aaaa.bbbb.cccccccc"


def test_lines_that_are_json_objects_are_kept_and_all_are_counted() -> None:
    """A crash message on standard error is no line of the log, but it was seen."""
    capture = Capture()
    taken = [capture.take("orders", raw) for raw in (b'{"msg": "a"}\n', b"Traceback\n", b"[1]\n")]
    assert taken == [{"msg": "a"}, None, None]
    assert list(capture.lines) == [{"msg": "a"}]
    assert (capture.seen_lines, capture.seen_bytes) == (3, 27)


def test_a_secret_in_a_line_is_found() -> None:
    """A password that was sent before the line came is a leak, in JSON or anywhere else."""
    capture = Capture()
    capture.told("hunter2-hunter2")
    capture.take("orders", b'{"msg": "password is hunter2-hunter2"}\n')
    capture.take("orders", b"hunter2-hunter2\n")
    assert capture.leaks == 2


def test_a_secret_that_becomes_known_later_is_found_too() -> None:
    """A token can be logged before the shopper has received it."""
    capture = Capture()
    capture.take("orders", f'{{"msg": "made {TOKEN}"}}\n'.encode())
    capture.told(TOKEN)
    assert capture.leaks > 0


def test_a_tokens_signature_alone_is_a_leak() -> None:
    """Cutting off the front of a token does not make it harmless."""
    capture = Capture()
    capture.told(TOKEN)
    capture.take("orders", b'{"msg": "signature cccccccc"}\n')
    assert capture.leaks == 1


def test_a_redacted_line_is_no_leak() -> None:
    """The marks that redaction leaves are not found."""
    capture = Capture()
    capture.told("hunter2-hunter2")
    capture.take("orders", b'{"msg": "password is [REDACTED:password]"}\n')
    assert (capture.leaks, capture.secrets_told) == (0, 1)


def test_a_long_evening_does_not_fill_the_memory() -> None:
    """Only the last lines are kept; all are counted."""
    capture = Capture()
    for number in range(KEPT_LINES + 10):
        capture.take("orders", b'{"n": %d}\n' % number)
    assert (len(capture.lines), capture.seen_lines) == (KEPT_LINES, KEPT_LINES + 10)
    assert capture.lines[0] == {"n": 10}


def test_lines_are_written_to_the_folder_as_they_came(tmp_path: Path) -> None:
    """Each service has its file, byte for byte."""
    capture = Capture(tmp_path)
    capture.take("orders", b'{"msg": "\xc3\xa9"}\n')
    capture.take("payments", b"not json\n")
    written = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert written == {"orders.jsonl": b'{"msg": "\xc3\xa9"}\n', "payments.jsonl": b"not json\n"}

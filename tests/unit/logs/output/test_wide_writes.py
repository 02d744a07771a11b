"""Many lines reach a pipe in one write, while it has room and nobody else is there."""

from __future__ import annotations

import errno
import fcntl
import os
from collections import deque
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.logs.output.descriptor import Descriptor
from fastapi_spine.logs.output.target import PIPE_BUF, Target

PATIENT = 20.0


@pytest.fixture(name="writes")
def _writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of all writes."""
    lengths: list[int] = []
    write = os.write

    def counted(fd: int, data: bytes) -> int:
        written = write(fd, data)
        lengths.append(written)
        return written

    monkeypatch.setattr(os, "write", counted)
    return lengths


def test_many_lines_go_out_in_few_writes_while_the_pipe_has_room(
    pipe: tuple[int, int], writes: list[int]
) -> None:
    """Half a pipe at first, whole lines, in order; what is left goes in pieces, because nobody reads."""
    reader, writer = pipe
    lines = deque(b"%0100d\n" % number for number in range(600))
    expected = b"".join(lines)
    Descriptor(writer).send(lines, PATIENT)
    assert not lines
    assert os.read(reader, 1 << 20) == expected
    assert writes[0] > 7 * PIPE_BUF
    assert max(writes[1:]) <= PIPE_BUF
    assert all(length % 101 == 0 for length in writes)
    assert len(writes) < 10


def test_with_others_at_the_pipe_writes_stay_small(
    pipe: tuple[int, int], writes: list[int]
) -> None:
    """Somebody else holds the lock's shared side: both write pieces that are never cut."""
    reader, writer = pipe
    other = Target.examine(writer)
    assert other.try_lock(exclusive=False)
    lines = deque(b"%0100d\n" % number for number in range(600))
    expected = b"".join(lines)
    Descriptor(writer).send(lines, PATIENT)
    other.close()
    assert os.read(reader, 1 << 20) == expected
    assert max(writes) <= PIPE_BUF


def test_a_system_that_does_not_say_what_a_pipe_holds_gets_small_writes(
    pipe: tuple[int, int], writes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some sandboxes refuse the question; nothing is lost for it."""

    def refuse(*_arguments: object) -> int:
        raise OSError(errno.ENOTTY, "no such question here")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    reader, writer = pipe
    lines = deque(b"%0100d\n" % number for number in range(200))
    expected = b"".join(lines)
    Descriptor(writer).send(lines, PATIENT)
    assert os.read(reader, 1 << 20) == expected
    assert max(writes) <= PIPE_BUF


@given(st.lists(st.tuples(st.sampled_from(["write", "read"]), st.integers(1, 9_000)), max_size=40))
def test_what_fits_at_once_is_written_whole(steps: list[tuple[str, int]]) -> None:
    """However a pipe was filled and emptied before: the bound on its pages holds."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    target = Target.examine(writer)
    try:
        for what, size in steps:
            with suppress(BlockingIOError):
                if what == "write":
                    os.write(target.fd, b"#" * size)
                else:
                    os.read(reader, size)
        fits = target.at_once()
        assert fits >= PIPE_BUF
        if fits > PIPE_BUF:
            assert os.write(target.fd, b"#" * fits) == fits
    finally:
        target.close()
        os.close(reader)
        os.close(writer)

"""Whole lines reach a descriptor, whatever it is, whoever else writes to it, whatever goes wrong."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import resource
import socket
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastapi_spine.logs.output import descriptor as descriptor_module
from fastapi_spine.logs.output.descriptor import Descriptor, reason_of
from fastapi_spine.logs.output.target import PIPE_BUF, Target

PATIENT = 20.0
SHORT = [b"line %d\n" % number for number in range(1000)]
LONG = b"l" * 32 * 1024 + b"\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's reading and writing end."""
    reader, writer = os.pipe()
    yield reader, writer
    for fd in (reader, writer):
        try:
            os.close(fd)
        except OSError as error:
            assert error.errno == errno.EBADF  # noqa: PT017  the test closed it


def read_available(fd: int) -> bytes:
    """Everything a pipe holds now."""
    os.set_blocking(fd, False)
    found = b""
    try:
        while piece := os.read(fd, 1 << 20):
            found += piece
    except BlockingIOError:
        pass
    return found


def fill(writer: int) -> bytes:
    """Leave a pipe without room, through a description of its own; return what was put in."""
    own = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
    filled = b""
    try:
        while True:
            filled += b"#" * os.write(own, b"#" * PIPE_BUF)
    except BlockingIOError:
        return filled
    finally:
        os.close(own)


def open_descriptors() -> list[str]:
    """The numbers of all descriptors this process has open."""
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes: what a full disk looks like from inside."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def open_file(path: Path) -> int:
    """Open a file as a shell's `>>` does."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def test_lines_arrive_in_order_in_a_file(tmp_path: Path) -> None:
    """A log redirected to a file holds every line once, in order."""
    fd = open_file(tmp_path / "log")
    lines = deque([*SHORT, LONG, *SHORT])
    Descriptor(fd).send(lines, PATIENT)
    os.close(fd)
    assert not lines
    assert (tmp_path / "log").read_bytes() == b"".join([*SHORT, LONG, *SHORT])


def test_lines_arrive_in_order_in_a_pipe(pipe: tuple[int, int]) -> None:
    """Short lines around a long one keep their order."""
    reader, writer = pipe
    Descriptor(writer).send(deque([*SHORT[:100], LONG, *SHORT[100:200]]), PATIENT)
    assert read_available(reader) == b"".join([*SHORT[:100], LONG, *SHORT[100:200]])


def test_writes_hold_whole_lines_and_at_most_pipe_buf_bytes() -> None:
    """Each write to something shared is small enough to be atomic, and ends at a line's end."""
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with reader, writer:
        Descriptor(writer.fileno()).send(deque(SHORT), PATIENT)
        writer.close()
        writes = list(iter(lambda: reader.recv(1 << 20), b""))
    assert b"".join(writes) == b"".join(SHORT)
    assert max(map(len, writes)) <= PIPE_BUF
    assert {write[-1:] for write in writes} == {b"\n"}
    assert len(writes) < 10


def test_a_terminal_shows_the_lines() -> None:
    """On a terminal the lines appear, with the terminal's own line ends."""
    main, terminal = pty.openpty()
    Descriptor(terminal).send(deque([b"one\n", b"two\n"]), PATIENT)
    shown = b""
    while shown.count(b"\n") < 2:
        shown += os.read(main, 100)
    assert shown == b"one\r\ntwo\r\n"
    os.close(main)
    os.close(terminal)


def test_an_inherited_descriptor_keeps_its_flags_and_no_descriptor_stays_open(
    pipe: tuple[int, int],
) -> None:
    """O_NONBLOCK never appears on the shared description, and nothing is left open or locked."""
    _, writer = pipe
    before = fcntl.fcntl(writer, fcntl.F_GETFL), open_descriptors()
    Descriptor(writer).send(deque([*SHORT[:10], LONG]), PATIENT)
    assert before == (fcntl.fcntl(writer, fcntl.F_GETFL), open_descriptors())
    other = Target.examine(writer)
    assert other.try_lock(exclusive=True)
    other.close()


@pytest.mark.parametrize("nonblocking", [False, True], ids=["blocking", "set non-blocking"])
@pytest.mark.parametrize("lines", [SHORT, [LONG] * 5], ids=["short lines", "long lines"])
def test_a_full_pipe_keeps_nobody_waiting_and_nothing_is_lost(
    pipe: tuple[int, int], lines: list[bytes], *, nonblocking: bool
) -> None:
    """Without room `send` comes back; once somebody reads, it goes on where it was."""
    reader, writer = pipe
    os.set_blocking(writer, not nonblocking)
    filled = fill(writer)
    left = deque(lines)
    out = Descriptor(writer)
    out.send(left, 0.01)
    assert list(left) == lines
    found = b""
    while left:
        found += read_available(reader)
        out.send(left, 0.01)
    found += read_available(reader)
    assert found == filled + b"".join(lines)


def test_a_long_line_waits_until_nobody_else_writes(pipe: tuple[int, int]) -> None:
    """Another process in the middle of its short lines keeps a long line out, and then does not."""
    reader, writer = pipe
    other = Target.examine(writer)
    assert other.try_lock(exclusive=False)
    lines = deque([LONG])
    out = Descriptor(writer)
    out.send(lines, 0.01)
    assert read_available(reader) == b""
    out.send(deque(SHORT[:3]), 0.01)
    assert read_available(reader) == b"".join(SHORT[:3])
    other.unlock()
    out.send(lines, PATIENT)
    assert read_available(reader) == LONG
    other.close()


def test_short_lines_wait_until_a_long_one_is_through(pipe: tuple[int, int]) -> None:
    """Nothing lands inside another process's long line."""
    reader, writer = pipe
    other = Target.examine(writer)
    assert other.try_lock(exclusive=True)
    lines = deque(SHORT[:3])
    out = Descriptor(writer)
    out.send(lines, 0.01)
    assert (read_available(reader), len(lines)) == (b"", 3)
    other.unlock()
    out.send(lines, PATIENT)
    assert read_available(reader) == b"".join(SHORT[:3])
    other.close()


def test_a_holder_that_stands_still_is_passed_after_a_while(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process that holds the lock does not silence the others for good."""
    monkeypatch.setattr(descriptor_module, "LOCK_PATIENCE", 0.02)
    reader, writer = pipe
    other = Target.examine(writer)
    assert other.try_lock(exclusive=True)
    Descriptor(writer).send(deque(SHORT[:3]), PATIENT)
    assert read_available(reader) == b"".join(SHORT[:3])
    other.close()


def test_a_long_line_half_out_keeps_the_lock(pipe: tuple[int, int]) -> None:
    """While the reader is slow, the rest of a long line still belongs to its writer."""
    reader, writer = pipe
    lines = deque([b"x" * (1 << 20) + b"\n"])
    out = Descriptor(writer)
    out.send(lines, 0.01)
    other = Target.examine(writer)
    assert not other.try_lock(exclusive=False)
    found = b""
    while lines:
        found += read_available(reader)
        out.send(lines, 0.01)
    assert found + read_available(reader) == b"x" * (1 << 20) + b"\n"
    assert other.try_lock(exclusive=True)
    other.close()


def test_without_a_description_of_its_own_a_private_file_is_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket cannot be opened again: writers meet at a file only this user can reach."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    reader, writer = socket.socketpair()
    with reader, writer:
        other = Target.examine(writer.fileno())
        assert other.try_lock(exclusive=True)
        lines = deque(SHORT[:3])
        out = Descriptor(writer.fileno())
        out.send(lines, 0.01)
        assert len(lines) == 3
        other.unlock()
        other.close()
        out.send(lines, PATIENT)
        assert reader.recv(1000) == b"".join(SHORT[:3])
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_lock_folder_others_may_enter_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder prepared by somebody else is left alone; lines still come through."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    trap = tmp_path / f"fastapi-spine-{os.geteuid()}"
    trap.mkdir()
    trap.chmod(0o777)
    reader, writer = socket.socketpair()
    with reader, writer:
        Descriptor(writer.fileno()).send(deque(SHORT[:3]), PATIENT)
        assert reader.recv(1000) == b"".join(SHORT[:3])
    assert list(trap.iterdir()) == []


def test_a_redirected_descriptor_is_followed(pipe: tuple[int, int], tmp_path: Path) -> None:
    """After dup2 of another file the lines go there, and the old pipe is not held open."""
    reader, writer = pipe
    out = Descriptor(writer)
    out.send(deque([b"before\n"]), PATIENT)
    file = open_file(tmp_path / "log")
    os.dup2(file, writer)
    out.send(deque([b"after\n"]), PATIENT)
    os.close(file)
    assert (tmp_path / "log").read_bytes() == b"after\n"
    assert os.read(reader, 100) == b"before\n"
    assert os.read(reader, 100) == b""


def test_a_redirection_in_the_middle_of_a_line_starts_the_line_again(
    pipe: tuple[int, int], tmp_path: Path
) -> None:
    """The new file gets the whole line, not the rest of it."""
    _, writer = pipe
    line = b"x" * (1 << 20) + b"\n"
    lines = deque([line])
    out = Descriptor(writer)
    out.send(lines, 0.01)
    file = open_file(tmp_path / "log")
    os.dup2(file, writer)
    os.close(file)
    out.send(lines, PATIENT)
    assert (tmp_path / "log").read_bytes() == line


def test_no_descriptor_means_the_given_function_writes() -> None:
    """Where `sys.stdout` has no number (pytest, IDEs) the caller's function takes the bytes."""
    taken: list[bytes] = []
    lines = deque([b"one\n", b"two\n"])
    Descriptor(lambda: None, taken.append).send(lines, PATIENT)
    assert (taken, list(lines)) == ([b"one\ntwo\n"], [])


def test_a_refusing_descriptor_is_named(pipe: tuple[int, int]) -> None:
    """A closed reader, a closed descriptor, a reading end and a full disk each have a reason."""
    reader, writer = pipe
    reasons = {}
    full = os.open("/dev/full", os.O_WRONLY)
    os.close(reader)
    for name, fd in {"closed reader": writer, "closed": reader, "full": full}.items():
        with pytest.raises(OSError) as caught:  # noqa: PT011  the number is what is tested
            Descriptor(fd).send(deque([b"line\n"]), PATIENT)
        reasons[name] = reason_of(caught.value)
    os.close(full)
    with pytest.raises(OSError, match="no file descriptor"):
        Descriptor(lambda: None).send(deque([b"line\n"]), PATIENT)
    assert reasons == {
        "closed reader": "broken_pipe",
        "closed": "write_error",
        "full": "disk_full",
    }


def test_the_reading_end_of_a_pipe_is_never_written_to(pipe: tuple[int, int]) -> None:
    """If stdout was closed and its number is now a pipe's reading end, no line gets into it."""
    reader, _ = pipe
    with pytest.raises(OSError, match="reading end"):
        Descriptor(reader).send(deque([b"line\n"]), PATIENT)
    assert read_available(reader) == b""


def test_after_a_full_disk_the_line_is_finished_where_it_stopped(tmp_path: Path) -> None:
    """With room again the file holds every line, and no trace of the trouble."""
    fd = open_file(tmp_path / "log")
    lines = deque(SHORT)
    out = Descriptor(fd)
    with file_size_limit(5003):
        for _ in range(2):
            with pytest.raises(OSError) as caught:  # noqa: PT011  the number is what is tested
                out.send(lines, PATIENT)
            assert reason_of(caught.value) == "disk_full"
    assert (tmp_path / "log").stat().st_size == 5003
    out.send(lines, PATIENT)
    os.close(fd)
    assert (tmp_path / "log").read_bytes() == b"".join(SHORT)


def test_after_a_full_disk_a_line_somebody_wrote_behind_is_written_again(tmp_path: Path) -> None:
    """The half line stands alone; the whole line follows on a line of its own."""
    fd = open_file(tmp_path / "log")
    lines = deque([b"first\n", b"second\n", b"third\n"])
    out = Descriptor(fd)
    with file_size_limit(9), pytest.raises(OSError, match="large"):
        out.send(lines, PATIENT)
    with (tmp_path / "log").open("ab") as sibling:
        sibling.write(b"\nother\n")
    out.send(lines, PATIENT)
    os.close(fd)
    found = (tmp_path / "log").read_bytes().split(b"\n")
    assert found == [b"first", b"sec", b"other", b"", b"second", b"third", b""]


def test_a_dropped_half_line_does_not_glue_to_the_next(tmp_path: Path) -> None:
    """When the caller gives a torn line up, the next one starts on a line of its own."""
    fd = open_file(tmp_path / "log")
    lines = deque([b"first\n", b"second\n"])
    out = Descriptor(fd)
    with file_size_limit(9), pytest.raises(OSError, match="large"):
        out.send(lines, PATIENT)
    out.give_up()
    out.send(deque([b"third\n"]), PATIENT)
    os.close(fd)
    assert (tmp_path / "log").read_bytes() == b"first\nsec\nthird\n"

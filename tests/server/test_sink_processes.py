"""What the log sink promises across processes: forks, exits, kills, and one pipe for many."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

PATIENT = 60.0

PRELUDE = """
import atexit, json, os, resource, signal, sys, threading, time, warnings
from fastapi_spine.logs.output.sink import DescriptorSink
def report(dropped):
    return json.dumps({"dropped": dropped}).encode() + b"\\n"
def say(**words):
    os.write(2, json.dumps(words).encode() + b"\\n")
warnings.simplefilter("ignore", DeprecationWarning)  # 3.12+: fork in a process with threads
sink = DescriptorSink(1, report=report)
"""


@contextmanager
def running(
    script: str, *arguments: object, stdout: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that logs; end it with the block."""
    command = [sys.executable, "-c", PRELUDE + script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def read_to_end(fd: int, *, slowly: bool = False) -> bytes:
    """Read until every writer is gone, or fail."""
    found = bytearray()
    deadline = monotonic() + PATIENT
    while True:
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - monotonic()))
        assert ready, f"nobody wrote and nobody left; {len(found)} bytes so far"
        piece = os.read(fd, 512 if slowly else 1 << 20)
        if not piece:
            return bytes(found)
        found += piece


def output_of(script: str, *arguments: object) -> tuple[list[bytes], bytes, int]:
    """Run a program to its end; its lines, its errors and its exit code."""
    with running(script, *arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = read_to_end(process.stdout.fileno()).splitlines(keepends=True)
        errors = process.stderr.read()
        return lines, errors, process.wait(PATIENT)


def split(lines: list[bytes]) -> tuple[list[bytes], Counter[str]]:
    """Tell lines from reports of drops, and add the reports up."""
    plain, reported = [], Counter[str]()
    for line in lines:
        if line.startswith(b'{"dropped"'):
            reported.update(json.loads(line)["dropped"])
        else:
            plain.append(line)
    return plain, reported


EXIT = """
atexit.register(lambda: sink.put(b"last\\n"))
def leave():
    sink.direct(True)
    sink.flush(5.0)
atexit.register(leave)
for number in range(1000):
    sink.put(b"%d\\n" % number)
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [("", 0), ("sys.exit(3)", 3), ("raise LookupError('unhandled')", 1)],
    ids=["end of script", "sys.exit", "unhandled exception"],
)
def test_every_line_is_out_when_the_process_ends(ending: str, code: int) -> None:
    """However the interpreter ends, no line is missing, even one logged by another exit hook."""
    lines, errors, returned = output_of(EXIT + ending)
    assert lines == [*(b"%d\n" % number for number in range(1000)), b"last\n"]
    assert returned == code
    assert (b"unhandled" in errors, b"thread" in errors) == (code == 1, False)


@pytest.mark.parametrize("direct", [True, False])
def test_a_line_logged_while_the_interpreter_is_torn_down_is_out(*, direct: bool) -> None:
    """Threads are frozen by then: the caller writes, and nothing hangs or complains."""
    script = """
class Late:
    def __del__(self, sink=sink):
        sink.put(b"torn down\\n")
sys.modules["late"] = Late()
sink.put(b"running\\n")
atexit.register(sink.flush, 5.0)
atexit.register(sink.direct, sys.argv[1] == "True")
"""
    assert output_of(script, direct) == ([b"running\n", b"torn down\n"], b"", 0)


def test_the_last_moment_before_a_kill_is_all_that_can_be_lost() -> None:
    """A line that was put a moment ago is out, though nobody flushed: SIGKILL takes no more."""
    script = """
sink.put(b"early\\n")
while sink.queued_bytes: time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert output_of(script)[::2] == ([b"early\n"], -signal.SIGKILL)


def test_an_exit_with_an_unread_pipe_keeps_its_deadline() -> None:
    """A process whose pipe nobody reads still ends."""
    script = """
for number in range(1000):
    sink.put(b"x" * 999 + b"\\n")
atexit.register(sink.flush, 0.2)
"""
    with running(script) as process:
        assert process.wait(PATIENT) == 0


UNREAD = """
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count, size = int(sys.argv[1]), int(sys.argv[2])
slowest = 0.0
for number in range(count):
    sink.put(b"%0*d\\n" % (size, number), keep=number % 10 == 0)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
say(grown=grown, flushed=sink.flush(0.05))
sys.stdin.readline()
flushed = sink.flush(30.0)
say(flushed=flushed, dropped=sink.dropped, written=sink.written)
"""


@pytest.mark.parametrize(
    "count", [20_000, pytest.param(500_000, marks=pytest.mark.soak)], ids=["small", "soak"]
)
def test_a_pipe_nobody_reads_stops_nothing_and_every_line_is_accounted_for(count: int) -> None:
    """The process goes on within its memory; later: lines read + dropped = emitted."""
    command = [sys.executable, "-c", PRELUDE + UNREAD, str(count), "1000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        stalled = json.loads(process.stderr.readline())
        process.stdin.write(b"read\n")
        process.stdin.flush()
        lines, reported = split(read_to_end(process.stdout.fileno()).splitlines(keepends=True))
        ended = json.loads(process.stderr.readline())
        assert process.wait(PATIENT) == 0
    assert stalled["flushed"] is False
    assert stalled["grown"] < (8 + 8) * 1024
    assert ended == {"flushed": True, "dropped": dict(reported), "written": len(lines)}
    assert len(lines) + ended["dropped"]["queue_full"] == count
    assert {len(line) for line in lines} == {1001}
    assert [int(line) for line in lines] == sorted({int(line) for line in lines})


def test_a_slow_reader_gets_every_line() -> None:
    """Half a kilobyte at a time, nothing is lost and nothing is torn."""
    script = """
for number in range(2000):
    sink.put(b"%0500d\\n" % number)
atexit.register(sink.flush, 30.0)
"""
    with running(script) as process:
        assert process.stdout is not None
        found = read_to_end(process.stdout.fileno(), slowly=True)
    assert [int(line) for line in found.splitlines()] == list(range(2000))


def test_a_pipe_somebody_made_nonblocking_gets_every_line() -> None:
    """O_NONBLOCK set by the parent or a sibling tears no line and loses none."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    script = """
for number in range(1000):
    sink.put(b"%0*d\\n" % (9000 if number % 50 == 0 else 500, number))
atexit.register(sink.flush, 30.0)
"""
    with running(script, stdout=writer):
        os.close(writer)
        found = read_to_end(reader, slowly=True)
    os.close(reader)
    sizes = {number: 9000 if number % 50 == 0 else 500 for number in range(1000)}
    assert [(int(line[-8:]), len(line)) for line in found.splitlines()] == list(sizes.items())


def test_a_reader_that_leaves_does_not_end_the_process() -> None:
    """`service | head -1`: the service lives on and counts what nobody took."""
    script = """
sink.put(b"first\\n")
sys.stdin.readline()
for number in range(1000):
    sink.put(b"x" * 999 + b"\\n")
say(flushed=sink.flush(10.0), dropped=sink.dropped, written=sink.written)
"""
    command = [sys.executable, "-c", PRELUDE + script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"first\n"
        process.stdout.close()
        _, errors = process.communicate(b"go on\n", timeout=PATIENT)
    assert json.loads(errors) == {"flushed": True, "dropped": {"broken_pipe": 1000}, "written": 1}
    assert process.returncode == 0


FORKS = """
forks, stop = int(sys.argv[1]), threading.Event()
counts = [0] * 4
def emit(name):
    while not stop.is_set():
        sink.put(b"p %d %d %s\\n" % (name, counts[name], b"x" * (5000 if counts[name] % 100 == 0 else 50)))
        counts[name] += 1
        if counts[name] % 20 == 0: time.sleep(0.002)
threads = [threading.Thread(target=emit, args=(name,)) for name in range(4)]
for thread in threads: thread.start()
failed = 0
for number in range(forks):
    pid = os.fork()
    if not pid:
        sink.put(b"c %d\\n" % number)
        os._exit(0 if sink.flush(5.0) and sink.written == 1 else 1)
    failed += os.waitpid(pid, 0)[1] != 0
stop.set()
for thread in threads: thread.join()
say(failed=failed, flushed=sink.flush(30.0), counts=counts, dropped=sink.dropped)
"""


@pytest.mark.parametrize(
    "forks", [20, pytest.param(200, marks=pytest.mark.soak)], ids=["small", "soak"]
)
def test_forked_children_log_and_the_parents_lines_appear_once(forks: int) -> None:
    """Four threads log while children are forked: each line of each process exactly once."""
    lines, errors, code = output_of(FORKS, forks)
    said = json.loads(errors)
    assert (said["failed"], said["flushed"], said["dropped"], code) == (0, True, {}, 0)
    seen = Counter(b" ".join(line.split()[:3]) for line in lines)
    expected = [b"c %d" % number for number in range(forks)]
    for name, count in enumerate(said["counts"]):
        expected += [b"p %d %d" % (name, number) for number in range(count)]
    assert seen == Counter(expected)


def test_a_forked_child_lets_go_of_the_parents_half_line() -> None:
    """The lock on a long line half out dies with the parent, though its children live on."""
    script = """
sink.put(b"x" * (1 << 20) + b"\\n")
while len(os.listdir("/proc/self/fd")) < 5: time.sleep(0.01)
if not os.fork():
    say(fds=sorted(os.listdir("/proc/self/fd")))
    os._exit(0)
os.wait()
"""
    with running(script) as process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline()) == {"fds": ["0", "1", "2", "3"]}


MANY = """
name, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    long = size if number % 3 == 0 else 200
    head = b"%s %d " % (name.encode(), number)
    sink.put(head + name.encode() * (long - len(head)) + b"\\n")
    while sink.queued_bytes > 1_000_000: time.sleep(0.001)
say(flushed=sink.flush(60.0), dropped=sink.dropped)
"""


@contextmanager
def many_writers(
    script: str, *arguments: object
) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """Four processes on one pipe, as uvicorn's workers are; the reading end and the processes."""
    reader, writer = os.pipe()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script, name, *map(str, arguments)],
            stdout=writer,
            stderr=subprocess.PIPE,
        )
        for name in "abcd"
    ]
    os.close(writer)
    try:
        yield reader, processes
    finally:
        os.close(reader)
        for process in processes:
            process.kill()
            process.communicate()


def is_whole(line: bytes) -> bool:
    """Whether a line of `MANY` is exactly what one process wrote."""
    name, number, rest = line.split(b" ")
    size = 32 * 1024 if int(number) % 3 == 0 else 200
    return len(line) == size and rest == name * len(rest)


@pytest.mark.parametrize(
    "count", [150, pytest.param(3_000, marks=pytest.mark.soak)], ids=["small", "soak"]
)
@pytest.mark.parametrize("slowly", [False, True], ids=["fast reader", "slow reader"])
def test_four_processes_with_long_lines_on_one_pipe_tear_none(count: int, *, slowly: bool) -> None:
    """32 KiB lines and short ones from four writers: every line of everybody, whole."""
    count = count // 5 if slowly else count
    with many_writers(MANY, count, 32 * 1024) as (reader, processes):
        lines = read_to_end(reader, slowly=slowly).split(b"\n")
        said = [json.loads(process.communicate(timeout=PATIENT)[1]) for process in processes]
    assert lines.pop() == b""
    assert [line[:40] for line in lines if not is_whole(line)] == []
    assert Counter(line[:1] for line in lines) == dict.fromkeys((b"a", b"b", b"c", b"d"), count)
    assert said == [{"flushed": True, "dropped": {}}] * 4


def test_a_process_killed_inside_a_long_line_stops_no_other() -> None:
    """The lock ends with its holder: at most one line of the dead is torn, the others go on."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    stuck = 'sink.put(b"x" * (1 << 20) + b"\\n"); say(); sink.flush(60.0)'
    with running(stuck, stdout=writer) as first:
        assert first.stderr is not None
        first.stderr.readline()
        assert select.select([reader], [], [], PATIENT)[0]
        first.kill()
        first.wait(PATIENT)
        with running('sink.put(b"mine\\n"); sink.flush(30.0)', stdout=writer):
            os.close(writer)
            found = read_to_end(reader)
    os.close(reader)
    assert found.endswith(b"mine\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="platform: only root can become somebody else")
def test_a_process_that_gave_up_its_privileges_still_writes() -> None:
    """Where the pipe cannot be opened again, lines of any length come through as well."""
    script = """
os.setgid(65534); os.setuid(65534)
for number in range(200):
    sink.put(b"%0*d\\n" % (9000 if number % 20 == 0 else 500, number))
say(flushed=sink.flush(30.0), dropped=sink.dropped)
"""
    lines, errors, code = output_of(script)
    sizes = {number: 9001 if number % 20 == 0 else 501 for number in range(200)}
    assert [(int(line[-9:]), len(line)) for line in lines] == list(sizes.items())
    assert (json.loads(errors), code) == ({"flushed": True, "dropped": {}}, 0)


def test_a_program_started_meanwhile_does_not_hold_the_pipe() -> None:
    """A started program inherits no descriptor of the sink: its end is not the pipe's end."""
    script = """
import subprocess
sink.put(b"x" * (1 << 20) + b"\\n")  # half out: the sink holds its own description
while len(os.listdir("/proc/self/fd")) < 5: time.sleep(0.01)
child = subprocess.Popen(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False)
say(fds=child.communicate()[0].decode().split())
"""
    with running(script) as process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline()) == {"fds": ["0", "1", "2", "3"]}

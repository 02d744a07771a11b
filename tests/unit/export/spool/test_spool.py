"""The folder: what is kept there, for how long, by whom it is taken, and what it costs nobody if it cannot be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from spooled import DAY_S, MIB, Process, WallClock, chunk, files, terms

from fastapi_spine.core.health import Balance
from fastapi_spine.export.spool.files import survey
from fastapi_spine.export.spool.places import service_folder


@pytest.fixture
def clock() -> WallClock:
    """Wall time of all processes."""
    return WallClock()


def test_the_oldest_comes_back_first_whole(tmp_path: Path, clock: WallClock) -> None:
    """Also when the clock stands still, or goes back."""
    process = Process(terms(tmp_path), clock)
    batches = [[chunk(3), chunk(4)], [chunk(5)], [chunk(6)]]
    for batch in batches:
        assert process.put("traces", *batch)
        clock.pass_s(-5)
    assert process.balance("traces") == Balance(18, 0, {}, 18)
    found = []
    while (taken := process.take("traces")) is not None:
        process.deliver("traces", taken[0])
        found.append(taken[1])
    assert found == batches
    assert process.balance("traces") == Balance(18, 18, {}, 0)
    assert files(tmp_path) == []


def test_nobody_else_may_look_inside(tmp_path: Path, clock: WallClock) -> None:
    """Folders are 0700, files 0600, and a name says when, what and how many."""
    folder = tmp_path / "not" / "there yet"
    process = Process(terms(folder), clock)
    process.put("logs", chunk(7))
    (name,) = files(folder)
    assert name.startswith(f"{clock.now_ns:020}-logs-7-{os.getpid()}-")
    for path in (tmp_path / "not").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)


def test_the_next_process_takes_over_what_one_that_was_killed_left(
    tmp_path: Path, clock: WallClock
) -> None:
    """It is told, counted as recovered, and leaves nothing behind but what it does not send itself."""
    first = Process(terms(tmp_path), clock)
    first.put("traces", chunk(3))
    first.put("logs", chunk(4))
    draft = next(tmp_path.rglob("*-traces-3-*"))
    draft.with_name(f"{draft.name}.part").write_bytes(b"half")
    first.kill()
    second = Process(terms(tmp_path), clock)
    assert second.found == [{"traces": 3, "logs": 4}]
    assert second.balance("traces") == Balance(0, 0, {}, 3, 3)
    taken = second.take("traces")
    assert taken is not None
    second.deliver("traces", taken[0])
    assert second.balance("traces") == Balance(0, 3, {}, 0, 3)
    assert len(files(tmp_path)) == 1
    second.spool.close()
    assert len(list(service_folder(tmp_path, "shop").iterdir())) == 1


def test_what_a_living_process_has_is_left_to_it(tmp_path: Path, clock: WallClock) -> None:
    """Other services' files too, whoever lives; and nothing is left of processes that kept nothing."""
    first, other = Process(terms(tmp_path), clock), Process(terms(tmp_path, service="till"), clock)
    first.put("traces", chunk(3))
    other.put("traces", chunk(5))
    other.kill()
    second = Process(terms(tmp_path), clock)
    assert (second.found, second.take("traces")) == ([], None)
    assert survey(tmp_path, "shop")[2] == {"traces": 3}
    assert survey(tmp_path, "till")[2] == {"traces": 5}
    second.spool.close()
    assert len(list(service_folder(tmp_path, "shop").iterdir())) == 1


def test_a_child_does_not_hold_its_parents_files(tmp_path: Path, clock: WallClock) -> None:
    """It has none of them, and when the parent is killed the next process gets them while the child lives."""
    parent = Process(terms(tmp_path), clock)
    parent.put("traces", chunk(3))
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        parent.spool.forget()
        good = parent.take("traces") is None
        os.write(ready[1], b"1" if good else b"0")
        os.read(go[0], 1)
        os._exit(0)
    assert os.read(ready[0], 1) == b"1"
    try:
        parent.kill()
        assert Process(terms(tmp_path), clock).found == [{"traces": 3}]
    finally:
        os.write(go[1], b"1")
        os.waitpid(child, 0)


def test_the_bound_holds_over_all_processes(tmp_path: Path, clock: WallClock) -> None:
    """The oldest files go, whoever's they are, and whoever had them books them when it misses them."""
    asked = terms(tmp_path)
    first, second = Process(asked, clock), Process(asked, clock)
    for number in range(1, 5):
        first.put("traces", chunk(number, MIB // 8))
        clock.pass_s(1)
    for number in range(5, 11):
        clock.pass_s(1)
        second.put("logs", chunk(number, MIB // 8))
        assert survey(tmp_path, "shop")[1] <= MIB
    left = []
    while (taken := first.take("traces")) is not None:
        left.append(taken[0].items)
        first.deliver("traces", taken[0])
    assert left == [4]
    assert first.balance("traces") == Balance(10, 4, {"spool_full": 6}, 0)
    assert second.balance("logs") == Balance(45, 0, {}, 45)


def test_one_process_alone_drops_its_own_oldest(tmp_path: Path, clock: WallClock) -> None:
    """Of whichever signal it is, down to some room for more; what never fits is not kept."""
    process = Process(terms(tmp_path), clock)
    process.put("logs", chunk(1, MIB // 2))
    process.put("traces", chunk(2, MIB // 4))
    process.put("traces", chunk(3, MIB // 4))
    assert process.balance("logs") == Balance(1, 0, {"spool_full": 1}, 0)
    assert process.balance("traces") == Balance(5, 0, {}, 5)
    assert not process.put("traces", chunk(9, MIB))
    assert process.balance("traces") == Balance(14, 0, {"expired": 9}, 5)


def test_what_is_too_old_is_booked_as_expired(tmp_path: Path, clock: WallClock) -> None:
    """What was found of another process, too."""
    first = Process(terms(tmp_path), clock)
    first.put("traces", chunk(3))
    clock.pass_s(DAY_S)
    first.put("traces", chunk(4))
    first.kill()
    clock.pass_s(1)
    second = Process(terms(tmp_path), clock)
    taken = second.take("traces")
    assert taken is not None
    assert taken[0].items == 4
    assert second.balance("traces") == Balance(0, 0, {"expired": 3}, 4, 7)


@pytest.mark.parametrize("spoil", [b"", b"no gzip at all", None])
def test_a_damaged_file_is_set_aside_and_booked(
    tmp_path: Path, clock: WallClock, spoil: bytes | None
) -> None:
    """None stands for a file cut in its middle; the next one is sent, and a few are kept to be looked at."""
    process = Process(terms(tmp_path), clock)
    for count in range(1, 7):
        process.put("traces", chunk(count))
    for path in sorted(tmp_path.rglob("*.otlp"))[:5]:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] if spoil is None else spoil)
    taken = process.take("traces")
    assert taken is not None
    assert taken[0].items == 6
    assert process.balance("traces") == Balance(21, 0, {"spool_unreadable": 15}, 6)
    assert process.health.internal_errors == {"spool": 5}
    assert len(list((service_folder(tmp_path, "shop") / "unreadable").iterdir())) == 3


def test_strangers_files_harm_nothing(tmp_path: Path, clock: WallClock) -> None:
    """Those beside the processes' folders are not touched; those in one are set aside when it is taken over."""
    first = Process(terms(tmp_path), clock)
    first.put("traces", chunk(3))
    home = service_folder(tmp_path, "shop")
    (tmp_path / "theirs").write_text("x")
    (home / "theirs too").write_text("x")
    (home / "1-aaaaaaaa").symlink_to(tmp_path)
    inside = next(tmp_path.rglob("*.otlp")).parent
    (inside / "no name of ours").write_text("x")
    (inside / "link").symlink_to("/etc/hostname")
    first.kill()
    second = Process(terms(tmp_path), clock)
    assert second.found == [{"traces": 3}]
    assert second.health.internal_errors == {"spool": 1}
    assert [path.name for path in (home / "unreadable").iterdir()] == ["no name of ours"]
    assert (tmp_path / "theirs").exists()
    assert (home / "theirs too").exists()


def test_a_folder_that_was_removed_is_made_anew(tmp_path: Path, clock: WallClock) -> None:
    """What was in it is booked as lost."""
    process = Process(terms(tmp_path / "spool"), clock)
    process.put("traces", chunk(3))
    for path in sorted((tmp_path / "spool").rglob("*"), reverse=True):
        (path.rmdir if path.is_dir() else path.unlink)()
    assert process.put("traces", chunk(4))
    taken = process.take("traces")
    assert taken is not None
    assert taken[0].items == 4
    assert process.balance("traces") == Balance(7, 0, {"spool_full": 3}, 4)


def test_a_folder_that_cannot_be_used_is_told_once(tmp_path: Path, clock: WallClock) -> None:
    """And nothing is kept: what becomes of a batch is as if there were no spool."""
    (tmp_path / "spool").write_text("a file")
    process = Process(terms(tmp_path / "spool" / "in it"), clock)
    assert not process.put("traces", chunk(3))
    process.spool.look()
    assert process.off == ["FileExistsError: File exists"]
    assert process.balance("traces") == Balance(3, 0, {"expired": 3}, 0)


def test_no_room_on_the_disk_leaves_no_half_file(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write fails in its middle: told once, and what is there already is still sent."""
    process = Process(terms(tmp_path), clock)
    process.put("traces", chunk(3))
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) < 4096:
            raise OSError(28, "No space left on device")
        return real(fd, data[:4096])

    monkeypatch.setattr(os, "write", full)
    assert not process.put("traces", chunk(4, 10_000))
    assert not process.put("traces", chunk(4, 10_000))
    assert process.off == ["OSError: No space left on device"]
    assert len(files(tmp_path)) == 1
    taken = process.take("traces")
    assert taken is not None
    assert taken[0].items == 3


def test_what_is_kept_after_the_end_is_none(tmp_path: Path, clock: WallClock) -> None:
    """The files are another process's by then."""
    process = Process(terms(tmp_path), clock)
    process.put("traces", chunk(3))
    process.spool.close()
    assert not process.put("traces", chunk(4))
    assert process.take("traces") is None
    assert Process(terms(tmp_path), clock).found == [{"traces": 3}]


def test_what_nobody_would_miss_is_booked_by_whoever_needs_the_room(
    tmp_path: Path, clock: WallClock
) -> None:
    """A process is killed and no other begins: its files are taken over before the oldest are removed."""
    first, second = Process(terms(tmp_path), clock), Process(terms(tmp_path), clock)
    first.put("traces", chunk(3, MIB // 2))
    first.kill()
    clock.pass_s(1)
    second.put("traces", chunk(4, MIB // 4))
    second.put("traces", chunk(5, MIB // 4))
    assert second.balance("traces") == Balance(9, 0, {"spool_full": 3}, 9, 3)
    assert second.found == [{"traces": 3}]

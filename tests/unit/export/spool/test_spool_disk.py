"""A disk that is full, closed or cannot be locked: nothing is lost that is still there, and nothing is left lying about."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from spooled import DAY_S, Process, WallClock, chunk, files, terms

from fastapi_spine.core.health import Balance
from fastapi_spine.export.spool import places, spool
from fastapi_spine.export.spool.files import survey
from fastapi_spine.export.spool.places import service_folder


@pytest.fixture
def clock() -> WallClock:
    """Wall time of all processes."""
    return WallClock()


def no_room(*_args: object, **_named: object) -> str:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_system_without_locks_is_told_and_costs_nothing_each_minute(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS has it: no descriptor stays open, and no folder is left, however often it is tried."""

    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    service_folder(tmp_path, "shop").mkdir()
    (service_folder(tmp_path, "shop") / "1-aaaaaaaa").mkdir()
    monkeypatch.setattr(fcntl, "flock", refuse)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        process = Process(terms(tmp_path), clock)
        assert process.off == ["OSError: folders cannot be locked there: Bad file descriptor"]
        with pytest.raises(OSError, match="cannot be locked"):
            places.left_behind(service_folder(tmp_path, "shop") / "1-aaaaaaaa")
    assert len(list(Path("/dev/fd").iterdir())) == before
    assert [path.name for path in service_folder(tmp_path, "shop").iterdir()] == ["1-aaaaaaaa"]


def test_what_fills_the_disk_is_sent_though_there_is_no_room_for_a_folder(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process has one that was left behind for its own, and the files of all others in it."""
    for count in (3, 4, 5):
        one = Process(terms(tmp_path), clock)
        one.put("traces", chunk(count))
        one.kill()
        clock.pass_s(1)
    monkeypatch.setattr(places, "mkdtemp", no_room)
    process = Process(terms(tmp_path), clock)
    assert (process.found, process.off) == ([{"traces": 12}], [])
    assert Process(terms(tmp_path), clock).off == ["OSError: No space left on device"]
    clock.pass_s(-5)
    assert process.put("traces", chunk(6))
    sent = []
    while (taken := process.take("traces")) is not None:
        sent.append(taken[0].items)
        process.deliver("traces", taken[0])
    assert sent == [3, 4, 5, 6]
    assert process.balance("traces") == Balance(6, 18, {}, 0, 12)
    process.spool.close()
    assert list(service_folder(tmp_path, "shop").iterdir()) == []


def test_a_folder_that_is_closed_for_a_while_loses_nothing(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can neither be read nor moved is no damaged file: it stays queued, as it stays on disk, and is sent later."""
    process = Process(terms(tmp_path), clock)
    process.put("traces", chunk(3))
    folder = next(tmp_path.rglob("*.otlp")).parent
    away = folder.rename(tmp_path / "away")
    folder.write_text("no folder")
    assert process.take("traces") is None
    assert not process.spool.waits("traces")
    assert process.balance("traces") == Balance(3, 0, {}, 3)
    folder.unlink()
    away.rename(folder)
    monkeypatch.setattr(spool, "monotonic", lambda: float("inf"))
    taken = process.take("traces")
    assert taken is not None
    process.deliver("traces", taken[0])
    assert process.balance("traces") == Balance(3, 3, {}, 0)
    assert files(tmp_path) == []


@pytest.mark.parametrize("already", [0, 3])
def test_a_folder_in_the_place_of_a_file_holds_up_no_other(
    tmp_path: Path, clock: WallClock, already: int
) -> None:
    """It is booked as a damaged file is, whether or not there is room beside the others."""
    aside = service_folder(tmp_path, "shop") / "unreadable"
    for number in range(already):
        (aside / str(number)).mkdir(parents=True)
    process = Process(terms(tmp_path), clock)
    process.put("traces", chunk(3))
    process.put("traces", chunk(4))
    first = min(tmp_path.rglob("*.otlp"))
    first.unlink()
    first.mkdir()
    taken = process.take("traces")
    assert taken is not None
    assert taken[0].items == 4
    assert process.balance("traces") == Balance(7, 0, {"spool_unreadable": 3}, 4)


def test_a_pipe_in_the_place_of_a_file_holds_up_nobody(tmp_path: Path, clock: WallClock) -> None:
    """Whoever opens one for reading waits for somebody who writes, and the whole spool, and the process's end, for that."""
    process = Process(terms(tmp_path), clock)
    process.put("traces", chunk(3))
    file = next(tmp_path.rglob("*.otlp"))
    file.unlink()
    os.mkfifo(file)
    taking = threading.Thread(target=process.take, args=("traces",), daemon=True)
    taking.start()
    taking.join(10)
    assert not taking.is_alive()
    assert process.balance("traces") == Balance(3, 0, {"spool_unreadable": 3}, 0)


def test_a_file_that_cannot_be_named_leaves_no_draft(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full only when it comes to the name: half files would count in no bound."""
    process = Process(terms(tmp_path), clock)
    monkeypatch.setattr(Path, "rename", no_room)
    assert not process.put("traces", chunk(3))
    assert process.off == ["OSError: No space left on device"]
    assert files(tmp_path) == []


def test_what_no_process_sends_any_more_is_kept_until_it_is_too_old(
    tmp_path: Path, clock: WallClock
) -> None:
    """Lines of a service that exports none since its last start: `spool_age` holds for them, too."""
    first = Process(terms(tmp_path), clock)
    first.put("logs", chunk(3))
    first.put("traces", chunk(4))
    first.kill()
    clock.pass_s(DAY_S)
    for left in (3, 0):
        second = Process(terms(tmp_path), clock, signals=["traces"])
        assert survey(tmp_path, "shop")[2]["logs"] == left
        second.kill()
        clock.pass_s(1)


def test_a_folder_that_another_user_left_stops_nobody(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the service ran as root first: what may not be looked into does not count, and all else goes on."""
    first = Process(terms(tmp_path), clock)
    first.put("traces", chunk(3))
    theirs = next(tmp_path.rglob("*.otlp")).parent
    first.kill()
    look, enter = os.scandir, os.open

    def may_look(path: Path) -> Any:
        if Path(path) == theirs:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return look(path)

    def may_enter(path: Any, *how: int) -> int:
        if Path(path) == theirs:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return enter(path, *how)

    monkeypatch.setattr(os, "scandir", may_look)
    monkeypatch.setattr(os, "open", may_enter)
    second = Process(terms(tmp_path), clock)
    assert second.put("traces", chunk(4))
    assert (second.off, second.found) == ([], [])
    assert survey(tmp_path, "shop")[2] == {"traces": 4}

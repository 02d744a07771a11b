"""The folder of one server's workers: who lives, who has ended, and what is left of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastapi_spine.core.private_folder import private_folder
from fastapi_spine.metrics.family import Family, Point, Snapshot
from fastapi_spine.metrics.workers.shelf import Shelf


def counted(value: float) -> Snapshot:
    """Make a worker's numbers: so many requests."""
    return Snapshot("1", 1.0, [Family("requests", "Help.", "counter", (), [Point((), value)])])


def shelf(folder: Path, instance: str) -> Shelf:
    """Open the folder as a worker."""
    return Shelf(folder, instance, series_limit=10)


def ended(one: Shelf) -> float:
    """How many requests those who have ended had answered."""
    sums = one.read().ended
    return sums.families[0].points[0].value if sums else 0.0


def test_the_living_are_read_as_they_are(tmp_path: Path) -> None:
    """What a worker left last is what the others see."""
    first, second = shelf(tmp_path, "a"), shelf(tmp_path, "b")
    first.write(counted(1))
    second.write(counted(2))
    second.write(counted(3))
    found = first.read()
    assert (found.living, found.ended, found.spoilt) == ([counted(3)], None, 0)


def test_the_ended_are_folded_once_and_their_files_go(tmp_path: Path) -> None:
    """However often and by whomever the folder is read, the sum stays."""
    watcher, other = shelf(tmp_path, "w"), shelf(tmp_path, "o")
    for number in range(5):
        worker = shelf(tmp_path, f"worker{number}")
        worker.write(counted(10))
        worker.close()
    assert [ended(watcher), ended(other), ended(watcher)] == [50, 50, 50]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ended.num", "lock"]


def test_a_fold_that_was_cut_off_counts_nobody_twice(tmp_path: Path) -> None:
    """The sum names those in it whose files are still there."""
    watcher, worker = shelf(tmp_path, "w"), shelf(tmp_path, "gone")
    worker.write(counted(7))
    worker.close()
    left = (tmp_path / "gone.num").read_bytes()
    assert ended(watcher) == 7
    (tmp_path / "gone.num").write_bytes(left)  # as if the process had died before removing it
    assert ended(watcher) == 7
    another = shelf(tmp_path, "another")
    another.write(counted(1))
    another.close()
    assert ended(watcher) == 8
    assert not (tmp_path / "gone.num").exists()


def test_a_full_disk_keeps_what_was_left_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails half-way is an error, and the last whole numbers stay readable."""
    first, second = shelf(tmp_path, "a"), shelf(tmp_path, "b")
    first.write(counted(1))

    def full(_fd: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        first.write(counted(2))
    monkeypatch.undo()
    assert second.read().living == [counted(1)]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.num", "lock"]


def test_only_a_few_spoilt_files_are_kept(tmp_path: Path) -> None:
    """Whoever wants to look finds some; the folder does not grow, and every worker knows until they are gone."""
    watcher = shelf(tmp_path, "w")
    for number in range(10):
        (tmp_path / f"spoilt{number}.num").write_bytes(b"?")
    assert [watcher.read().spoilt, shelf(tmp_path, "o").read().spoilt] == [3, 3]
    kept = list(tmp_path.glob("*.bad"))
    assert len(kept) == 3
    for one in kept:
        one.unlink()
    assert watcher.read().spoilt == 0


def test_the_folder_is_private(tmp_path: Path) -> None:
    """It is made for this user alone; a link, an open one or somebody else's is refused."""
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    folder = private_folder(environ, "metrics-1")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="not a private folder"):
        private_folder(environ, "metrics-1")
    (folder.parent / "metrics-2").symlink_to(tmp_path)
    with pytest.raises(OSError, match="metrics-2"):
        private_folder(environ, "metrics-2")
    if os.getuid() == 0:
        (folder.parent / "metrics-3").mkdir(mode=0o700)
        os.chown(folder.parent / "metrics-3", 12345, 12345)
        with pytest.raises(PermissionError, match="not a private folder"):
            private_folder(environ, "metrics-3")

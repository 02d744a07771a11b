"""The data folder: private, one writer, and a start that nothing in it can prevent."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from stored import ALWAYS, Store, line, server, store

from fastapi_spine.console.filter import EVERYTHING
from fastapi_spine.console.ports import StoreError
from fastapi_spine.console.store import StoreReader, StoreWriter
from fastapi_spine.console.store.folder import Folder, file_system

POSIX = pytest.mark.skipif(os.name != "posix", reason="platform: no such permissions here")


def slice_file(path: Path) -> Path:
    """Return the one slice of a folder."""
    (found,) = path.glob("slice-*.db")
    return found


def kept_ids(path: Path) -> list[str]:
    """Return the ids of what a folder holds, as another program would read it."""
    reader = StoreReader(path)
    try:
        return [row.request_id for row in reader.requests(EVERYTHING, ALWAYS).requests]
    finally:
        reader.close()


@POSIX
def test_the_folder_and_its_files_are_private(kept: Store) -> None:
    """Nobody else can read what telemetry says."""
    kept.put(server(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept.path.iterdir()}
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes


@POSIX
def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    """An existing folder of this user's is made private."""
    path = tmp_path / "console"
    path.mkdir(mode=0o755)
    StoreWriter(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_link_is_no_data_folder(tmp_path: Path) -> None:
    """A symbolic link is refused, and what it points to is left alone."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="is a symbolic link"):
        StoreWriter(tmp_path / "link")
    assert list((tmp_path / "real").iterdir()) == []


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    """The message names what is in the way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file is no folder"):
        StoreWriter(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be made"):
        StoreWriter(tmp_path / "file" / "below")


def test_a_second_writer_is_refused_by_name(kept: Store) -> None:
    """One console writes; the second one is told who holds the folder."""
    with pytest.raises(StoreError, match=rf"another console \(process {os.getpid()}\) writes"):
        StoreWriter(kept.path)


def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The type of the file system is that of the longest mount that holds the folder."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n"
        f"tmpfs {tmp_path}/with\\040blank tmpfs rw 0 0\nbroken\n"
    )
    monkeypatch.setattr("fastapi_spine.console.store.folder._MOUNTS", mounts)
    assert file_system(tmp_path / "a", mounts) == "nfs4"
    assert file_system(tmp_path / "with blank" / "a", mounts) == "tmpfs"
    assert file_system(Path("/elsewhere"), mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "missing") == ""


def test_a_store_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The newest slice is written on, and numbers of words, senders and traces still mean what they meant."""
    path = tmp_path / "console"
    with store(path) as kept:
        kept.put(server(1), line(1, "one"))
    with store(path) as kept:
        kept.put(server(2), line(1, "two"), line(2, "three", logger="another"))
        found = kept.reader.trace(f"{1:032x}", 10)
        assert found is not None
        assert [row.body for _, row in found.logs] == ["one", "two"]
        assert kept.reader.health().slices == 1
    assert kept_ids(path) == ["r-2", "r-1"]


def test_what_is_closed_is_one_plain_file_each(tmp_path: Path) -> None:
    """Without a console running, a reader finds everything, and no log is left."""
    path = tmp_path / "console"
    with store(path) as kept:
        kept.put(server(1))
        kept.roll()
        kept.put(server(2))
    assert not [one.name for one in path.iterdir() if one.name.endswith(("-wal", "-shm"))]
    assert kept_ids(path) == ["r-2", "r-1"]


GARBAGE = {
    "empty": b"",
    "text": b"not a database at all" * 100,
    "header only": b"SQLite format 3\0" + b"\0" * 84,
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("name", ["slice-00000009-1767323045.db", "meta.db"])
def test_a_start_moves_aside_what_it_cannot_use(tmp_path: Path, name: str, content: bytes) -> None:
    """Bytes that are no store of ours are kept, with the reason beside them, and the store works."""
    path = tmp_path / "console"
    path.mkdir(mode=0o700)
    (path / name).write_bytes(content)
    with store(path) as kept:
        kept.put(server(1))
        (told,) = kept.reader.health().set_aside
    assert told.startswith(f"aside/{name}: ")
    assert (path / "aside" / name).read_bytes() == content
    assert kept_ids(path) == ["r-1"]


def test_a_stranger_s_database_is_moved_aside_whole(tmp_path: Path) -> None:
    """A database of another program is no slice, whatever its name."""
    path = tmp_path / "console"
    path.mkdir(mode=0o700)
    with sqlite3.connect(path / "slice-00000009-1767323045.db") as other:
        other.execute("CREATE TABLE mine (id)")
    other.close()
    with store(path) as kept:
        assert kept.reader.health().set_aside == [
            "aside/slice-00000009-1767323045.db: another program's file"
        ]


def test_a_link_in_the_folder_is_moved_aside(tmp_path: Path) -> None:
    """A slice that is a link is not followed."""
    path = tmp_path / "console"
    path.mkdir(mode=0o700)
    target = tmp_path / "precious"
    target.write_bytes(b"keep me")
    (path / "slice-00000009-1767323045.db").symlink_to(target)
    (path / "lock").symlink_to(target)
    with pytest.raises(StoreError, match="lock"):
        StoreWriter(path)
    (path / "lock").unlink()
    StoreWriter(path).close()
    assert (path / "aside" / "slice-00000009-1767323045.db").is_symlink()
    assert target.read_bytes() == b"keep me"


def test_a_later_version_s_store_is_refused(tmp_path: Path) -> None:
    """Nothing is moved or changed; the message says what to do."""
    path = tmp_path / "console"
    with store(path) as kept:
        kept.put(server(1))
    with sqlite3.connect(slice_file(path)) as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(
        StoreError, match=r"later version of fastapi-spine \(schema 2, this one knows 1\)"
    ):
        StoreWriter(path)
    assert not (path / "aside").exists()


def test_an_older_version_s_store_is_moved_aside(tmp_path: Path) -> None:
    """What this version does not read is kept, and a new store begins."""
    path = tmp_path / "console"
    with store(path) as kept:
        kept.put(server(1))
    with sqlite3.connect(slice_file(path)) as older:
        older.execute("PRAGMA user_version = 0")
    older.close()
    with store(path) as kept:
        (told,) = kept.reader.health().set_aside
    assert "older version (schema 0)" in told


def test_a_damaged_slice_hides_its_rows_only(tmp_path: Path) -> None:
    """Lists show what can be read, and health says what cannot."""
    path = tmp_path / "console"
    with store(path) as kept:
        kept.put(*(server(number) for number in range(1, 200)))
        kept.roll()
        kept.put(server(1000))
    first = min(path.glob("slice-*.db"))
    data = bytearray(first.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    first.write_bytes(data)
    with store(path) as kept:
        kept.put(server(1001))
        shown = [row.request_id for row in kept.reader.requests(EVERYTHING, ALWAYS).requests]
        assert shown == ["r-1001", "r-1000"]
        assert kept.reader.trace(f"{1000:032x}", 10) is not None
        (told,) = kept.reader.health().set_aside
        assert told.startswith(first.name)
        assert told.endswith("left where it is")
    assert first.exists()


def test_a_damaged_newest_slice_does_not_stop_a_start(tmp_path: Path) -> None:
    """It is moved aside, and writing begins anew."""
    path = tmp_path / "console"
    with store(path) as kept:
        kept.put(*(server(number) for number in range(1, 200)))
    file = slice_file(path)
    data = bytearray(file.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    file.write_bytes(data)
    with store(path) as kept:
        kept.put(server(1000))
        (told,) = kept.reader.health().set_aside
    assert told.startswith(f"aside/{file.name}: damaged")
    assert kept_ids(path) == ["r-1000"]


def test_what_is_set_aside_twice_is_kept_twice(tmp_path: Path) -> None:
    """A second file of the same name does not replace the first."""
    folder = Folder(tmp_path / "console")
    folder.prepare()
    for text in ("one", "two"):
        (folder.path / "meta.db").write_text(text)
        folder.set_aside(folder.meta, f"because {text}")
    assert (folder.path / "aside" / "meta.db").read_text() == "one"
    assert (folder.path / "aside" / "meta.db.2").read_text() == "two"
    assert folder.aside() == ["aside/meta.db.2: because two", "aside/meta.db: because one"]

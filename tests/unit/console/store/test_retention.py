"""How long, and how much: whole slices go, the oldest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stored import ALWAYS, MINUTE, NOW, Store, batch, line, server, store

from fastapi_spine.console.filter import EVERYTHING, Window
from fastapi_spine.console.ports import StoreFullError
from fastapi_spine.console.store import Keep
from fastapi_spine.console.store.folder import Folder


def shown(kept: Store) -> list[str]:
    """Return the ids in the list."""
    return [row.request_id for row in kept.reader.requests(EVERYTHING, ALWAYS).requests]


def test_a_slice_goes_when_its_newest_row_is_too_old(tmp_path: Path) -> None:
    """Nothing younger than the limit goes, and what goes is gone from every answer."""
    with store(tmp_path / "console", Keep(seconds=2 * 3600)) as kept:
        for hour in range(5):
            kept.put(server(hour + 1, at=NOW + hour * 60 * MINUTE))
            kept.roll()
        assert shown(kept) == ["r-5", "r-4", "r-3"]
        assert kept.reader.traces_of("r-1") == []
        assert kept.reader.health().slices == 3
        begin = NOW // MINUTE * MINUTE
        numbers = kept.reader.series(Window(begin, begin + 5 * 60 * MINUTE), 60 * MINUTE)
        assert [one.counts for one in numbers] == [[1, 1, 1, 1, 1]]


def test_slices_go_when_they_take_too_much_room(tmp_path: Path) -> None:
    """The newest stays, whatever its size."""
    with store(tmp_path / "console", Keep(bytes=1, slice_bytes=1)) as kept:
        for number in range(1, 4):
            kept.put(server(number, at=NOW + number))
            kept.clock.advance(1)
            kept.writer.tidy()
        assert shown(kept) == ["r-3"]


def test_what_has_gone_leaves_no_file(tmp_path: Path) -> None:
    """Disk space comes back beside the writing; whoever reads sees the slice vanish at once."""
    path = tmp_path / "console"
    with store(path, Keep(bytes=1, slice_bytes=1)) as kept:
        for number in range(1, 4):
            kept.put(server(number, at=NOW + number))
            kept.clock.advance(1)
            kept.writer.tidy()
        assert [one.number for one in Folder(path).slices()] == [3]
    assert sorted(one.name.partition("-")[0] for one in path.iterdir()) == [
        "lock",
        "meta.db",
        "slice",
    ]


def test_a_process_that_ended_while_it_deleted_is_made_up_for(tmp_path: Path) -> None:
    """What it left is deleted by the next one, and is in no answer meanwhile."""
    path = tmp_path / "console"
    with store(path) as kept:
        for number in range(1, 3):
            kept.put(server(number, at=NOW + number))
            kept.roll()
    first = Folder(path).slices()[0].path
    first.rename(first.with_name(f"{first.name}.gone"))
    first.with_name(f"{first.name}-wal").write_bytes(b"left behind")
    with store(path) as kept:
        assert shown(kept) == ["r-2"]
    assert sorted(one.name.partition("-")[0] for one in path.iterdir()) == [
        "lock",
        "meta.db",
        "slice",
    ]


def test_a_slice_is_closed_when_it_is_big(tmp_path: Path) -> None:
    """Then the next row begins another one."""
    with store(tmp_path / "console", Keep(slice_bytes=100_000)) as kept:
        for number in range(1, 4):
            kept.put(server(number, at=NOW + number))
            kept.writer.tidy()
        assert kept.reader.health().slices == 3
        assert shown(kept) == ["r-3", "r-2", "r-1"]


def test_an_idle_store_makes_no_slices(kept: Store) -> None:
    """Hours without traffic leave nothing behind."""
    for _ in range(5):
        kept.roll()
    assert kept.reader.health().slices == 0


def test_the_log_of_a_sealed_slice_is_emptied_after_its_readers(kept: Store) -> None:
    """A reader in the way is waited for, and does not see anything vanish."""
    kept.put(server(1))
    shown(kept)
    kept.roll()
    kept.writer.tidy()
    kept.put(server(2))
    (first, _) = sorted(kept.path.glob("slice-*.db"))
    log = first.with_name(first.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0
    assert shown(kept) == ["r-2", "r-1"]


def test_a_full_disk_is_said_and_reading_goes_on(kept: Store) -> None:
    """What cannot be kept is refused whole; when there is room again, writing goes on by itself."""
    kept.put(server(1))
    limit_pages(kept, 1)
    with pytest.raises(StoreFullError, match="no room is left"):
        kept.put(*(line(number, "x" * 5_000) for number in range(2, 200)), server(2))
    assert kept.writer.state == "the disk is full"
    assert shown(kept) == ["r-1"]
    assert kept.reader.logs(EVERYTHING, ALWAYS).logs == []
    limit_pages(kept, 1_000_000)
    kept.put(server(3), line(3, "after"))
    assert kept.writer.state == "ok"
    assert shown(kept) == ["r-3", "r-1"]
    assert [row.message for row in kept.reader.logs(EVERYTHING, ALWAYS).logs] == ["after"]
    found = kept.reader.trace(f"{2:032x}", 10)
    assert found is None, "nothing of what was refused is there"


def test_a_full_disk_lets_the_oldest_go(kept: Store) -> None:
    """A store is a ring: while nothing can be written, one old slice goes at each tidying."""
    for number in range(1, 4):
        kept.put(server(number, at=NOW + number))
        kept.roll()
    kept.put(server(4, at=NOW + 4))
    limit_pages(kept, 1)
    with pytest.raises(StoreFullError):
        kept.put(*(line(number, "x" * 5_000) for number in range(200)))
    kept.writer.tidy()
    assert shown(kept) == ["r-4", "r-3", "r-2"]


def limit_pages(kept: Store, pages: int) -> None:
    """Let the newest slice grow to so many pages: SQLite answers as on a full disk."""
    connection = kept.writer._slice._connection  # type: ignore[union-attr] # noqa: SLF001 - stands in for a disk
    connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()


def test_a_fault_keeps_nothing_of_its_transaction(kept: Store) -> None:
    """A row that is none stops its whole group, as its senders are told; the next one is kept alone."""
    nothing: Any = None
    broken = server(2)._replace(attributes=nothing)
    kept.writer.add(batch(server(1)))
    with pytest.raises(AttributeError):
        kept.writer.add(batch(broken))
    kept.writer.commit()
    kept.put(server(3))
    found = kept.reader.requests(EVERYTHING, ALWAYS).requests
    assert [one.request_id for one in found] == ["r-3"]

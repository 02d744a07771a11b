"""Who belongs together, where workers may not look at their parent."""

from __future__ import annotations

import os
import socket

import pytest

from fastapi_spine.metrics.workers.group import find_group, head_of_jobs, listening


@pytest.fixture(name="refused")
def _refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent belongs to another user, as gunicorn's with `--user`: the kernel shows nothing of it."""

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)


def test_sockets_are_seen_that_this_process_listens_on() -> None:
    """A socket that listens is one of them, in the order of descriptors; one that does not is none."""
    with (
        socket.create_server(("127.0.0.1", 0)) as first,
        socket.create_server(("127.0.0.1", 0)) as second,
        socket.socket() as other,
    ):
        inodes = [os.fstat(one.fileno()).st_ino for one in (first, second, other)]
        found = [inode for inode in listening() if inode in inodes]
    assert found == inodes[:2]


@pytest.mark.usefixtures("refused")
def test_workers_of_a_parent_that_hides_meet_at_what_they_inherited() -> None:
    """The first socket that they listened on when they began, whatever the application opened after it."""
    mine, sibling = find_group("auto", "shop", [7, 8]), find_group("auto", "shop", [7, 9])
    assert mine == sibling
    assert mine is not None
    assert mine.parent[0] == os.getppid()


@pytest.mark.usefixtures("refused")
def test_services_of_a_parent_that_hides_stay_apart() -> None:
    """Another socket or another service is another group; no socket is none."""
    groups = [find_group("auto", *one) for one in (("a", [7]), ("a", [8]), ("b", [7]))]
    assert len({one.name for one in groups if one is not None}) == 3
    assert find_group("auto", "a") is None


def test_a_socket_that_a_visible_parent_does_not_have_makes_no_group() -> None:
    """A process that opened its own has no siblings, so nothing is shared."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        assert find_group("auto", "shop", [os.fstat(own.fileno()).st_ino]) is None


def test_workers_of_jobs_meet_at_the_process_they_were_forked_from() -> None:
    """They listen on nothing; two services of one process stay apart, and a process that is gone makes no group."""
    head = head_of_jobs()
    mine, child, other = (find_group("auto", name, (), head) for name in ("a", "a", "b"))
    assert mine == child
    assert mine is not None
    assert mine.parent[0] == head
    assert mine != other
    assert find_group("auto", "a", (), 2**22 + 1) is None
    assert find_group("off", "a", (), head) is None

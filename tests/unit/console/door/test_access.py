"""The file by which a command line comes in."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from fastapi_spine.console.door.access import (
    Access,
    login_url,
    read_access,
    remove_access,
    write_access,
)

HERE = Access("http://127.0.0.1:4319", "http://127.0.0.1:4318", "secret", 7)


def test_the_file_says_where_the_console_is_and_is_closed_to_others(tmp_path: Path) -> None:
    """Mode 0600, whatever the umask, and written anew over an open one."""
    (tmp_path / "console.json").write_text("{}")
    (tmp_path / "console.json").chmod(0o644)
    before = os.umask(0)
    try:
        write_access(tmp_path, HERE)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "console.json").stat().st_mode) == 0o600
    assert read_access(tmp_path) == HERE
    assert [one.name for one in tmp_path.iterdir()] == ["console.json"]


def test_a_console_takes_away_its_own_file_only(tmp_path: Path) -> None:
    """One that was started meanwhile has written its own."""
    write_access(tmp_path, HERE)
    remove_access(tmp_path, 8)
    assert read_access(tmp_path) == HERE
    remove_access(tmp_path, 7)
    assert read_access(tmp_path) is None
    remove_access(tmp_path, 7)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"web": "x"}', '{"web":1,"otlp":2,"token":3,"pid":"x"}']
)
def test_a_file_that_says_something_else_is_none(tmp_path: Path, text: str) -> None:
    """Nobody crashes over it."""
    file = tmp_path / "console.json"
    file.write_text(text)
    file.chmod(0o600)
    assert read_access(tmp_path) is None


def test_a_file_that_others_can_read_or_that_is_a_link_is_not_trusted(tmp_path: Path) -> None:
    """Somebody else may have put it there, to be sent the token."""
    real = tmp_path / "real"
    real.write_text(json.dumps(HERE._asdict()))
    real.chmod(0o600)
    (tmp_path / "console.json").symlink_to(real)
    assert read_access(tmp_path) is None
    (tmp_path / "console.json").unlink()
    real.rename(tmp_path / "console.json")
    assert read_access(tmp_path) == HERE
    (tmp_path / "console.json").chmod(0o640)
    assert read_access(tmp_path) is None


def test_nobody_at_the_address_is_no_login(tmp_path: Path) -> None:
    """A console that was killed leaves its file behind."""
    assert login_url(HERE._replace(web="http://127.0.0.1:1"), "/") is None

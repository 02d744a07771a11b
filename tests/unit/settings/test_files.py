"""Which file is read, and what is said about a bad one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.load import load


def service(start: Path) -> str | None:
    """Load from a directory and read one setting."""
    return load(keywords={}, start=start, environ={}).settings.service


def write(path: Path, text: str) -> Path:
    """Write a file and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_of_a_directory_above_is_found(tmp_path: Path) -> None:
    """A process started in a sub-directory has its project's settings."""
    write(tmp_path / "pyproject.toml", '[tool.spine]\nservice = "above"\n')
    start = tmp_path / "src" / "shop"
    start.mkdir(parents=True)
    assert service(start) == "above"


def test_the_current_directory_is_where_the_search_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a start, the working directory counts."""
    write(tmp_path / "spine.toml", 'service = "here"\n')
    monkeypatch.chdir(tmp_path)
    assert load(keywords={}, environ={}).settings.service == "here"


@pytest.mark.parametrize("boundary", [".git/HEAD", ".git", "pyproject.toml", "spine.toml"])
def test_the_search_ends_at_a_project(tmp_path: Path, boundary: str) -> None:
    """A repository or project file between hides what is above it."""
    write(tmp_path / "spine.toml", 'service = "far above"\n')
    write(tmp_path / "inner" / boundary, "")
    assert service(tmp_path / "inner") is None


def test_spine_toml_wins_where_pyproject_says_nothing(tmp_path: Path) -> None:
    """A pyproject.toml without our table is no second opinion."""
    write(tmp_path / "spine.toml", 'service = "own"\n')
    write(tmp_path / "pyproject.toml", '[project]\nname = "shop"\n')
    assert service(tmp_path) == "own"


def test_settings_in_both_files_of_a_directory_are_refused(tmp_path: Path) -> None:
    """Nobody has to guess which of two files counts."""
    own = write(tmp_path / "spine.toml", 'service = "a"\n')
    other = write(tmp_path / "pyproject.toml", '[tool.spine]\nservice = "b"\n')
    message = f"{own} and {other} [tool.spine] both have settings; move them into one of the two."
    with pytest.raises(SettingsError, match=re.escape(message)):
        service(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Files of Windows editors are read."""
    (tmp_path / "spine.toml").write_bytes(b'\xef\xbb\xbfservice = "bom"\n')
    assert service(tmp_path) == "bom"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'service = "a"\nlogs = \n', r"spine\.toml is not valid TOML: .*at line 2"),
        (b'service = "a"\n# caf\xe9\n', r"spine\.toml is not UTF-8 at line 2\. Save it as UTF-8"),
        (b"[service]\n", r"spine\.toml: service cannot be \{\}; expected a name"),
        (b"logs = 3\n", r"spine\.toml: logs\.enabled cannot be 3; expected true or false"),
        (b"ids = true\n", r"spine\.toml: ids is True; make it a table"),
        (b"[logs]\nlevel = 1.5\n", r"spine\.toml \[logs\]: logs\.level cannot be 1\.5; expected"),
        (b"[logs]\nlevle = 1\n", r"spine\.toml \[logs\]: .*levle; did you mean level\?"),
        (b"servise = 1\n", r"spine\.toml: there is no setting servise; did you mean service\?"),
        (b'level = "INFO"\n', r"no setting level; did you mean logs\.level\?"),
        (
            b"[zebra]\n",
            r"no setting zebra; known are console, export, guard, ids, logs, metrics, objectives, redaction, service, traces\.",
        ),
    ],
)
def test_a_bad_file_is_told_with_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names the file, the key or line, and what is expected."""
    (tmp_path / "spine.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        service(tmp_path)


def test_a_key_of_pyproject_is_told_with_its_whole_table(tmp_path: Path) -> None:
    """The place can be searched for in the file."""
    path = write(tmp_path / "pyproject.toml", "[tool.spine.redaction]\npi = true\n")
    message = f"{path} [tool.spine.redaction]: there is no setting pi; did you mean pii?"
    with pytest.raises(SettingsError, match=re.escape(message)):
        service(tmp_path)


def test_our_table_has_to_be_a_table(tmp_path: Path) -> None:
    """`tool.spine = 3` is told as what it is."""
    write(tmp_path / "pyproject.toml", "[tool]\nspine = 3\n")
    with pytest.raises(SettingsError, match=r"tool\.spine is 3; make it a table\."):
        service(tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Settings that are there and unreadable are not passed over."""
    (tmp_path / "spine.toml").mkdir()
    with pytest.raises(SettingsError, match=r"spine\.toml cannot be read: .* Make it readable"):
        service(tmp_path)


def test_a_start_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """A misspelt directory does not silently mean defaults."""
    with pytest.raises(SettingsError, match="nowhere is not a directory"):
        service(tmp_path / "nowhere")


def test_a_vanished_working_directory_means_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment that replaced its directory can still start a worker."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load(keywords={}, environ={}).settings.service is None


def test_a_file_switches_a_section_off(tmp_path: Path) -> None:
    """`logs = false` and `enabled = false` say the same."""
    write(tmp_path / "spine.toml", "logs = false\n[redaction]\nenabled = false\n")
    settings = load(keywords={}, start=tmp_path, environ={}).settings
    assert (settings.logs.enabled, settings.redaction.enabled) == (False, False)

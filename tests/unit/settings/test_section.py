"""Sections as users write them in code."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.export_model import Export
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Ids, Logs, Settings
from fastapi_spine.settings.redaction_model import Redaction

SECRET = "correct-horse-battery"


def test_values_are_parsed_into_plain_numbers() -> None:
    """Levels are ints, durations seconds, sizes bytes."""
    logs = Logs(level="debug", slow="200ms", queue="1MiB", flush_timeout=2)
    assert (logs.level, logs.slow, logs.queue, logs.flush_timeout) == (10, 0.2, 1024**2, 2.0)


def test_off_is_never_slow() -> None:
    """With "off", no duration is longer than the limit."""
    assert Logs(slow="off").slow == math.inf


def test_a_section_is_frozen() -> None:
    """A section that was handed over cannot change behind somebody's back."""
    logs: Any = Logs()
    with pytest.raises(AttributeError, match="Logs is frozen; make a new one with other values"):
        logs.level = "DEBUG"
    with pytest.raises(AttributeError, match="Logs is frozen"):
        logs.anything = 1
    with pytest.raises(AttributeError, match="Logs is frozen"):
        del logs.level
    with pytest.raises(TypeError):
        logs.paths["/x"] = "off"


def test_sections_with_the_same_values_are_equal() -> None:
    """Spelling a default out makes no difference."""
    assert Logs(level="INFO") == Logs(level=20) == Logs()
    assert Logs(level="DEBUG") != Logs()
    assert Logs() != Redaction()


def test_a_section_shows_what_was_given() -> None:
    """The picture is short and hides secrets."""
    settings = Settings(
        logs=Logs(slow="1500ms", queue="1024KiB", paths={"/x": "off"}),
        redaction=Redaction(known_values=[SECRET], pii=True),
    )
    assert repr(settings) == (
        'Settings(logs=Logs(slow="1.5s", queue="1MiB", paths={ "/x" = "off" }), '
        "redaction=Redaction(known_values=[hidden], pii=true))"
    )


def test_a_bare_switch_stands_for_a_section() -> None:
    """`logs=False` is `Logs(enabled=False)`."""
    assert Settings(logs=False).logs == Logs(enabled=False)
    assert Settings(logs=True).logs == Logs()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"levle": "x"}, "Logs(…): there is no setting levle; did you mean level?"),
        ({"Recorder-Lines": 1}, "no setting Recorder-Lines; did you mean recorder_lines?"),
        ({"zzz": 1}, "no setting zzz; known are capture_warnings, client, enabled,"),
        ({"level": "LOUD"}, 'Logs(…): level cannot be \'LOUD\'; expected "DEBUG", "INFO",'),
        ({"level": True}, "level cannot be True;"),
        ({"level": 1001}, "level cannot be 1001;"),
        ({"format": "xml"}, 'format cannot be \'xml\'; expected "auto", "json" or "human".'),
        ({"slow": "1 week"}, "slow cannot be '1 week'; expected a duration"),
        ({"slow": -1}, "slow cannot be -1 (it is negative or not finite);"),
        ({"flush_timeout": "off"}, "flush_timeout cannot be 'off';"),
        ({"queue": "0.3B"}, "queue cannot be '0.3B' (it is not a whole number of bytes);"),
        ({"queue": "64K"}, "queue cannot be '64K'; expected a size such as \"64KiB\""),
        ({"line_limit": 10}, "line_limit cannot be 10 (it is less than 1024 bytes or"),
        ({"recorder_lines": 0}, "recorder_lines cannot be 0; expected a whole number, 1 or more."),
        ({"recorder": "sqlalchemy"}, "recorder cannot be 'sqlalchemy' (one string is not a list);"),
        ({"capture_warnings": "yes"}, "capture_warnings cannot be 'yes'; expected true or false"),
        ({"output": "file.log"}, 'output cannot be \'file.log\'; expected "stdout" or "stderr",'),
        ({"paths": {"x": "on"}}, "('x' starts with neither / nor *);"),
        ({"paths": {"/x": "sample:2"}}, "('/x' has 'sample:2'; a policy is \"on\", \"off\","),
        ({"level": "x" * 200}, f"level cannot be '{'x' * 78}…;"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is_written(given: dict[str, Any], said: str) -> None:
    """The message names the setting, the value and what is expected."""
    with pytest.raises(SettingsError, match=re.escape(said)):
        Logs(**given)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ({"knid": "a"}, "('knid' is unknown in an entry, not kind)"),
        ({"kind": "a", "literal": "b"}, '(an entry has no text for "pattern")'),
        ({"kind": "a", "literal": "", "pattern": "b"}, '(an entry has no text for "literal")'),
        ({"kind": "A B", "literal": "b", "pattern": "b"}, "(the kind 'A B' is not lower-case"),
        ({"kind": "a", "literal": "b", "pattern": "b("}, '(the pattern of "a" does not compile'),
        ("kind", "(an entry is not a table)"),
    ],
)
def test_a_bad_pattern_is_refused(pattern: Any, said: str) -> None:
    """The message says which entry and why."""
    with pytest.raises(SettingsError, match=re.escape(said)):
        Redaction(extra_patterns=[pattern])


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"servise": "x"}, "Spine(app, …): there is no setting servise; did you mean service?"),
        (
            {"level": "x"},
            "no setting level; known are export, guard, ids, logs, metrics, objectives,",
        ),
        ({"logs": 3}, "Spine(app, …): logs cannot be 3; expected Logs(…), True or False."),
        ({"ids": True}, "Spine(app, …): ids cannot be True; expected Ids(…)."),
        ({"service": ""}, "service cannot be '' (it is empty);"),
        ({"service": "a\nb"}, "(it is longer than 255 characters or holds control characters)"),
    ],
)
def test_a_bad_keyword_is_refused(tmp_path: Path, keywords: dict[str, object], said: str) -> None:
    """The message names the keyword."""
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(keywords=keywords, start=tmp_path, environ={})


@pytest.mark.parametrize("written", [SECRET, [SECRET, 3], {SECRET: SECRET}, (SECRET, "")])
def test_a_secret_is_not_in_the_error_about_it(written: Any) -> None:
    """A secret of the wrong form does not end up in a crash report."""
    with pytest.raises(SettingsError, match=r"known_values cannot be \[hidden\]") as caught:
        Redaction(known_values=written)
    assert SECRET not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_a_secret_is_not_in_an_origin(tmp_path: Path) -> None:
    """Whoever prints every setting prints no secret."""
    loaded = load(
        keywords={"redaction": Redaction(known_values=[SECRET])}, start=tmp_path, environ={}
    )
    assert loaded.settings.redaction.known_values == (SECRET,)
    assert SECRET not in repr(loaded)
    assert loaded.origins["redaction.known_values"].shown == "[hidden]"


def test_a_callable_takes_the_lines() -> None:
    """A user's own output is kept as it is and shown by its name."""
    lines: list[bytes] = []
    logs = Logs(output=lines.append)
    assert logs.output == lines.append
    assert repr(logs) == "Logs(output=the callable list.append)"


def test_an_empty_list_of_loggers_leaves_the_recorder_on() -> None:
    """Adding nothing is not switching off."""
    assert Logs(recorder=[]).recorder is True
    assert Logs(recorder=["b", "a"]).recorder == ("a", "b")


def test_sections_know_what_was_given() -> None:
    """Only what was written out counts as given."""
    assert dict(Logs(level="INFO").given) == {"level": 20}
    assert dict(Ids().given) == {}


@pytest.mark.parametrize(
    ("spool", "why"),
    [
        ("~nobody-of-this-name/spool", " (it begins with ~, and there is no such home)"),
        ("a\0b", ""),
        (True, ""),
    ],
)
def test_a_folder_that_cannot_be_is_refused(spool: Any, why: str) -> None:
    """With the setting's name, and not with whatever the system says of it later."""
    said = f"Export(…): spool cannot be {spool!r}{why}; expected the path of a folder"
    with pytest.raises(SettingsError, match=re.escape(said)):
        Export(spool=spool)

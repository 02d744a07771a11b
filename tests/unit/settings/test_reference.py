"""The reference page says what is true."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fastapi_spine.settings.catalog import Entry, entries
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Keywords, Logs, Settings
from fastapi_spine.settings.reference import render

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"
EVERY = [pytest.param(entry, id=entry.name) for entry in entries()]


def block(language: str) -> str:
    """Take an example out of the page."""
    found = re.search(rf"```{language}\n(.*?)```", render(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_committed_page_is_the_generated_one() -> None:
    """Renew it with `python -m fastapi_spine.settings.reference > docs/reference/settings.md`."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_the_three_spellings_of_the_page_mean_the_same(tmp_path: Path) -> None:
    """Each example, loaded, gives the settings of the others."""
    (tmp_path / "spine.toml").write_text(block("toml"), encoding="utf-8")
    environ = dict(pair.split("=", 1) for pair in shlex.split(block("sh")))
    logs = Logs(level="DEBUG", slow="200ms")
    empty = tmp_path / "empty"
    (empty / ".git").mkdir(parents=True)
    assert block("python").endswith(
        'Spine(app, service="orders", logs=Logs(level="DEBUG", slow="200ms"))\n'
    )
    by_file = load(keywords={}, start=tmp_path, environ={}).settings
    by_variable = load(keywords={}, start=empty, environ=environ).settings
    by_keyword = load(
        keywords={"service": "orders", "logs": logs}, start=empty, environ={}
    ).settings
    assert by_file == by_variable == by_keyword == Settings(service="orders", logs=logs)


@pytest.mark.parametrize("entry", EVERY)
def test_every_setting_is_explained_in_whole_sentences(entry: Entry) -> None:
    """Nobody has to read code to know what a setting does."""
    assert re.fullmatch(r"[A-Z`].*\.", entry.setting.doc)
    assert f"### `{entry.name}`\n\n{entry.setting.doc}\n" in render()


@pytest.mark.parametrize("entry", EVERY)
def test_every_default_can_be_pasted_into_a_file(entry: Entry) -> None:
    """What the page shows as a default is TOML for the same value."""
    if entry.name == "service":  # the one setting whose default cannot be written
        return
    shown = entry.setting.kind.show(entry.setting.default)
    assert entry.setting.kind.parse(tomllib.loads(f"x = {shown}")["x"]) == entry.setting.default


def test_the_typed_keywords_are_the_declared_ones() -> None:
    """`**keywords: Unpack[Keywords]` offers every setting of the layer and no other; the console's are flags."""
    declared = [name for name in Settings.declared if name != "console"]
    assert list(Keywords.__annotations__) == declared


def settings_named_in(text: str) -> set[str]:
    """Find `export.queue` and `Traces(instrument=False)` in a page."""
    tables = {entry.name.partition(".")[0] for entry in entries() if "." in entry.name}
    found = {
        f"{table}.{name}"
        for table, name in re.findall(r"`([a-z]+)\.([a-z_]+)`", text)
        if table in tables
    }
    for kind, given in re.findall(r"\b([A-Z][a-z]+)\(((?:[^()]|\([^()]*\))*)\)", text):
        if kind.lower() in tables:
            keywords = re.findall(r"(?:^|, |\n\s*)([a-z_]+)=", re.sub(r"\([^()]*\)", "", given))
            found |= {f"{kind.lower()}.{name}" for name in keywords}
    return found


def test_pages_name_settings_that_exist() -> None:
    """Whoever copies a name out of a page finds that it is one."""
    root = PAGE.parents[2]
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    named = {page.name: settings_named_in(page.read_text(encoding="utf-8")) for page in pages}
    known = {entry.name for entry in entries()}
    assert {page: names - known for page, names in named.items() if names - known} == {}
    assert len(set.union(*named.values())) > 50


def test_importing_the_package_does_no_loading() -> None:
    """The TOML parser comes in when settings are loaded, not before."""
    code = "import sys, fastapi_spine; print('tomllib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "False\n"

"""The repository: pinned, hashed, bound to no machine, and true to its own documents."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Written with character classes so that this file does not find itself.
FOREIGN = {
    "an index option": r"--(?:extra-)?index[-]url|--find[-]links|--trusted[-]host|\bindex_url\b",
    "a registry host": r"files[.]pythonhosted|pypi[.]org/simple",
    "a machine's path": r"(?<![\w.~-])/(?:work|root|Users)/\w",
}
"""What would bind the project to one machine or one registry."""

PINS = ("demo", "dev", "bench", "pins")
CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)


def pin_blocks(text: str) -> list[str]:
    """One entry a pinned distribution: its line with the continuation lines, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return re.findall(r"^\S.*(?:\n[ \t].*)*", "\n".join(lines), re.MULTILINE)


def pins_of(root: Path, name: str) -> dict[str, str]:
    """Distribution → pinned version of requirements/<name>.txt."""
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    pairs = [block.split(None, 1)[0].split("==") for block in pin_blocks(text)]
    return {canonicalize_name(project): version for project, version in pairs}


def asked(pyproject: dict[str, Any], *, groups: tuple[str, ...]) -> list[Requirement]:
    """What pyproject.toml asks for: the run time, the demo and the given dependency groups."""
    project = pyproject["project"]
    lines = [
        *project["dependencies"],
        *project["optional-dependencies"]["demo"],
        *(line for group in groups for line in pyproject["dependency-groups"][group]),
    ]
    return [Requirement(line) for line in lines]


def make_targets(root: Path) -> set[str]:
    """The commands that `make help` lists."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))


def make_commands(text: str) -> set[str]:
    """The make commands that a document shows, in a code span or at the start of a code line."""
    return set(re.findall(r"(?:`|^\s*(?:\$ )?)make ([a-z][a-z-]*)", text, re.MULTILINE))


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_file_binds_the_project_to_a_machine(kind: str, tracked: dict[str, str]) -> None:
    """No tracked file names a registry's host, an index option or a path of one machine."""
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked.items()
        for match in re.finditer(FOREIGN[kind], text, re.MULTILINE)
    ]
    assert found == []


def test_no_merge_was_left_half_done(tracked: dict[str, str]) -> None:
    """No tracked file holds a conflict mark."""
    assert [name for name, text in tracked.items() if CONFLICT.search(text)] == []


@pytest.mark.parametrize("name", PINS)
def test_every_pin_is_exact_and_hashed(name: str, root: Path) -> None:
    """Each entry is `name==version`, perhaps a marker, then at least one SHA-256; nothing else."""
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entry = re.compile(
        r"[a-z0-9.-]+==[^\s;]+(?: ; [^\\\n]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
    )
    blocks = pin_blocks(text)
    assert [block for block in blocks if not entry.fullmatch(block)] == []
    assert blocks


@pytest.mark.parametrize("name", ["demo", "dev", "bench"])
def test_pins_are_compiled_for_every_platform(name: str, root: Path) -> None:
    """What only some systems need carries a marker, Windows included."""
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert re.search(r"^\S+==\S+ ; sys_platform == 'win32'", text, re.MULTILINE)


def test_the_pins_files_agree(root: Path) -> None:
    """The demo's pins are a part of dev's and dev's of bench's, with the same versions."""
    demo, dev, bench = (set(pins_of(root, name).items()) for name in ("demo", "dev", "bench"))
    assert (demo - dev, dev - bench) == (set(), set())


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("demo", ("build",)),
        ("dev", ("build", "test", "check")),
        ("bench", ("build", "test", "check", "bench")),
    ],
)
def test_the_pins_answer_pyproject(
    name: str, groups: tuple[str, ...], root: Path, pyproject: dict[str, Any]
) -> None:
    """Everything pyproject.toml asks for is pinned, at a version it accepts (`make pins`)."""
    pinned = pins_of(root, name)
    unanswered = [
        str(requirement)
        for requirement in asked(pyproject, groups=groups)
        if not requirement.specifier.contains(
            pinned.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]
    assert unanswered == []


def test_the_build_back_end_is_pinned(root: Path, pyproject: dict[str, Any]) -> None:
    """What builds the package comes from the pins too: nothing is fetched while installing."""
    needed = {canonicalize_name(Requirement(r).name) for r in pyproject["build-system"]["requires"]}
    assert needed - pins_of(root, "demo").keys() == set()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_documented_commands_exist(document: str, root: Path) -> None:
    """Every `make …` that a document shows is a command of the Makefile."""
    text = (root / document).read_text(encoding="utf-8")
    assert make_commands(text) - make_targets(root) == set()


def test_the_readme_names_the_two_commands(root: Path) -> None:
    """A newcomer finds `make demo` and `make test` in the README."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert {"demo", "test"} - make_commands(readme) == set()


def test_continuous_integration_can_be_started(root: Path) -> None:
    """.ci/run is executable and a bash script."""
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE"])
def test_a_newcomer_finds_the_usual_documents(document: str, root: Path) -> None:
    """The documents that every reader looks for are there and say something."""
    assert len((root / document).read_text(encoding="utf-8").split()) >= 50

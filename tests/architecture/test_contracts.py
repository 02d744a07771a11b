"""The floors of the house: what ARCHITECTURE.md draws is what import-linter enforces."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PICTURE = re.compile(r"^```\w*\n(cli\b.*?^core\b.*?)^```", re.MULTILINE | re.DOTALL)
FLOOR = re.compile(r"[a-z_]+(?: \| [a-z_]+)*(?=\s{2,}|$)")

ALONE = {
    "prometheus_client": ("metrics", "demo"),
    "limits": ("guard",),
    "opentelemetry": ("traces", "export", "console", "demo"),
    "google.protobuf": ("export", "console"),
    "sqlite3": ("console", "demo"),
    "duckdb": ("console",),
    "sqlalchemy": ("demo",),
    "structlog": ("logs",),
    "loguru": ("logs",),
    "celery": ("jobs",),
    "taskiq": ("jobs",),
}
"""Which rooms may import a library whose churn or weight stays in one folder."""


def picture(text: str) -> list[list[str]]:
    """The floors drawn in a document, top first; empty when it draws none."""
    found = PICTURE.search(text)
    lines = found.group(1).splitlines() if found else []
    floors = [FLOOR.match(line) for line in lines]
    return [floor.group().split(" | ") for floor in floors if floor]


def floors(pyproject: dict[str, Any]) -> list[list[str]]:
    """The floors of the layers contract, as written: a room in parentheses is not built yet."""
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["type"] == "layers")
    return [re.split(r"\s*\|\s*", floor) for floor in layers["layers"]]


def imported(tree: ast.Module) -> Iterator[str]:
    """Every absolute module name that a tree imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.fixture
def rooms(package: Path) -> set[str]:
    """The rooms that exist."""
    below = (path for path in package.iterdir() if not path.name.startswith(("_", ".")))
    return {
        path.stem
        for path in below
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    }


def test_every_import_contract_holds(root: Path) -> None:
    """import-linter finds no broken contract."""
    program = "from importlinter.cli import lint_imports_command as run; run()"
    run = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=root,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout


def test_the_contract_is_the_picture(root: Path, pyproject: dict[str, Any]) -> None:
    """The layers contract names every room of ARCHITECTURE.md, floor by floor, top first."""
    drawn = picture((root / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    enforced = [[room.strip("()") for room in floor] for floor in floors(pyproject)]
    assert drawn == enforced


def test_the_readme_draws_no_other_house(root: Path) -> None:
    """A picture of the floors in the README is the one of ARCHITECTURE.md."""
    readme = picture((root / "README.md").read_text(encoding="utf-8"))
    assert readme in ([], picture((root / "ARCHITECTURE.md").read_text(encoding="utf-8")))


def test_a_built_room_is_not_optional(pyproject: dict[str, Any], rooms: set[str]) -> None:
    """Rooms that exist stand in the contract without parentheses, the others with."""
    written = [room for floor in floors(pyproject) for room in floor]
    assert {room for room in written if not room.startswith("(")} == rooms


def test_no_module_is_left_out_of_the_contract(pyproject: dict[str, Any]) -> None:
    """The floors are exhaustive, and no import is ignored."""
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = [c for c in contracts if c["type"] == "layers"]
    assert {c["exhaustive"] for c in layers} == {True}
    assert [c["name"] for c in contracts if c.get("ignore_imports")] == []


def test_a_library_stays_in_its_room(package_sources: list[Any]) -> None:
    """A library that only some rooms may know is imported by no other."""
    strays = [
        f"{source.path} imports {name}"
        for source in package_sources
        for name in imported(source.tree)
        for library, allowed in ALONE.items()
        if (name == library or name.startswith(library + ".")) and source.room not in allowed
    ]
    assert strays == []

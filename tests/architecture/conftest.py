"""What the architecture tests look at: the parsed sources, the project's tables, the tracked files."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "fastapi_spine"

GENERATED = ("__pycache__", "build", "dist")


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the root, its lines and its tree."""

    path: str
    lines: int
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first name below the package (`core`, `install`), empty outside and for its face."""
        parts = Path(self.path).with_suffix("").parts
        return parts[2] if parts[:2] == ("src", "fastapi_spine") and parts[2] != "__init__" else ""


def read_sources(*folders: str) -> list[Source]:
    """Parse every Python file below the given folders of the project, sorted by path."""
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    return [
        Source(file.relative_to(ROOT).as_posix(), len(text.splitlines()), ast.parse(text))
        for file, text in texts.items()
    ]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the importable package."""
    return PACKAGE


@pytest.fixture(scope="session")
def package_sources() -> list[Source]:
    """Every module of the package."""
    return read_sources("src")


@pytest.fixture(scope="session")
def test_sources() -> list[Source]:
    """Every module below tests."""
    return read_sources("tests")


@pytest.fixture(scope="session")
def all_sources() -> list[Source]:
    """Every Python file of the project."""
    return read_sources("src", "tests", "benchmarks", "scripts")


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    """The tables of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def committed() -> list[Path]:
    """Every file that is committed, or would be by `git add .`; without git, every file."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git"):
        run = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
        if run.returncode == 0:
            return [ROOT / name for name in run.stdout.split("\0") if name]
    hidden = re.compile(r"\.(?!ci|git(hub|ignore))|" + "|".join(GENERATED))
    return [
        file
        for file in ROOT.rglob("*")
        if not any(hidden.match(part) for part in file.relative_to(ROOT).parts)
    ]


@pytest.fixture(scope="session")
def tracked() -> dict[str, str]:
    """Path → text of every text file of the repository."""
    contents = {file: file.read_bytes() for file in committed() if file.is_file()}
    return {
        file.relative_to(ROOT).as_posix(): data.decode("utf-8")
        for file, data in contents.items()
        if b"\0" not in data
    }

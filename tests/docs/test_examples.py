"""Every Python block of the README and the guides runs."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastapi_spine.install.layer import Layer

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
]
RUN_ELSEWHERE = {
    "logging.md": "tests/unit/logs/test_logging_guide.py, where logging is put back after it"
}
NEEDED = {"jobs.md": ("celery", "taskiq")}
"""What the examples of a page are about; without it they cannot run."""
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [match[2] for match in BLOCK.finditer(page.read_text()) if match[1] == language]


@pytest.fixture(autouse=True)
def _closed_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Examples set up layers and leave them; take them away again."""
    made: list[Layer] = []
    original = Layer.__init__

    def remembered(self: Layer, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(Layer, "__init__", remembered)
    yield
    for layer in reversed(made):
        layer.close()
    assert logging.getLogger().level == logging.WARNING


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in RUN_ELSEWHERE], ids=lambda page: page.name
)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path) -> None:
    """What a reader pastes works."""
    for library in NEEDED.get(page.name, ()):
        pytest.importorskip(library)
    names: dict[str, Any] = {"__name__": "example"}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)  # noqa: S102 - running them is the point


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_json_of_a_page_is_json(page: Path) -> None:
    """Lines shown as JSON are JSON."""
    for block in blocks(page, "json"):
        for line in block.splitlines():
            json.loads(line)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"])
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """A relative link names a file that exists."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_what_a_page_shows_of_doctor_is_what_doctor_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headings, and every line that is the same wherever it is asked; libraries are there or not."""
    (text,) = (
        block
        for page in PAGES
        for block in blocks(page, "console")
        if block.startswith("$ spine doctor")
    )
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI\nfrom fastapi_spine import Spine\napp = FastAPI()\nSpine(app)\n"
    )
    nobody = "http://127.0.0.1:9"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody)
    run = subprocess.run(
        [sys.executable, "-m", "fastapi_spine", "doctor", "main:app"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    printed = run.stdout.splitlines()
    text = text.replace("http://127.0.0.1:4318", nobody)
    shown, _, libraries = text.partition("Instrumentations, ")
    wanted = [line for line in shown.splitlines()[1:] if line not in {"", "…"}]
    assert [line for line in wanted if line not in printed] == []
    assert f"Instrumentations, {libraries.splitlines()[0]}" in printed

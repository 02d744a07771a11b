"""The files that a browser may have: a closed list, the right headers, and our own modules free of what runs data."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from fastapi_spine.console.web import Manifest

STATIC = Path(str(files("fastapi_spine.console.web"))) / "static"
OURS = sorted(
    path.relative_to(STATIC).as_posix()
    for path in STATIC.rglob("*")
    if path.suffix in {".js", ".html", ".css"} and "vendor" not in path.parts
)

# Written with character classes so that a search for them does not find this list.
RUNS_DATA = {
    "markup from text": r"[iI]nnerHTM[L]|outerHTM[L]|insertAdjacentHTM[L]|createContextualFragmen[t]|DOMParse[r]",
    "writing a document": r"document\.writ[e]",
    "code from text": r"\beva[l]\s*\(|new Functio[n]|setTimeout\(\s*[\"'`]",
    "a style or script in markup": r"<[a-z]+[^>$]*\sstyle=\"|\son[a-z]+=\"|javascript[:]",
    "an address elsewhere": r"https?://(?!127\.0\.0\.1|www\.w3\.org/2000/svg)",
}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """The list as the server makes it."""
    return Manifest()


@pytest.mark.parametrize(
    "path", ["/", "/requests", "/requests/0199-a", "/requests/a/b", "/logs", "/errors", "/health"]
)
def test_every_page_is_the_index(path: str, manifest: Manifest) -> None:
    """A page's path is answered with the one index page, which is asked for again each time."""
    index = manifest.find(path)
    assert index is not None
    assert (index.content_type, index.cache_control) == ("text/html; charset=utf-8", "no-cache")
    assert index.body == (STATIC / "index.html").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/static/../__init__.py", "/static/..%2f__init__.py", "/static//app.js", "/static/", "/static",
        "/static/vendor/README.md", "/static/vendor/htm-3.1.1/LICENSE", "/static/index.html",
        "/etc/passwd", "", "/requests2", "/api/v1/health",
    ],
)  # fmt: skip
def test_nothing_else_is_served(path: str, manifest: Manifest) -> None:
    """A path that is not on the list has no answer, whatever it tries to climb to."""
    assert manifest.find(path) is None


def test_every_file_has_a_type_and_a_validator(manifest: Manifest) -> None:
    """Each file says what it is; vendored ones are kept for good, ours are asked for again."""
    found = {path: manifest.find(path) for path in manifest.paths()}
    kinds = {
        (path.rpartition(".")[2], asset.content_type) for path, asset in found.items() if asset
    }
    assert kinds == {
        ("js", "text/javascript; charset=utf-8"),
        ("css", "text/css; charset=utf-8"),
        ("svg", "image/svg+xml"),
        ("woff2", "font/woff2"),
    }
    kept = {path for path, asset in found.items() if asset and "immutable" in asset.cache_control}
    assert kept == {path for path in found if "/vendor/" in path}
    assert len({asset.etag for asset in found.values() if asset}) == len(found)


def test_what_the_pages_import_is_served(manifest: Manifest) -> None:
    """Every import, style sheet, script and font that a file of ours names is on the list."""
    named = re.compile(
        r"(?:from |import\()\"([^\"]+)\"|(?:src|href)=\"(/static/[^\"]+)\"|url\(\"([^\"]+)\"\)"
    )
    missing = []
    for name in OURS:
        place = Path("/static") / name
        for groups in named.findall((STATIC / name).read_text(encoding="utf-8")):
            target = next(filter(None, groups))
            path = target if target.startswith("/") else (place.parent / target).as_posix()
            folded = Path("/")
            for part in Path(path).parts[1:]:
                folded = folded.parent if part == ".." else folded / part
            if manifest.find(folded.as_posix()) is None:
                missing.append(f"{name}: {target}")
    assert missing == []


@pytest.mark.parametrize("kind", RUNS_DATA)
def test_our_modules_cannot_run_what_they_show(kind: str) -> None:
    """No file of ours turns text into markup or code, or names an address outside the console."""
    found = [
        f"{name}: {match.group()}"
        for name in OURS
        for match in re.finditer(RUNS_DATA[kind], (STATIC / name).read_text(encoding="utf-8"))
    ]
    assert found == []


def test_modules_are_short_enough_to_read() -> None:
    """No file of ours has more than 300 lines."""
    lengths = {name: len((STATIC / name).read_text(encoding="utf-8").splitlines()) for name in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_every_vendored_folder_has_a_licence_and_a_line_in_the_list() -> None:
    """What others wrote stands under its name and version, with its licence."""
    listed = (STATIC / "vendor" / "README.md").read_text(encoding="utf-8")
    folders = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]
    assert folders
    assert [
        f.name for f in folders if not (f / "LICENSE").is_file() or f"`{f.name}`" not in listed
    ] == []

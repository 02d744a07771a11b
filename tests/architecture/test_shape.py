"""The shape of the code: small files, small functions, names in one place."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MAX_SOURCE_LINES = 400
MAX_SOURCE_MEDIAN = 150
MAX_TEST_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_FUNCTION_P90 = 30
MAX_NESTING = 3

OWNERLESS = {
    *("util", "utils", "helper", "helpers", "base", "common"),
    *("misc", "manager", "managers", "shared", "stuff"),
}
"""Names that say nothing about what is inside, so that everything ends up there."""

RESPONSE_START = "http.response.start"
CONVENTIONS = tuple(
    f"src/fastapi_spine/core/{name}.py"
    for name in ("conventions", "console_names", "job_names", "spool_names")
)
"""Where names that leave the process are spelt; those after the first belong to one subject each."""
PACKAGE_NAME = "fastapi_spine"

Function = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function of a tree, methods and inner functions included."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end, docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def nesting(node: ast.AST) -> int:
    """How deep blocks stand in each other; `elif` is no deeper, an inner function starts anew."""
    depths = [0]
    for child in ast.iter_child_nodes(node):
        if isinstance(child, DEFINITIONS):
            continue
        is_elif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        depths.append(nesting(child) + (isinstance(child, BLOCKS) and not is_elif))
    return max(depths)


def docstrings(tree: ast.Module) -> set[int]:
    """Identities of the constants that stand alone as a statement: documentation, not data."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def own_names(tree: ast.Module) -> set[int]:
    """Identities of the constants inside `__all__` and `__slots__`: names of Python objects."""
    return {
        id(constant)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        in {"__all__", "__slots__", "__match_args__"}
        and node.value is not None
        for constant in ast.walk(node.value)
        if isinstance(constant, ast.Constant)
    }


def literals(tree: ast.Module) -> Iterator[tuple[int, str | bytes]]:
    """Line and value of every string that is data."""
    skipped = docstrings(tree) | own_names(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str | bytes)
            and id(node) not in skipped
        ):
            yield node.lineno, node.value


def distinctive(values: Iterable[str | bytes]) -> set[str | bytes]:
    """Leave out plain words (`path`, `level`): they are also words of ASGI and of `logging`."""
    return {
        value
        for value in values
        if value
        and value != PACKAGE_NAME
        and (isinstance(value, bytes) or not re.fullmatch(r"[A-Za-z]+", value))
    }


def test_no_source_file_is_longer_than_a_reader_can_hold(package_sources: list[Any]) -> None:
    """Every module of the package has at most 400 lines."""
    assert {s.path: s.lines for s in package_sources if s.lines > MAX_SOURCE_LINES} == {}


def test_the_usual_source_file_is_short(package_sources: list[Any]) -> None:
    """The median module of the package has at most 150 lines."""
    assert statistics.median(s.lines for s in package_sources) <= MAX_SOURCE_MEDIAN


def test_no_test_file_is_longer_than_a_reader_can_hold(test_sources: list[Any]) -> None:
    """Every test module has at most 400 lines."""
    assert {s.path: s.lines for s in test_sources if s.lines > MAX_TEST_LINES} == {}


def test_no_function_is_longer_than_a_screen(package_sources: list[Any]) -> None:
    """Every function of the package has at most 60 lines, docstring included."""
    long = {
        f"{source.path}:{function.lineno} {function.name}": length(function)
        for source in package_sources
        for function in functions(source.tree)
        if length(function) > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_nine_functions_in_ten_are_short(package_sources: list[Any]) -> None:
    """The 90th percentile of the package's functions is at most 30 lines, docstring included."""
    lengths = sorted(length(f) for source in package_sources for f in functions(source.tree))
    assert lengths[len(lengths) * 9 // 10] <= MAX_FUNCTION_P90


def test_blocks_stand_at_most_three_deep(package_sources: list[Any]) -> None:
    """No function of the package nests more than three blocks."""
    deep = {
        f"{source.path}:{function.lineno} {function.name}": nesting(function)
        for source in package_sources
        for function in functions(source.tree)
        if nesting(function) > MAX_NESTING
    }
    assert deep == {}


def test_every_module_says_by_its_name_what_it_owns(all_sources: list[Any]) -> None:
    """No module and no folder is called utils, helpers, base, common, misc or manager."""
    parts = {part for s in all_sources for part in Path(s.path).with_suffix("").parts}
    assert {part for part in parts if part.strip("_").lower() in OWNERLESS} == set()


def test_annotations_are_not_evaluated_at_import(package_sources: list[Any]) -> None:
    """Every module that holds code starts with the annotations import."""
    missing = [
        source.path
        for source in package_sources
        if any(not isinstance(node, ast.Expr) for node in source.tree.body)
        and "from __future__ import annotations" not in map(ast.unparse, source.tree.body)
    ]
    assert missing == []


def test_one_room_alone_starts_responses(package_sources: list[Any]) -> None:
    """The name of the ASGI response start occurs in `request` only: one object wraps `send`.

    The console is a program of its own: what it sends are its own answers.
    """
    places = {
        source.path
        for source in package_sources
        for _, value in literals(source.tree)
        if value == RESPONSE_START
        if source.room not in {"request", "console"}
        and source.path != "src/fastapi_spine/guard/reply.py"
    }
    assert places == set()


def test_names_that_leave_the_process_are_spelt_once(package_sources: list[Any]) -> None:
    """No module repeats a log key, header or logger name that `core.conventions` already spells.

    The demo is left out: it is written as a user would, on the public face only.
    """
    trees = {source.path: source.tree for source in package_sources}
    names = distinctive(value for path in CONVENTIONS for _, value in literals(trees[path]))
    assert names, "the conventions hold no names"
    repeated = {
        f"{source.path}:{line}": value
        for source in package_sources
        if source.path not in CONVENTIONS and source.room != "demo"
        for line, value in literals(source.tree)
        if value in names or (isinstance(value, str) and value.encode("utf-8", "replace") in names)
    }
    assert repeated == {}


def test_loggers_and_settings_are_named_in_one_place(package_sources: list[Any]) -> None:
    """A `spine.…` logger name or a `SPINE_…` variable is spelt in `core.conventions` only."""
    ours = re.compile(r"spine(\.[a-z_]+)+|SPINE_[A-Z0-9_]*")
    elsewhere = {
        f"{source.path}:{line}": value
        for source in package_sources
        if source.path not in CONVENTIONS and source.room != "demo"
        for line, value in literals(source.tree)
        if isinstance(value, str) and ours.fullmatch(value)
        # a file's name, not a logger's
        if not value.endswith((".toml", ".py", ".md"))
    }
    assert elsewhere == {}


def test_a_measured_number_names_its_benchmark(root: Path, package_sources: list[Any]) -> None:
    """A comment that starts `# measured:` names an existing file `benchmarks/…` that shows it."""
    block = re.compile(r"# measured:.*(?:\n[ \t]*#.*)*")
    unproven = [
        f"{source.path}: {comment.splitlines()[0]}"
        for source in package_sources
        for comment in block.findall((root / source.path).read_text(encoding="utf-8"))
        if not any((root / file).is_file() for file in re.findall(r"benchmarks/\w+\.\w+", comment))
    ]
    assert unproven == []

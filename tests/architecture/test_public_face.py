"""What users import: exactly what is announced, on every public module."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FACES = ("fastapi_spine", "fastapi_spine.testing")
"""The modules users are told to import from."""


def visible(module: ModuleType) -> set[str]:
    """Names a reader of `dir(module)` would take for public; submodules and the future are not."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and type(value).__module__ != "__future__"
    }


def announced(tree: ast.Module) -> list[str] | None:
    """The value of a literal `__all__`, None where there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == "__all__":
                return [str(name) for name in ast.literal_eval(node.value)]
    return None


@pytest.mark.parametrize("name", FACES)
def test_all_is_what_is_there(name: str) -> None:
    """`__all__` lists every public name of the module and no other; each can be had."""
    module = importlib.import_module(name)
    for public in module.__all__:
        assert getattr(module, public, None) is not None, f"{name}.{public} cannot be had"
    # A name made on demand by the module's __getattr__ is there once it was asked for.
    on_demand = set(module.__all__) if "__getattr__" in vars(module) else set()
    assert visible(module) | on_demand == set(module.__all__)


@pytest.mark.parametrize("name", FACES)
def test_a_star_import_gives_what_is_announced(name: str) -> None:
    """`from … import *` works in a new interpreter."""
    command = [sys.executable, "-c", f"from {name} import *"]
    run = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


def test_every_list_of_names_is_true(package_sources: list[Any]) -> None:
    """Wherever a module has `__all__`: it has no doubles, and each name exists."""
    wrong = {}
    for source in package_sources:
        names = announced(source.tree)
        if names is None:
            continue
        dotted = ".".join(Path(source.path).with_suffix("").parts[1:]).removesuffix(".__init__")
        module = importlib.import_module(dotted)
        absent = [name for name in names if not hasattr(module, name)]
        if absent or len(set(names)) != len(names):
            wrong[source.path] = absent or names
    assert wrong == {}


@pytest.mark.parametrize("name", FACES)
def test_everything_public_is_explained(name: str) -> None:
    """Each public class and function has a docstring of its own."""
    module = importlib.import_module(name)
    public = {key: getattr(module, key) for key in module.__all__}
    silent = [
        key
        for key, value in public.items()
        if callable(value) and not (vars(value).get("__doc__") or getattr(value, "__doc__", None))
    ]
    assert silent == []


def test_type_checkers_may_trust_the_package(package: Path) -> None:
    """The package says that it is typed (PEP 561)."""
    assert (package / "py.typed").is_file()

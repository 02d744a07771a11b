"""Every setting with all its spellings, worked out from the declarations."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi_spine.core.conventions import ENV_PREFIX
from fastapi_spine.settings.model import Settings
from fastapi_spine.settings.section import SWITCH, Setting


class Entry(NamedTuple):
    """One setting and how it is spelt in each place.

    Attributes:
        name: The dotted name, `logs.level`; also the key in a `spine.toml`.
        setting: The declaration.
        section: The name of its section, `logs`, or empty for a setting of `Spine` itself.
        keyword: The keyword, `Spine(app, logs=Logs(level=…))`, or the flag, `spine console --web-port`.
        variables: The environment variables that set it, the strongest first.
    """

    name: str
    setting: Setting[Any, Any]
    section: str
    keyword: str
    variables: tuple[str, ...]


def entries() -> tuple[Entry, ...]:
    """List every setting.

    Returns:
        One entry a plain value, in the order of declaration.
    """
    return tuple(
        entry
        for name, one in Settings.declared.items()
        for entry in ((_plain(one),) if one.section is None else _inside(name, one))
    )


def sections() -> tuple[str, ...]:
    """List the names of the sections inside `Settings`, in the order of declaration."""
    return tuple(name for name, one in Settings.declared.items() if one.section is not None)


def _plain(one: Setting[Any, Any]) -> Entry:
    return Entry(one.name, one, "", f"Spine(app, {one.name}=…)", _variables(one.name, one))


def _inside(name: str, outer: Setting[Any, Any]) -> tuple[Entry, ...]:
    cls = outer.section
    declared = {} if cls is None else cls.declared
    title = "" if cls is None else cls.__name__
    program = "" if cls is None else cls.program
    return tuple(
        Entry(
            name=f"{name}.{one.name}",
            setting=one,
            section=name,
            keyword=f"{program} {flag(one.name)}"
            if program
            else f"Spine(app, {name}={title}({one.name}=…))",
            variables=_variables(f"{name}.{one.name}", one),
        )
        for one in declared.values()
    )


def flag(name: str) -> str:
    """Return the flag of a program's setting."""
    return f"--{name.replace('_', '-')}"


def _variables(name: str, one: Setting[Any, Any]) -> tuple[str, ...]:
    own = _variable(name)
    short = (_variable(name.rpartition(".")[0]),) if one.name == SWITCH else ()
    return (*short, own, *one.also)


def _variable(name: str) -> str:
    return ENV_PREFIX + name.replace(".", "_").upper()

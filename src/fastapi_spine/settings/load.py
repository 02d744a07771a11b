"""Loading: default < file < environment < keyword. The only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from fastapi_spine.core.conventions import (
    ENV_CONSOLE_TOKEN,
    ENV_DEV_PAGES,
    ENV_OTEL_RESOURCE_ATTRIBUTES,
    ENV_PREFIX,
    ENV_PREFIX_DEMO,
    ENV_RUN_TARGET,
    OTEL_SERVICE_KEY,
)
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.catalog import Entry, entries, sections
from fastapi_spine.settings.complaint import unknown
from fastapi_spine.settings.kind import Malformed
from fastapi_spine.settings.model import Settings
from fastapi_spine.settings.origin import Found, Layer, Loaded, Origin
from fastapi_spine.settings.section import SWITCH, Section

if TYPE_CHECKING:
    from fastapi_spine.settings.files import SettingsFile

_SERVICE_LINK: Final = re.compile(
    ENV_PREFIX + r"(?:[A-Z0-9_]+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?)"
)
"""What Kubernetes and Docker links put into every container beside a service called spine or
spine-something (kubernetes.io, "Discovering services"); nobody wrote it as a setting."""

_NO_SETTINGS: Final = frozenset({ENV_RUN_TARGET, ENV_CONSOLE_TOKEN, ENV_DEV_PAGES})

_SERVICE: Final = "service"

_KEYWORDS: Final = {
    name: one
    for name, one in Settings.declared.items()
    if one.section is None or not one.section.program
}
"""Sections of programs are set by their flags."""

_Layers = tuple[tuple[Layer, Mapping[str, Found]], ...]


def environment() -> Mapping[str, str]:
    """Read the environment as it is now; the one door to it.

    Returns:
        A copy, so that later changes are not seen.
    """
    return dict(os.environ)


@contextmanager
def standing_in(name: str, value: str) -> Iterator[None]:
    """Have a variable say something else while a module is imported that reads it by itself.

    The process's environment is one for all threads, so this is for set-up and for nothing longer.

    Args:
        name: the variable.
        value: what it says meanwhile.
    """
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def load(
    *,
    keywords: Mapping[str, object],
    start: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Resolve every setting.

    Args:
        keywords: The keywords of `Spine(app, …)`; a value of None is as good as not given.
        start: The directory where the search for a file begins; by default the current one.
        environ: Environment variables; by default those of the process.

    Returns:
        The settings in force and where each came from.

    Raises:
        SettingsError: A name is unknown, a value does not fit, or a file cannot be read.
    """
    by_name = {entry.name: entry for entry in entries()}
    layers: _Layers = (
        ("file", _from_file(by_name, _file(start))),
        ("environment", _from_environment(by_name, environment() if environ is None else environ)),
        ("keyword", _from_keywords(keywords)),
    )
    resolved = {name: _resolve(entry, layers) for name, entry in by_name.items()}
    given = {name: found.value for name, (kind, found) in resolved.items() if kind != "default"}
    origins = {
        name: Origin(kind, found.place, by_name[name].setting.shown(found.value))
        for name, (kind, found) in resolved.items()
    }
    return Loaded(_build(given), MappingProxyType(origins))


# --- the file --------------------------------------------------------------------------------


def _file(start: Path | None) -> SettingsFile | None:
    # The TOML parser takes 3 ms to import, which loading may cost and importing us may not.
    from fastapi_spine.settings.files import find  # noqa: PLC0415

    if start is None:
        try:
            return find(Path.cwd())
        except FileNotFoundError:  # the current directory is gone; so are its files
            return None
    if not start.is_dir():
        raise SettingsError(f"{start} is not a directory; name one where the search can begin.")
    return find(start.absolute())


def _from_file(by_name: Mapping[str, Entry], file: SettingsFile | None) -> Mapping[str, Found]:
    if file is None:
        return {}
    return {
        name: Found(
            by_name[name].setting.read(written, name=name, place=place), f"{name} in {place}"
        )
        for name, written, place in _written(by_name, file)
    }


def _written(by_name: Mapping[str, Entry], file: SettingsFile) -> Iterable[tuple[str, object, str]]:
    """Walk the keys of a file: dotted name, value, place."""
    tops = {name.partition(".")[0] for name in by_name}
    for key, value in file.values.items():
        if key not in tops:
            raise unknown(key, place=file.place(), known=tops, elsewhere=by_name)
        if key not in sections():
            yield key, value, file.place()
        elif isinstance(value, Mapping):
            yield from _written_inside(by_name, file, key, value)
        elif f"{key}.{SWITCH}" in by_name:
            yield f"{key}.{SWITCH}", value, file.place()
        else:
            raise SettingsError(f"{file.place()}: {key} is {value!r}; make it a table.")


def _written_inside(
    by_name: Mapping[str, Entry], file: SettingsFile, section: str, table: Mapping[str, object]
) -> Iterable[tuple[str, object, str]]:
    place = file.place(section)
    for key, value in table.items():
        if f"{section}.{key}" not in by_name:
            known = [one.setting.name for one in by_name.values() if one.section == section]
            raise unknown(key, place=place, known=known, elsewhere=by_name)
        yield f"{section}.{key}", value, place


# --- the environment -------------------------------------------------------------------------


def _from_environment(
    by_name: Mapping[str, Entry], environ: Mapping[str, str]
) -> Mapping[str, Found]:
    # An empty variable is how compose files and shells say "not set".
    filled = {name: value for name, value in environ.items() if value.strip()}
    _refuse_unknown(by_name, filled)
    found: dict[str, Found] = {}
    for name, entry in by_name.items():
        variable = next((one for one in entry.variables if one in filled), None)
        if variable is not None:
            found[name] = _from_variable(entry, variable, filled[variable])
    if _SERVICE not in found and (service := _otel_service(filled)):
        found[_SERVICE] = _from_variable(by_name[_SERVICE], ENV_OTEL_RESOURCE_ATTRIBUTES, service)
    return found


def _refuse_unknown(by_name: Mapping[str, Entry], filled: Mapping[str, str]) -> None:
    known = {one for entry in by_name.values() for one in entry.variables}
    ours = sorted(one for one in known if one.startswith(ENV_PREFIX))
    for variable in sorted(filled):
        if variable in known or not variable.startswith(ENV_PREFIX):
            continue
        if variable in _NO_SETTINGS or variable.startswith(ENV_PREFIX_DEMO):
            continue
        if _SERVICE_LINK.fullmatch(variable):
            continue
        raise unknown(variable, place="environment", known=ours)


def _from_variable(entry: Entry, variable: str, text: str) -> Found:
    place = f"environment variable {variable}"
    setting = entry.setting
    if setting.kind.text is None:
        raise SettingsError(
            f"{place}: {entry.name} has no form that fits a variable; "
            f"set it in a file or by {entry.keyword}."
        )
    try:
        written = setting.kind.text(text)
    except Malformed as error:
        raise setting.complain(text, name=entry.name, place=place, detail=str(error)) from None
    return Found(setting.read(written, name=entry.name, place=place), place)


def _otel_service(filled: Mapping[str, str]) -> str:
    """Find the service among resource attributes.

    The form is `key=value,key=value` with percent-encoded values (OpenTelemetry specification,
    resource SDK). What is malformed there is not ours to refuse, and is passed over.
    """
    for pair in filled.get(ENV_OTEL_RESOURCE_ATTRIBUTES, "").split(","):
        key, _, value = pair.partition("=")
        if key.strip() == OTEL_SERVICE_KEY:
            return unquote(value.strip())
    return ""


# --- keywords --------------------------------------------------------------------------------


def _from_keywords(keywords: Mapping[str, object]) -> Mapping[str, Found]:
    found: dict[str, Found] = {}
    for keyword, written in keywords.items():
        setting = _KEYWORDS.get(keyword)
        if setting is None:
            raise unknown(keyword, place="Spine(app, …)", known=_KEYWORDS)
        if written is None:
            continue
        value = setting.read(written, name=keyword, place="Spine(app, …)")
        if isinstance(value, Section):
            if SWITCH in value.declared:  # who writes Guard(…) wants it on
                place = f"keyword {keyword}={type(value).__name__}(…)"
                found[f"{keyword}.{SWITCH}"] = Found(value.given.get(SWITCH, True), place)
            for name, part in value.given.items():
                place = f"keyword {keyword}={type(value).__name__}({name}=…)"
                found[f"{keyword}.{name}"] = Found(part, place)
        else:
            found[keyword] = Found(value, f"keyword {keyword}")
    return found


# --- all together ----------------------------------------------------------------------------


def _resolve(entry: Entry, layers: _Layers) -> tuple[Layer, Found]:
    kind: Layer = "default"
    setting = entry.setting
    value, places = setting.default, ["default"]
    for layer, found in layers:
        if entry.name in found:
            kind = layer
            value = setting.kind.merge(value, found[entry.name].value)
            places.insert(0, found[entry.name].place)
    return kind, Found(value, " over ".join(places) if setting.kind.merges else places[0])


def _build(given: Mapping[str, Any]) -> Settings:
    inner: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        section, _, key = name.rpartition(".")
        inner.setdefault(section, {})[key] = value
    top = inner.pop("", {})
    for section, values in inner.items():
        cls = Settings.declared[section].section
        if cls is not None:
            top[section] = cls(**values)
    return Settings(**top)

"""What may not leave: the settings of redaction."""

from __future__ import annotations

from fastapi_spine.settings.lists import NAMES, PATTERNS, TEXTS, ExtraPattern
from fastapi_spine.settings.parse import BOOLEAN
from fastapi_spine.settings.section import Section, Setting, setting

Strings = list[str] | tuple[str, ...] | set[str] | frozenset[str]
"""Several strings; a bare one is refused, because it would be read letter by letter."""
Patterns = list[ExtraPattern] | tuple[ExtraPattern, ...] | list[dict[str, str]]


class Redaction(Section):
    """What is taken out of everything that leaves the process."""

    enabled: Setting[bool, bool] = setting(
        default=True,
        doc="Whether secrets are taken out; `redaction=False` says the same.",
        kind=BOOLEAN,
    )
    pii: Setting[bool, bool] = setting(
        default=False,
        doc="Whether e-mail and IP addresses are taken out as well.",
        kind=BOOLEAN,
    )
    allow_keys: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Keys whose values stay although their names are sensitive: exact names or dotted paths.",
        kind=NAMES,
    )
    extra_keys: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Keys whose values are taken out although nobody else calls them sensitive.",
        kind=NAMES,
    )
    disable_kinds: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Kinds of secrets that are not looked for, by the word in their mark, such as `ssn`.",
        kind=NAMES,
    )
    extra_patterns: Setting[Patterns, tuple[ExtraPattern, ...]] = setting(
        default=[],
        doc="Secrets of your own, each with a literal that must be there before its pattern is tried.",
        kind=PATTERNS,
    )
    known_values: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Secrets that are known by heart and taken out wherever they appear.",
        kind=TEXTS,
        secret=True,
    )
    known_environment: Setting[bool, bool] = setting(
        default=True,
        doc="Whether the values of environment variables with sensitive names are such secrets.",
        kind=BOOLEAN,
    )

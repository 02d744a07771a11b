"""Kinds of values that hold several: names, secrets, path policies, loggers, headers, patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import HEADER_SERVER_TIMING, HEADER_TRACERESPONSE
from fastapi_spine.settings.complaint import clipped, nearest
from fastapi_spine.settings.kind import Kind, Malformed, quoted
from fastapi_spine.settings.parse import word

_POLICIES: Final = frozenset({"on", "off", "errors", "minute"})
_SAMPLE: Final = r"sample:((?:0|1)(?:\.[0-9]+)?)"
_PATTERN_KIND: Final = r"[a-z][a-z0-9_]{0,31}"


def _split(text: str) -> object:
    return [part.strip() for part in text.split(",") if part.strip()]


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise Malformed("one string is not a list" if isinstance(value, str) else "")
    if not all(isinstance(part, str) and part.strip() for part in value):
        raise Malformed("an entry is empty or not a string")
    return tuple(value)


def _names(value: object) -> frozenset[str]:
    return frozenset(name.strip() for name in _texts(value))


def _show_names(value: frozenset[str]) -> str:
    return quoted(sorted(value))


NAMES: Final[Kind[frozenset[str]]] = Kind(
    expected="a list of strings (in a variable separated by commas)",
    parse=_names,
    show=_show_names,
    text=_split,
)

TEXTS: Final[Kind[tuple[str, ...]]] = Kind(
    expected="a list of strings (in a variable separated by commas)",
    parse=_texts,
    text=_split,
)
"""Like NAMES, but an entry is kept to the letter; blanks around it belong to it."""


def log_policy(value: object) -> str:
    """Check the policy of an access line.

    Args:
        value: `on`, `off`, `errors`, `minute`, or `sample:` and a share from 0 to 1.

    Returns:
        The policy, in lower case.

    Raises:
        Malformed: It is none of these.
    """
    policy = value.strip().lower() if isinstance(value, str) else ""
    share = re.fullmatch(_SAMPLE, policy)
    if policy in _POLICIES or (share and float(share[1]) <= 1):
        return policy
    raise Malformed('a policy is "on", "off", "errors", "minute" or "sample:0.01"')


def _policies(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise Malformed
    policies: dict[str, str] = {}
    for path, policy in value.items():
        if not isinstance(path, str) or not path.startswith(("/", "*")):
            raise Malformed(f"{clipped(path)} starts with neither / nor *")
        try:
            policies[path] = log_policy(policy)
        except Malformed as error:
            raise Malformed(f"{clipped(path)} has {clipped(policy)}; {error}") from None
    return MappingProxyType(policies)


def _policies_text(text: str) -> object:
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    return {path.strip(): policy for path, _, policy in pairs}


def _show_policies(value: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{quoted(path)} = {quoted(policy)}" for path, policy in value.items())
    return f"{{ {pairs} }}" if pairs else "{}"


def _lay_over(lower: Mapping[str, str], upper: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({**lower, **upper})


POLICIES: Final[Kind[Mapping[str, str]]] = Kind(
    expected=(
        'a table from path, such as "/internal/*", to "on", "off", "errors", "minute" or "sample:0.01" '
        "(in a variable /path=policy, separated by commas)"
    ),
    parse=_policies,
    show=_show_policies,
    text=_policies_text,
    merge=_lay_over,
)


def _recorder(value: object) -> bool | tuple[str, ...]:
    return value if isinstance(value, bool) else (tuple(sorted(_names(value))) or True)


def _switch_or_list(text: str) -> object:
    try:
        return word(text)
    except Malformed:
        return _split(text)


RECORDER: Final[Kind[bool | tuple[str, ...]]] = Kind(
    expected="true, false, or a list of logger names (in a variable separated by commas)",
    parse=_recorder,
    text=_switch_or_list,
)


_RESPONSE_HEADERS: Final = tuple(
    name.decode("ascii") for name in (HEADER_TRACERESPONSE, HEADER_SERVER_TIMING)
)


def _response_headers(value: object) -> tuple[str, ...]:
    if isinstance(value, bool):
        return _RESPONSE_HEADERS if value else ()
    names = {name.strip().lower() for name in _texts(value)}
    for name in sorted(names.difference(_RESPONSE_HEADERS)):
        near = nearest(name, _RESPONSE_HEADERS)
        raise Malformed(f"{clipped(name)} is none of these" + (near and f", {near} is"))
    return tuple(name for name in _RESPONSE_HEADERS if name in names)


RESPONSE_HEADERS: Final[Kind[tuple[str, ...]]] = Kind(
    expected=(
        f"true, false, or a list of {' and '.join(map(quoted, _RESPONSE_HEADERS))} "
        "(in a variable separated by commas)"
    ),
    parse=_response_headers,
    text=_switch_or_list,
)


class ExtraPattern(NamedTuple):
    """A secret of the user's own, to be found in free text.

    Attributes:
        kind: The word in the mark, `[REDACTED:<kind>]`: lower-case letters, digits, underscores.
        literal: A fixed part of every such secret; text without it is never searched.
        pattern: The regular expression of the whole secret.
    """

    kind: str
    literal: str
    pattern: str


def _extra_pattern(value: object) -> ExtraPattern:
    if isinstance(value, ExtraPattern):
        value = value._asdict()
    if not isinstance(value, Mapping):
        raise Malformed("an entry is not a table")
    for name in value:
        if name not in ExtraPattern._fields:
            near = nearest(str(name), ExtraPattern._fields)
            raise Malformed(f"{clipped(name)} is unknown in an entry" + (near and f", not {near}"))
    for name in ExtraPattern._fields:
        if not isinstance(value.get(name), str) or not value[name]:
            raise Malformed(f"an entry has no text for {quoted(name)}")
    if not re.fullmatch(_PATTERN_KIND, value["kind"]):
        raise Malformed(f"the kind {clipped(value['kind'])} is not lower-case letters, digits or _")
    try:
        re.compile(value["pattern"])
    except re.error as error:
        raise Malformed(
            f"the pattern of {quoted(value['kind'])} does not compile: {error}"
        ) from None
    return ExtraPattern(**value)


def _extra_patterns(value: object) -> tuple[ExtraPattern, ...]:
    if not isinstance(value, list | tuple) or isinstance(value, ExtraPattern):
        raise Malformed
    return tuple(_extra_pattern(entry) for entry in value)


def _show_extra_patterns(value: Iterable[ExtraPattern]) -> str:
    tables = (
        ", ".join(f"{name} = {quoted(text)}" for name, text in pattern._asdict().items())
        for pattern in value
    )
    return f"[{', '.join(f'{{ {table} }}' for table in tables)}]"


PATTERNS: Final[Kind[tuple[ExtraPattern, ...]]] = Kind(
    expected='a list of tables with the keys "kind", "literal" and "pattern"',
    parse=_extra_patterns,
    show=_show_extra_patterns,
    text=None,
)

"""What a team may decide about redaction: plain, frozen, checked when made."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.redaction.marks import KIND_SHAPE
from fastapi_spine.redaction.pattern_check import check_pattern

SHORTEST_LITERAL = 3
SHORTEST_KNOWN_VALUE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraPattern:
    """A rule of the team's own for tokens that no built-in rule knows.

    Args:
        kind: the name in the mark, lower-case letters, digits and underscores, at least two.
        literal: text that is part of every match (any casing), at least three characters: the
            rule runs only on text that holds it.
        pattern: a regular expression whose match is replaced whole. Every repeat needs an upper
            bound, because it runs on text that strangers can choose.

    Raises:
        SettingsError: when one of the three is unfit; the message says which and why.
    """

    kind: str
    literal: str
    pattern: str

    def __post_init__(self) -> None:
        if not KIND_SHAPE.fullmatch(self.kind):
            raise SettingsError(
                f"redaction pattern kind {self.kind!r} must be 2 to 32 of a-z, 0-9 and '_',"
                " beginning with a letter"
            )
        if len(self.literal) < SHORTEST_LITERAL:
            raise SettingsError(
                f"redaction pattern {self.kind!r}: literal {self.literal!r} is shorter than"
                f" {SHORTEST_LITERAL} characters; name a text that is part of every match"
            )
        if not self.literal.isascii():
            raise SettingsError(f"redaction pattern {self.kind!r}: the literal must be ASCII")
        check_pattern(self.kind, self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole configuration of redaction.

    Args:
        enabled: False writes everything as it is (values are still made fit for JSON).
        pii: True also removes e-mail and IP addresses (kinds ``email`` and ``ip``).
        allow_keys: keys that are no secrets here, as an exact name or a dotted path
            (``headers.x-tenant-token``), any casing. The value rules still apply below them.
        extra_keys: further keys whose values go, in any casing and style.
        disable_kinds: kinds that stay, for example ``{"ssn"}``.
        extra_patterns: further rules for values.
        known_values: secrets known at start-up; they are also found URL- and base64-encoded.
            Values shorter than 10 characters are left out: they would hit ordinary text.
    """

    enabled: bool = True
    pii: bool = False
    allow_keys: frozenset[str] = frozenset()
    extra_keys: frozenset[str] = frozenset()
    disable_kinds: frozenset[str] = frozenset()
    extra_patterns: tuple[ExtraPattern, ...] = ()
    known_values: tuple[str, ...] = ()

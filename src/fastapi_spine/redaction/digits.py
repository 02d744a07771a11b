"""Payment cards and social security numbers: digits that pass the checks of their issuers.

A card needs a known issuer prefix, a length that issuer uses and the Luhn sum, and must not touch
a word, a decimal point or another group: order numbers, epoch times and decimals stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.gate import DIGITS, ROUGH_DIGITS
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark

_CARD = LazyPattern(
    r"(?:(?<![\w+-])(?<!\d\.)|(?<=%[Bb]))(?:[0-9]{4}(?P<gap>[ -])[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}"
    r"|[0-9]{4}(?P<amex>[ -])[0-9]{6}(?P=amex)[0-9]{4,5}|[0-9](?:[ -]?[0-9]){12,18})(?![\w-]|\.[0-9])"
)
# SSA: no area 000, 666 or 9xx, no group 00, no serial 0000.
_SSN = LazyPattern(
    r"(?<![\w-])(?<!\d\.)(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-]|\.[0-9])"
)
_ISSUERS: tuple[tuple[LazyPattern, frozenset[int]], ...] = tuple(
    (LazyPattern(prefix), frozenset(lengths))
    for prefix, lengths in (
        (r"4", (16, 19)),  # Visa; 13 digits are no longer issued
        (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        (r"3[47]", (15,)),  # American Express
        (r"30[0-5]|3[689]", (14, 16)),  # Diners Club
        (r"6011|64[4-9]|65", (16, 19)),  # Discover
        (r"35(?:2[89]|[3-8])", (16,)),  # JCB
        (r"62", (16, 17, 18, 19)),  # UnionPay
        (r"50(?:18|20|38)|5893|6304|6759|676[1-3]", (16,)),  # Maestro
    )
)
_DOUBLED = str.maketrans("0123456789", "0246813579")


def is_card(number: str) -> bool:
    """Say whether `number` (digits only) is a payment card: issuer, length and Luhn sum."""
    if not any(prefix.match(number) and len(number) in sizes for prefix, sizes in _ISSUERS):
        return False
    plain, doubled = number[-1::-2], number[-2::-2].translate(_DOUBLED)
    return (sum(map(int, plain)) + sum(map(int, doubled))) % 10 == 0


class DigitRules:
    """Replaces cards and social security numbers in text."""

    def __init__(self, disabled: frozenset[str], found: Callable[[str], None]) -> None:
        self._cards = "card" not in disabled
        self._ssns = "ssn" not in disabled
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` without card and social security numbers."""
        if not (ROUGH_DIGITS.search(text) and DIGITS.search(text)):
            return text
        if self._cards:
            text = _CARD.sub(self._card, text)
        return _SSN.sub(self._ssn, text) if self._ssns else text

    def _card(self, match: re.Match[str]) -> str:
        number = match[0].replace(" ", "").replace("-", "")
        if not is_card(number):
            return match[0]
        self._found("card")
        return mark("card")

    def _ssn(self, _match: re.Match[str]) -> str:
        self._found("ssn")
        return mark("ssn")


class PersonalRules:
    """Replaces e-mail and IP addresses: opt-in, because logs need them to be useful."""

    def __init__(self, disabled: frozenset[str], found: Callable[[str], None]) -> None:
        self._disabled = disabled
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` without e-mail and IP addresses; a network (``203.0.113.0/24``) stays."""
        for kind, pattern in (("email", _EMAIL), ("ip", _IPV4), ("ip", _IPV6)):
            if kind in self._disabled:
                continue
            text, count = pattern.subn(mark(kind), text)
            for _ in range(count):
                self._found(kind)
        return text


_EMAIL = LazyPattern(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}+\.){1,6}(?<=\.)[A-Za-z]{2,24}\b"
    r"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}\b"
)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_IPV4 = LazyPattern(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w/]|\.[0-9])")
_H = r"[0-9A-Fa-f]{1,4}"
_IPV6 = LazyPattern(
    rf"(?<![\w:.])(?:(?:{_H}:){{7}}{_H}|(?:{_H}:){{1,6}}(?::{_H}){{1,6}}|::(?:{_H}:){{0,5}}{_H})(?![\w:/])"
)

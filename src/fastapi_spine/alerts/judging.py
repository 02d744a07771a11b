"""Which requests are bad: 5xx and exceptions, not 4xx, not clients that left; unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from fastapi_spine.settings.targets import EXCEPTION

UNANSWERED: Final = 0
"""The status of a request whose client got none."""
LEFT: Final = "499"
_CLASS: Final = "xx"

Outcome = tuple[int, bool]
"""Status, `UNANSWERED` for none, and whether it failed: by exception, or by a status of 500 or more."""


class Badness(NamedTuple):
    """The rule.

    Attributes:
        words: `5xx`, `429`, `exception` …; a request is bad if one fits.
    """

    words: tuple[str, ...]

    def bad(self, status: int, *, failed: bool) -> bool:
        """Whether a request is bad.

        Args:
            status: that went on the wire; `UNANSWERED` for none.
            failed: whether an exception ended it. Of a request with a status of 500 or more this says nothing more.
        """
        raised = failed and status < 500  # noqa: PLR2004 - a server error, whoever made it
        return any(_fits(word, status, raised=raised) for word in self.words)

    def count(self, outcomes: Mapping[Outcome, int]) -> int:
        """Return how many of these are bad."""
        return sum(
            many for (status, failed), many in outcomes.items() if self.bad(status, failed=failed)
        )


def _fits(word: str, status: int, *, raised: bool) -> bool:
    if word == EXCEPTION:
        return raised
    if word == LEFT and status == UNANSWERED:
        return not raised
    if word.endswith(_CLASS):
        return status // 100 == int(word[0])
    return status == int(word)

"""Which access lines are worth writing.

Probes ask every few seconds and say the same thing; a failure is always worth a line. What a rule leaves out
is counted per route, and the next line of a once-a-minute route says how many it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import translate

from fastapi_spine.core.exchange import Exchange, Refusal
from fastapi_spine.core.health import Health
from fastapi_spine.settings.route_policy import LogRule, RoutePolicy

MINUTE_NS = 60 * 1_000_000_000
_SAMPLE_BITS = 32
_REFUSALS = 10
_REFUSALS_NS = 10 * 1_000_000_000
"""So many refusals of one kind are written in so long: a flood shows, and does not fill the disk."""


def _always(_path: str) -> bool:
    return True


class _Seen:
    __slots__ = ("lines", "skipped", "status", "written")

    def __init__(self) -> None:
        self.lines = 0
        self.written: int | None = None
        self.status: int | None = None
        self.skipped = 0


class Noise:
    """Applies `@policy(log=…)` and the path patterns of the settings.

    Args:
        paths: pattern (`/healthz`, `/internal/*`) to rule. A pattern matches the request's path or its route.
        health: counts what is left out, by route.

    Attributes:
        ruled: tells whether a rule of the settings may apply to a path; a quick look before `skipped`.
    """

    __slots__ = ("_exact", "_globs", "_health", "_seen", "_templates", "ruled")

    def __init__(self, paths: Mapping[str, LogRule], health: Health) -> None:
        self._exact = {pattern: rule for pattern, rule in paths.items() if not _is_glob(pattern)}
        self._templates = any("{" in pattern for pattern in self._exact)
        self._globs = tuple(
            (re.compile(translate(pattern)), rule)
            for pattern, rule in paths.items()
            if _is_glob(pattern)
        )
        self.ruled: Callable[[str], bool] = self._exact.__contains__
        if self._globs or self._templates:
            self.ruled = _always
        self._health = health
        self._seen: dict[str, _Seen] = {}

    def skipped(self, exchange: Exchange, policy: object, *, notable: bool) -> int | None:
        """Decide about one access line.

        Args:
            exchange: the finished request.
            policy: the rules at its route, if it has any.
            notable: whether it failed or was slow.

        Returns:
            None if the line is left out; else how many lines before it were.
        """
        if exchange.refusal is not None:
            return self._judge_refusal(exchange, exchange.refusal)
        rule = self._rule(exchange, policy)
        if rule.kind == "on":
            return 0
        return self._judge(rule, exchange, notable=notable)

    def _rule(self, exchange: Exchange, policy: object) -> LogRule:
        if isinstance(policy, RoutePolicy) and policy.log is not None:
            return policy.log
        path = exchange.scope.get("path", "")
        rule = self._exact.get(path)
        if rule is None and self._templates:
            rule = self._exact.get(exchange.route)
        if rule is not None:
            return rule
        for pattern, glob_rule in self._globs:
            if pattern.match(path) or pattern.match(exchange.route):
                return glob_rule
        return _ON

    def _judge(self, rule: LogRule, exchange: Exchange, *, notable: bool) -> int | None:
        seen = self._seen_of(exchange.route)
        if rule.kind == "off":
            wanted = False
        elif notable:
            wanted = True
        elif rule.kind == "sample":
            wanted = _share(exchange.identity.trace_id) < rule.share
        elif rule.kind == "minute":
            wanted = (
                seen.written is None
                or exchange.ended - seen.written >= MINUTE_NS
                or exchange.status != seen.status
            )
        else:
            wanted = False
        if wanted:
            return self._write(seen, exchange)
        self._leave_out(seen, exchange)
        return None

    def _judge_refusal(self, exchange: Exchange, refusal: Refusal) -> int | None:
        """Write the first few refusals of a kind, and say with the next ones how many were left out."""
        seen = self._seen_of(" ".join(refusal))
        if seen.written is None or exchange.ended - seen.written >= _REFUSALS_NS:
            seen.lines = 0
        elif seen.lines >= _REFUSALS:
            self._leave_out(seen, exchange)
            return None
        started = seen.written if seen.lines else exchange.ended
        seen.lines += 1
        skipped = self._write(seen, exchange)
        seen.written = started
        return skipped

    def _seen_of(self, route: str) -> _Seen:
        seen = self._seen.get(route)
        if seen is None:
            seen = self._seen[route] = _Seen()
        return seen

    def _write(self, seen: _Seen, exchange: Exchange) -> int:
        skipped, seen.skipped = seen.skipped, 0
        seen.written, seen.status = exchange.ended, exchange.status
        return skipped

    def _leave_out(self, seen: _Seen, exchange: Exchange) -> None:
        seen.skipped += 1
        seen.status = exchange.status
        self._health.suppressed[exchange.route] += 1


_ON = LogRule("on")


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def _share(trace_id: str) -> float:
    """Return where a trace falls in 0..1: every service of a trace decides alike."""
    return int(trace_id[-8:], 16) / (1 << _SAMPLE_BITS)

"""What a request passes on its way in, in order: for `spine doctor`."""

from __future__ import annotations

from math import isinf
from urllib.parse import urlsplit

from fastapi_spine.settings.guard_model import UNLIMITED, Guard
from fastapi_spine.settings.guarding import Rate, shown_rate

_OFF = "off"


def doors(guard: Guard) -> list[tuple[str, str]]:
    """Return each guard's name and what it is set to; the store's password is not among it."""
    return [
        ("proxies", f"believed: {', '.join(guard.proxies)}" if guard.proxies else "none believed"),
        ("spine", "request id, access line, metrics, span"),
        ("cors", ", ".join(guard.cors) or _OFF),
        ("hosts", ", ".join(guard.hosts) or "any"),
        ("headers", _headers(guard)),
        ("rate", _rate(guard)),
        ("body", "any size" if guard.body == UNLIMITED else f"at most {guard.body} bytes"),
        ("deadline", _OFF if isinf(guard.deadline) else f"{guard.deadline:g} s"),
        ("then", "the application's own middlewares, and the application"),
    ]


def _headers(guard: Guard) -> str:
    if guard.headers.get("*") == _OFF:
        return _OFF
    changed = ", ".join(guard.headers)
    return f"defaults, changed: {changed}" if changed else "defaults"


def _rate(guard: Guard) -> str:
    told = [_listed(guard.rate)] if guard.rate else []
    told += [f"{path} {_listed(rates)}" for path, rates in guard.rate_paths.items()]
    if not told:
        return _OFF
    where = "in each process"
    if guard.rate_store:
        where = f"shared in {urlsplit(guard.rate_store).hostname}, fail-{guard.rate_failure}"
    return f"{'; '.join(told)} by {guard.rate_by}, {guard.rate_window} window, {where}"


def _listed(rates: tuple[Rate, ...]) -> str:
    return ", ".join(map(shown_rate, rates))

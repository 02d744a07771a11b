"""A configuration for Alertmanager 0.22 and later: who is told, and which alerts speak for which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from fastapi_spine.alerts.windows import Table
from fastapi_spine.backends.promql import span
from fastapi_spine.core.console_names import ALERT_NAME

_WAIT: Final = 2
_PAUSE: Final = 20
"""Evaluations: what comes within them goes into one message."""
_HEAD: Final = """\
# Routes and inhibitions for the rules of fastapi-spine. Written by `spine kit prometheus`.
# Give the receivers their ways to people: https://prometheus.io/docs/alerting/latest/configuration/#receiver
route:
  receiver: spine-tickets
  group_by: [service, objective]
  group_wait: {wait}
  group_interval: {pause}
  repeat_interval: 4h
  routes:
    - matchers: ['severity="page"']
      receiver: spine-pages
    - matchers: ['severity="info"']
      receiver: spine-nobody
"""


def config(table: Table, webhook: str = "") -> str:
    """Write the configuration.

    Args:
        table: its tiers, of which a faster one keeps slower ones of the same objective quiet.
        webhook: where pages and tickets are posted; without one the receivers are empty.
    """
    wait, pause = (span(round(many * table.every_s)) for many in (_WAIT, _PAUSE))
    head = _HEAD.format(wait=wait, pause=pause)
    return "".join((head, *_inhibitions(table), *_receivers(webhook)))


def _inhibitions(table: Table) -> Iterator[str]:
    names = [tier.name for tier in table.tiers]
    yield "inhibit_rules:\n"
    for place, name in enumerate(names[:-1]):
        slower = "|".join(names[place + 1 :])
        yield f"""  - source_matchers: ['alertname="{ALERT_NAME}"', 'tier="{name}"']\n"""
        yield f"""    target_matchers: ['alertname="{ALERT_NAME}"', 'tier=~"{slower}"']\n"""
        yield "    equal: [service, objective]\n"


def _receivers(webhook: str) -> Iterator[str]:
    yield "receivers:\n"
    for name in ("spine-pages", "spine-tickets"):
        yield f"  - name: {name}\n"
        if webhook:
            yield f"    webhook_configs: [{{url: {json.dumps(webhook)}}}]\n"
    yield "  - name: spine-nobody\n"

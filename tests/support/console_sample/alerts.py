"""Objectives and alerts of the made-up shop: one promise holds, one burns, one is overspent, one is silenced."""

from __future__ import annotations

import math
from typing import Any

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
MONTH_S = 30 * 86_400
TIERS = [("fast", "page", 14.4, 3600, 300), ("medium", "page", 6.0, 21_600, 1800), ("slow", "ticket", 1.0, 259_200, 21_600)]  # fmt: skip


def objective(service: str, target: str, promise: str, left: float, burn: float, now_us: int, **more: Any) -> dict[str, Any]:  # fmt: skip
    """One objective whose budget fell to `left`, and burns `burn` times as fast as it may."""
    name = f"{service}-{target}-{promise}"
    steps = 90
    fall = [1 - (1 - left) * (at / (steps - 1)) ** 1.6 + 0.01 * math.sin(at) for at in range(steps)]
    burns = [
        {"tier": tier, "severity": severity, "factor": factor, "long_s": long, "short_s": short,
         "long": burn * (0.9 if tier == "fast" else 0.4), "short": burn, "enough": True,
         "state": "firing" if burn * (0.9 if tier == "fast" else 0.4) > factor else "inactive"}
        for tier, severity, factor, long, short in TIERS
    ]  # fmt: skip
    return {
        "id": name, "service": service, "target": target, "kind": "availability", "title": f"{target} · {promise}",
        "ratio": 0.999, "threshold_us": None, "window_s": MONTH_S, "declared_by": "service", "routes": [target],
        "basis": "metrics", "state": "ok", "severity": "", "total": 812_402, "bad": 812_402 * 0.001 * (1 - left),
        "good_share": 1 - 0.001 * (1 - left), "budget_left": left, "covered_s": MONTH_S, "burns": burns,
        "chart": {"start_us": now_us - 30 * DAY_US, "step_us": DAY_US // 3, "left": fall},
    } | more  # fmt: skip


def alert(of: dict[str, Any], number: int, state: str, tier: str, now_us: int, **more: Any) -> dict[str, Any]:  # fmt: skip
    """One alert of an objective."""
    severity = "ticket" if tier == "slow" else "page"
    factor = next(one[2] for one in TIERS if one[0] == tier)
    return {
        "id": f"a{number}", "objective": of["id"], "service": of["service"], "title": of["title"], "tier": tier,
        "severity": severity, "state": state, "pending_us": now_us - 14 * MINUTE_US,
        "fired_us": None if state == "pending" else now_us - 12 * MINUTE_US, "resolved_us": None, "factor": factor,
        "burn_long": factor * 1.3, "burn_short": factor * 1.6, "budget_left": of["budget_left"], "inhibited_by": "",
        "silenced_by": "", "acked": None, "evidence": None,
    } | more  # fmt: skip


def alerts(now_us: int, evidence: dict[str, Any]) -> dict[str, Any]:
    """The answer of the alerts' page."""
    burning = objective(
        "orders",
        "POST /orders",
        "99.9 % succeed",
        0.31,
        19.2,
        now_us,
        state="firing",
        severity="page",
    )
    calm = objective(
        "orders", "GET /orders/{order_id}", "99 % within 300 ms", 0.87, 0.4, now_us, kind="latency"
    )
    spent = objective(
        "payments",
        "POST /payments",
        "99.9 % succeed",
        -0.12,
        2.1,
        now_us,
        state="firing",
        severity="ticket",
    )
    fresh = objective(
        "inventory", "GET /stock/{sku}", "99.9 % succeed", 0.98, 0.1, now_us, covered_s=7_200
    )
    silent = objective("inventory", "POST /imports", "99 % succeed", 1.0, 0.0, now_us, state="no_data", good_share=None,
                       budget_left=None, basis="")  # fmt: skip
    silence = {"id": "s1", "objective": spent["id"], "service": "", "starts_us": now_us - 30 * MINUTE_US,
               "ends_us": now_us + 210 * MINUTE_US, "by": "grace", "note": "the bank is told, their fix comes at noon"}  # fmt: skip
    return {
        "at_us": now_us - 4_000_000, "every_s": 15.0, "table": "workbook",
        "objectives": [burning, spent, calm, fresh, silent],
        "alerts": [
            alert(burning, 1, "firing", "fast", now_us, evidence=evidence),
            alert(spent, 2, "firing", "slow", now_us, silenced_by="s1"),
            alert(calm, 3, "resolved", "medium", now_us - 3 * DAY_US, resolved_us=now_us - 3 * DAY_US + 22 * MINUTE_US,
                  acked={"at_us": now_us - 3 * DAY_US, "by": "ada", "note": "a missing index, added"}),
        ],
        "silences": [silence],
        "senders": [
            {"name": "webhook", "target": "https://hooks.example/…", "sent": 3, "failed": 0, "waiting": 0,
             "last_us": now_us - 12 * MINUTE_US, "last_error": ""},
        ],
        "trouble": [],
    }  # fmt: skip

"""An hour of a shop's telemetry: lists, numbers and failures, drawn with a seed so that every run has the same."""

from __future__ import annotations

import math
from random import Random  # noqa: TID251 - samples are drawn with a seed, no id that matters is made
from typing import Any

from msgspec import structs

from console_sample.alerts import alerts
from console_sample.shop import STACK, huge, many_queries, place_order
from console_sample.traces import BOUNDS_US, hexed, trace_view
from fastapi_spine.console.views import (
    Change,
    ErrorGroup,
    ErrorPage,
    Health,
    LogView,
    Numbers,
    Overview,
    RequestRow,
    RouteNumbers,
    SenderHealth,
    ServiceNumbers,
    SignalHealth,
    Spread,
    StoreHealth,
    TraceView,
)

MINUTE_US = 60_000_000
ROUTES = [
    ("orders", "POST", "/orders", 9.0, 92.0, 0.021),
    ("orders", "GET", "/orders/{order_id}", 31.0, 14.0, 0.002),
    ("orders", "POST", "/login", 6.0, 38.0, 0.0),
    ("orders", "GET", "/sales", 0.4, 410.0, 0.0),
    ("orders", "GET", "/orders/{order_id}/receipt", 3.0, 9.0, 0.0),
    ("inventory", "POST", "/reservations", 9.0, 27.0, 0.0),
    ("inventory", "GET", "/stock/{sku}", 44.0, 3.1, 0.001),
    ("inventory", "POST", "/imports", 0.02, 5000.0, 0.0),
    ("payments", "POST", "/payments", 9.0, 55.0, 0.019),
    ("payments", "GET", "/accounts/{account_id}", 2.0, 6.0, 0.0),
]
"""Service, method, route, requests a second, median in milliseconds, share that fails."""
LINES = [
    ("INFO", "basket received"), ("INFO", "order paid, receipt at /orders/1871/receipt?token=***"),
    ("INFO", "3 articles reserved"), ("DEBUG", "inventory says 200 for SKU-0007"),
    ("WARN", "stock of SKU-0009 is low: 3 left"), ("INFO", "request completed"),
    ("INFO", "sign-in with {'email': 'a***@shop.example', 'password': '***'}"),
    ("ERROR", "request failed"), ("WARN", "bank is slow, waited 940 ms"),
]  # fmt: skip


class Samples:
    """Everything that the sample server answers with, around one moment."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self._random = Random(7)  # noqa: S311 - as above
        self.traces = self._traces()
        self.requests = self._requests()
        self.logs = self._logs()

    def _traces(self) -> dict[str, TraceView]:
        told = {
            "slow": place_order("0199-slow", fails=False),
            "failed": place_order("0199-failed", fails=True),
            "many": many_queries("0199-many"),
            "huge": huge("0199-huge"),
        }
        found: dict[str, TraceView] = {}
        for number, (name, call) in enumerate(told.items()):
            trace_id = hexed("trace", name, digits=32)
            start = self.now_us - (number * 3 + 2) * MINUTE_US
            view = trace_view(call, trace_id, start, peers=self.spread("orders", "POST", "/orders"))
            found[trace_id] = view
            found.update({row.request_id: view for row in view.requests})
        return found

    def request(self, at_us: int, number: int) -> RequestRow:
        """One drawn request."""
        draw = self._random
        weights = [route[3] for route in ROUTES]
        service, method, route, _, median, bad = draw.choices(ROUTES, weights)[0]
        took = median * 1e3 * math.exp(draw.gauss(0, 0.55))
        failed = draw.random() < bad
        refused = not failed and draw.random() < 0.03
        status = 500 if failed else (draw.choice([401, 404, 422]) if refused else 200)
        path = route.replace("{order_id}", str(draw.randint(1000, 1999))).replace(
            "{sku}", f"SKU-{draw.randint(1, 40):04d}"
        )
        request_id = hexed("request", number, digits=32)
        return RequestRow(
            f"{at_us}.{number}", request_id, hexed("t", number, digits=32), hexed("s", number),
            service, method, route, path, status, at_us, took, failed,
            error="ZeroDivisionError" if failed else "", entry=service == "orders",
        )  # fmt: skip

    def _requests(self) -> list[RequestRow]:
        drawn = [self.request(self.now_us - number * 1_700_000, number) for number in range(2000)]
        told = [row for view in set_of(self.traces) for row in view.requests]
        return sorted([*drawn, *told], key=lambda row: -row.start_us)

    def log(self, at_us: int, number: int) -> LogView:
        """One drawn log line."""
        level, message = LINES[number * 7 % len(LINES)]
        severity = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}[level]
        service = ("orders", "inventory", "payments")[number % 3]
        return LogView(
            f"{at_us}.{number}", at_us, severity, level, f"shop.{service}", message, service,
            hexed("request", number // 3, digits=32), hexed("t", number // 3, digits=32),
            hexed("s", number // 3), {"user_id": number % 90, "articles": number % 5 + 1},
            level == "DEBUG", STACK if level == "ERROR" else "",
        )  # fmt: skip

    def _logs(self) -> list[LogView]:
        drawn = [self.log(self.now_us - number * 610_000, number) for number in range(3000)]
        told = [line for view in set_of(self.traces) for line in view.logs[:50]]
        return sorted([*drawn, *told], key=lambda line: -line.at_us)

    def spread(self, service: str, method: str, route: str) -> Spread:
        """How long a route took: a hump around its median."""
        median = next((r[4] for r in ROUTES if r[:3] == (service, method, route)), 50.0) * 1e3
        heights = [
            math.exp(-((math.log(bound) - math.log(median)) ** 2) / 0.6) for bound in BOUNDS_US
        ]
        counts = [int(height * 420) for height in heights] + [0]
        end = self.now_us
        return Spread(
            service, method, route, end - 60 * MINUTE_US, end, sum(counts), 14, median, median * 2.6,
            median * 4.4, BOUNDS_US, counts,
        )  # fmt: skip

    def overview(self, minutes: int) -> Overview:
        """Every route and service, in at most sixty steps."""
        step = max(1, minutes // 60)
        steps = minutes // step
        routes = [self._route(route, steps, step) for route in ROUTES]
        services = [self._service(name, routes) for name in ("payments", "orders", "inventory")]
        routes.sort(key=lambda r: (-r.now.errors / max(1, r.now.count), -r.now.count))
        return Overview(
            self.now_us - minutes * MINUTE_US, self.now_us, step * MINUTE_US, services, routes,
            self._changes(),
        )  # fmt: skip

    def _route(
        self, route: tuple[str, str, str, float, float, float], steps: int, step: int
    ) -> RouteNumbers:
        service, method, path, rate, median, bad = route
        draw = Random(path + service)  # noqa: S311 - as above
        counts, failures, p95 = [], [], []
        for at in range(steps):
            wave = 1 + 0.35 * math.sin(at / 7) + draw.gauss(0, 0.08)
            count = max(0, int(rate * 60 * step * wave))
            burst = 6 if bad > 0.01 and at > steps * 0.72 else 1
            counts.append(count)
            failures.append(min(count, int(count * bad * burst * draw.uniform(0.4, 1.6))))
            p95.append(median * 2.6e3 * (1 + 0.2 * draw.random() + (burst - 1) * 0.1))
        return RouteNumbers(
            service, method, path, "metrics" if service != "payments" else "spans",
            self._numbers(sum(counts), sum(failures), steps * step, median, 1),
            self._numbers(int(sum(counts) * 0.93), int(sum(failures) * 0.3), steps * step, median * 0.86, 1),
            counts, failures, [value if count else None for value, count in zip(p95, counts, strict=True)],
        )  # fmt: skip

    def _numbers(
        self, count: int, errors: int, minutes: int, median: float, factor: float
    ) -> Numbers:
        p50 = median * 1e3 * factor
        return Numbers(count, errors, count / (minutes * 60), p50, p50 * 2.6, p50 * 4.4)

    def _service(self, name: str, routes: list[RouteNumbers]) -> ServiceNumbers:
        own = [route for route in routes if route.service == name]
        columns = list(zip(*(route.counts for route in own), strict=True))
        failures = [sum(c) for c in zip(*(route.failures for route in own), strict=True)]
        minutes = max(
            1, int(sum(r.now.count for r in own) / 60 / sum(r.now.per_second for r in own))
        )
        median = {"orders": 31.0, "inventory": 5.2, "payments": 47.0}[name]
        worst = [max((p or 0.0) for p in column) for column in zip(*(r.p95_us for r in own if r.now.per_second > 2), strict=True)]  # fmt: skip
        return ServiceNumbers(
            name, own[0].basis, 2 if name == "orders" else 1,
            {"orders": ["1.4.1", "1.4.2"], "inventory": ["2.0.1"], "payments": ["0.9.0"]}[name],
            self._numbers(sum(r.now.count for r in own), sum(failures), minutes, median, 1),
            self._numbers(sum(r.before.count for r in own), sum(r.before.errors for r in own), minutes, median * 0.9, 1),
            [sum(column) for column in columns], failures, list(worst),
        )  # fmt: skip

    def _changes(self) -> list[Change]:
        now = self.now_us
        return [
            Change("new_error", "payments", "/payments", "ZeroDivisionError in split came for the first time, 41 times so far.", "service:payments failed:yes", now - 14 * MINUTE_US),
            Change("more_errors", "orders", "/orders", "POST /orders fails 6.3 % of its requests, 0.6 % before.", "service:orders route:/orders failed:yes", now - 15 * MINUTE_US),
            Change("slower", "orders", "/orders", "POST /orders: p95 is 312 ms, 206 ms before.", "service:orders route:/orders slower:206ms", now - 16 * MINUTE_US),
            Change("version", "orders", "", "orders 1.4.2 runs beside 1.4.1.", "service:orders", now - 22 * MINUTE_US),
        ]  # fmt: skip

    def errors(self) -> ErrorPage:
        """Four groups, two of them new."""
        now = self.now_us
        told = [
            ("ZeroDivisionError", "integer division or modulo by zero", "shop/payments.py:88 split", "payments", "/payments", 41, True, "0199-failed"),
            ("HTTPException", "502: the payment could not be taken, the order is kept as unpaid", "shop/orders.py:214 pay", "orders", "/orders", 41, True, "0199-failed"),
            ("TimeoutError", "pool exhausted: 10 connections in use, waited 30.0 s", "shop/storage.py:40 open_database", "inventory", "/stock/{sku}", 7, False, ""),
            ("ValidationError", "1 validation error for Article", "shop/inventory.py:122 read_article", "inventory", "/imports", 2, False, ""),
        ]  # fmt: skip
        groups = [
            ErrorGroup(
                hexed("error", kind), kind, message, where, service, route, count,
                now - (14 if new else 5_000) * MINUTE_US, now - (number * 11 + 1) * MINUTE_US, new,
                [(at * 5 + number) % (4 + number * 3) if at > (44 if new else 0) else 0 for at in range(60)],
                request_id, hexed("trace", "failed", digits=32),
            )
            for number, (kind, message, where, service, route, count, new, request_id) in enumerate(told)
        ]  # fmt: skip
        return ErrorPage(now - 60 * MINUTE_US, now, MINUTE_US, groups)

    def alerts(self) -> dict[str, Any]:
        """A promise that burns, one that is overspent and silenced, and three that hold."""
        failed = self.traces["0199-failed"].request
        evidence = {
            "at_us": self.now_us, "total": 1204, "bad": 23,
            "routes": [{"method": "POST", "route": "/orders", "total": 1204, "bad": 23}],
            "requests": [failed],
            "errors": [structs.replace(one, search=f"failed:yes error:{one.type}") for one in self.errors().errors[:2]],
            "changes": self.overview(60).changes[:3],
        }  # fmt: skip
        return alerts(self.now_us, evidence)

    def health(self) -> Health:
        """A console that is well, with a sender that lost some."""
        now = self.now_us
        signals = [
            SignalHealth("traces", 18_204, 212_480_112, 1_204_552, {}),
            SignalHealth("logs", 17_990, 96_113_020, 884_120, {"too_deep": 3, "too_long": 12}),
            SignalHealth("metrics", 2_160, 8_112_030, 41_040, {}),
        ]
        senders = [
            SenderHealth("orders", "orders-7c9f", "1.4.2", now - 4_000_000, {"logs": 401_220, "traces": 611_020}, {"logs": 401_190, "traces": 611_020}, {}, {"email": 3_120, "token": 880, "password": 412}),
            SenderHealth("inventory", "inventory-55d8", "2.0.1", now - 6_000_000, {"logs": 303_900, "traces": 398_110}, {"logs": 303_900, "traces": 397_986}, {"traces queue_full": 124}, {}),
            SenderHealth("payments", "payments-0b1e", "0.9.0", now - 3_000_000, {"logs": 179_000, "traces": 195_546}, {"logs": 179_000, "traces": 195_546}, {}, {"card number": 51}),
        ]  # fmt: skip
        store = StoreHealth(
            "~/.local/state/fastapi-spine/console", 1_840_700_000, 4_000_000_000, 7 * 86_400, 14,
            now - 3 * 86_400 * 1_000_000, now - 900_000, 512_330, 1_204_552, 884_120, 61_000_000_000,
            "ok", [], "sqlite 3.46",
        )  # fmt: skip
        return Health("0.1.0", now - 7_560 * 1_000_000, signals, senders, store, [], 1)


def set_of(traces: dict[str, TraceView]) -> list[TraceView]:
    """Each trace once."""
    return list({view.trace_id: view for view in traces.values()}.values())

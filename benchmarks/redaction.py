"""What redaction costs by itself: `python -m benchmarks.redaction` prints the table.

Clean and dirty records and tracebacks with fresh ids, and the adversarial texts that proved worst
among some three hundred. CPU time of the calling thread, medians of interleaved rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from random import Random
from uuid import UUID

from fastapi_spine.redaction import Redactor

ROUNDS = 15
BATCH = 400
WORST = (
    "api key: ", "password is ", "://", "curl -u ", "pw=a ", "pwd=x,", "otp=1 ", "password: ",
    "password\n[type=x, input_value={'a': '...b", "eyJ", "pw=[", "authorization: ", "session=({[",
    "4111 1111 1111 1111 ", "password='", 'password\\\\\\":\\\\\\"', "&token=a", "<password>",
    "key=--token :", ":5432:a:b:)", "mysql -p(mysql ", "INSERT INTO t (password) VALUES (", "?key=", "Some(", "token: [a, ",
)  # fmt: skip
LENGTH = 8_000

Row = tuple[str, str, str]


def record(rng: Random, number: int) -> dict[str, object]:
    """Return a clean access record of eight fields."""
    return {
        "msg": "request completed",
        "method": "GET",
        "path": f"/orders/{rng.randint(1, 10**6)}",
        "route": "/orders/{order_id}",
        "status": 200,
        "elapsed_ms": 12.5 + number,
        "request_id": str(UUID(int=rng.getrandbits(128))),
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    }


def dirty(rng: Random, number: int) -> dict[str, object]:
    """Return a record of eight fields with four secrets."""
    secret = f"{rng.getrandbits(128):032x}"
    return record(rng, number) | {
        "msg": f"login of bob failed: password={secret}",
        "path": f"/reset?token={secret}&page=2",
        "user_agent": f"postgresql://bob:{secret}@db/shop",
        "authorization": f"Bearer {secret}",
    }


def traceback(rng: Random, number: int, message: str = "order not found") -> str:
    """Return a traceback of about 2 kB."""
    names = (
        "fetch",
        "load",
        "render",
        "compute",
        "place",
        "ship",
        "bill",
        "pack",
        "queue",
        "drain",
    )
    frames = "\n".join(
        f'  File "/srv/shop/orders/{name}.py", line {rng.randint(9, 999)}, in {name}\n'
        f"    return await self.{name}_{number}(order, line={rng.randint(1, 99)})"
        for name in names * 2
    )
    return f"Traceback (most recent call last):\n{frames}\nValueError: {message}"


def dirty_traceback(rng: Random, number: int) -> str:
    """Return a traceback of about 2 kB that ends in a connection string and a password."""
    secret = f"{rng.getrandbits(128):032x}"
    return traceback(rng, number, f"postgresql://a:{secret}@db/shop, password={secret}")


def rows() -> list[Row]:
    """Measure and return (what, median, spread) a row, ready to print."""
    rng = Random(2025)
    redactor = Redactor()
    kinds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, make, run in _cases(redactor):
            inputs = [make(rng, number) for number in range(BATCH)]
            cost = _seconds(lambda: [run(item) for item in inputs]) / BATCH  # noqa: B023
            kinds.setdefault(name, []).append(cost * 1e6)
    return [(name, *_spread(costs, "µs")) for name, costs in kinds.items()] + _worst(redactor)


def _cases(
    redactor: Redactor,
) -> list[tuple[str, Callable[[Random, int], object], Callable[..., object]]]:
    return [
        ("clean record, 8 fields, fresh ids", record, redactor.record),
        ("record with 4 secrets", dirty, redactor.record),
        ("clean traceback, 2 kB", traceback, redactor.text),
        ("traceback with 2 secrets, 2 kB", dirty_traceback, redactor.text),
    ]


def _worst(redactor: Redactor) -> list[Row]:
    """Return the costliest adversarial text, and how its cost grows when it doubles."""
    costs: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for _ in range(ROUNDS // 3):
        for atom in WORST:
            once, twice = (_seconds(_call(redactor, atom, size)) for size in (LENGTH, 2 * LENGTH))
            costs.setdefault(atom, []).append(twice / (2 * LENGTH) * 1e6)
            ratios.setdefault(atom, []).append(twice / once)
    worst = max(costs, key=lambda atom: statistics.median(costs[atom]))
    steepest = max(ratios, key=lambda atom: statistics.median(ratios[atom]))
    return [
        (f"worst adversarial text, {worst!r} repeated", *_spread(costs[worst], "µs/char")),
        ("its t(2n)/t(n)", *_spread(ratios[worst], "")),
        (f"steepest t(2n)/t(n), {steepest!r} repeated", *_spread(ratios[steepest], "")),
    ]


def _call(redactor: Redactor, atom: str, size: int) -> Callable[[], object]:
    text = ("token " + atom * (size // len(atom) + 1))[:size]
    return lambda: redactor.text(text)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def _spread(costs: list[float], unit: str) -> tuple[str, str]:
    low, middle, high = statistics.quantiles(costs, n=4)
    return f"{middle:.2f} {unit}".strip(), f"{low:.2f} to {high:.2f}"


def main() -> None:
    """Print the table."""
    print(f"{'redaction':62} {'median':>14}   middle half")
    for name, median, spread in rows():
        print(f"{name:62} {median:>14}   {spread}")


if __name__ == "__main__":
    main()

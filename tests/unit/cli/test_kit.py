"""`spine kit prometheus`, run as a user runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from programs import need
from spine_command import run

SHOP = """
from fastapi import FastAPI
from fastapi_spine import Objective, Spine, policy
app = FastAPI()
@app.get("/orders/{order_id}")
@policy(objective=Objective(availability=0.999, latency=("300ms", 0.99)))
async def order(order_id: int) -> int:
    return order_id
Spine(app, service="orders")
"""
FILE = """
[[objectives]]
service = "billing"
target = "*"
availability = 0.99
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "billing.toml").write_text(FILE)
    (tmp_path / "broken.toml").write_text("[[objectives]\n")
    return tmp_path


@pytest.mark.parametrize("table", ["workbook", "drill"])
def test_an_application_and_a_file_become_rules(folder: Path, table: str) -> None:
    """Both programs take what was written; what to do with it is said, with the job of each service."""
    ran = run(
        *("kit", "prometheus", "shop:app", "--objectives", "billing.toml", "--job", "orders=api"),
        *("--out", "rules", "--alert-table", table), folder=folder,
    )  # fmt: skip
    checks = [
        [need("promtool"), "check", "rules", "--lint=all", "--lint-fatal", "rules/spine-rules.yml"],
        [need("amtool"), "check-config", "rules/spine-alertmanager.yml"],
    ]

    assert (ran[0], ran[2]) == (0, "")
    assert ran[1].splitlines() == [
        "orders-get-orders-order-id-availability: GET /orders/{order_id} · 99.9 % succeed",
        "orders-get-orders-order-id-latency: GET /orders/{order_id} · 99 % within 300ms",
        "billing-all-availability: every route · 99 % succeed",
        "",
        "wrote rules/spine-rules.yml: list it under rule_files of prometheus.yml",
        "wrote rules/spine-alertmanager.yml: Alertmanager's routes, inhibitions and receivers",
        "metrics of billing are expected under job='billing' (--job billing=…)",
        "metrics of orders are expected under job='api' (--job orders=…)",
    ]
    for check in checks:
        assert subprocess.run(check, cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no objective to write rules for"),
        (["shop:nothing"], "Module 'shop' has no 'nothing'"),
        (["--objectives", "nowhere.toml"], "nowhere.toml cannot be read: No such file or directory."),
        (["--objectives", "broken.toml"], "broken.toml: it is not valid TOML"),
        (["shop:app", "--job", "orders"], "--job 'orders' is not SERVICE=JOB"),
        (["shop:app", "--job", "order=api"], "--job names the service 'order', which promises nothing here; known are orders."),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_writes_nothing(
    folder: Path, arguments: list[str], said: str
) -> None:
    """Code 2, and what to write instead."""
    code, out, complaints = run("kit", "prometheus", *arguments, folder=folder)

    assert (code, out) == (2, "")
    assert said in complaints
    assert complaints.count("\n") == 1
    assert not (folder / "spine-rules.yml").exists()

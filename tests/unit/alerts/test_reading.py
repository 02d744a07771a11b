"""Objectives in files: TOML tables, and OpenSLO in YAML."""

from __future__ import annotations

import pytest

from fastapi_spine.alerts.reading import objectives_from
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.objective import Objective

OPENSLO = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: orders}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: how-quick}
spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: anything}}}}
---
apiVersion: openslo/v1
kind: SLO
metadata:
  name: orders-work
  annotations: {fastapi-spine/target: "GET /orders/{order_id}", fastapi-spine/bad: "5xx, exception, 429"}
spec:
  service: orders
  indicator: {spec: {ratioMetric: {counter: true}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: works, targetPercent: 99.9}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders-quick}
spec:
  service: orders
  indicatorRef: how-quick
  timeWindow: [{duration: 30d, isRolling: true}]
  objectives: [{op: lte, value: 0.3, target: 0.99}]
"""


def test_openslo_becomes_objectives() -> None:
    """A ratio is an availability, a threshold in seconds a latency; the annotation names the route."""
    assert objectives_from(OPENSLO, "slo.yaml") == (
        Objective(
            "GET /orders/{order_id}", service="orders", name="orders-work", window="28d", availability=0.999,
            bad=["5xx", "exception", "429"],
        ),
        Objective("*", service="orders", name="orders-quick", window="30d", latency=(0.3, 0.99)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("openslo/v1\nkind: SLO", "openslo/v2\nkind: SLO", "apiVersion is 'openslo/v2'; write openslo/v1"),
        ("isRolling: true", "calendar: {}", "spec.timeWindow must roll"),
        ("Occurrences", "Timeslices", "spec.budgetingMethod is 'Timeslices'"),
        ("targetPercent: 99.9", "goal: 1", "write target: 0.999"),
        ("service: orders", "servise: orders", "spec.service is missing"),
        ("indicatorRef: how-quick", "indicatorRef: how-slow", "spec.indicatorRef is 'how-slow'"),
        ("op: lte", "op: gte", "write op: lte and value: 0.3"),
        ("duration: 4w", "duration: 1h", "window cannot be '1h'"),
        ("metadata: {name: orders-quick}", "metadata: {name: orders-quick", "not valid YAML"),
        ("objectives: [{op: lte, value: 0.3, target: 0.99}]", "objectives: []", "spec.objectives is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused_with_the_fix(old: str, new: str, said: str) -> None:
    """The message names file, document, field, and what to write."""
    with pytest.raises(SettingsError) as caught:
        objectives_from(OPENSLO.replace(old, new, 1), "slo.yaml")

    assert str(caught.value).startswith("slo.yaml: ")
    assert said in str(caught.value)


def test_a_file_without_an_slo_promises_nothing_and_is_refused() -> None:
    """Documents of other kinds are passed over, but not all of a file."""
    with pytest.raises(SettingsError, match=r"^slo\.yaml: it holds no document of kind: SLO"):
        objectives_from("apiVersion: openslo/v1\nkind: Service\n", "slo.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[objectives]\n", "not valid TOML"),
        ("", "has no [[objectives]]"),
        ('[[objectives]]\ntarget = "/a"\navailability = 0.9\n', 'entry 1 has no service; write service = "orders"'),
        ('[[objectives]]\nservice = "a"\navailability = 99\n', "write 0.99"),
        ("objectives = 3\n", "one objective is not a list"),
    ],
)  # fmt: skip
def test_a_mistake_in_toml_is_told_with_its_place(text: str, said: str) -> None:
    """The message begins with the file's name."""
    with pytest.raises(SettingsError) as caught:
        objectives_from(text, "objectives.toml")

    assert str(caught.value).startswith("objectives.toml: ")
    assert said in str(caught.value)


def test_toml_is_read_from_either_kind_of_file() -> None:
    """A file of objectives alone, and the project's own."""
    table = 'service = "shop"\navailability = 0.9\n'

    assert objectives_from(f"[[objectives]]\n{table}", "objectives.toml") == objectives_from(
        f"[[tool.spine.objectives]]\n{table}", "pyproject.toml"
    )

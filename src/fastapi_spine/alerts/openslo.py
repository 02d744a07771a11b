"""Objectives of OpenSLO (github.com/OpenSLO/OpenSLO, `openslo/v1`): documents in, objectives out.

OpenSLO says how an indicator is queried, not which route it is about. The annotation `fastapi-spine/target` says that;
without it an SLO speaks of its whole service. Ratios are counted as ours are, whatever their queries say; a threshold
metric with `op: lte` and a value in seconds is a latency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.complaint import clipped
from fastapi_spine.settings.objective import Objective

TARGET: Final = "fastapi-spine/target"
BAD: Final = "fastapi-spine/bad"
_VERSION: Final = "openslo/v1"
_PER_CENT: Final = 100
_WEEK_DAYS: Final = 7


def objectives_of(documents: Iterable[object]) -> Iterator[Objective]:
    """Read every SLO; documents of other kinds (Service, DataSource, AlertPolicy …) are passed over.

    Raises:
        SettingsError: there is none, or one cannot be counted here; the message names the document, the field, and what
            to write.
    """
    known = [one for one in documents if isinstance(one, Mapping)]
    indicators = {_name(one): _table(one, "spec") for one in known if one.get("kind") == "SLI"}
    declared = [one for one in known if one.get("kind") == "SLO"]
    if not declared:
        raise SettingsError("it holds no document of kind: SLO, and so no objective.")
    for one in declared:
        yield from _objectives(one, indicators)


def _objectives(
    document: Mapping[str, Any], indicators: Mapping[str, Mapping[str, Any]]
) -> Iterator[Objective]:
    name = _name(document)
    try:
        spec = _table(document, "spec")
        _refuse_others(document, spec)
        threshold = "thresholdMetric" in _indicator(spec, indicators)
        goals = _goals(spec)
        for place, goal in enumerate(goals, 1):
            title = name if len(goals) == 1 else f"{name} {place}"
            yield _objective(document, spec, goal, title, threshold=threshold)
    except SettingsError as error:
        raise SettingsError(f"OpenSLO document SLO {name!r}: {error}") from None


def _objective(
    document: Mapping[str, Any], spec: Mapping[str, Any], goal: Any, title: str, *, threshold: bool
) -> Objective:
    if not isinstance(goal, Mapping):
        raise SettingsError("an entry of spec.objectives is no table; write target: 0.999.")
    notes = _table(_table(document, "metadata"), "annotations")
    ratio = _ratio(goal)
    given: dict[str, Any] = {
        "target": notes.get(TARGET, "*"),
        "service": spec.get("service"),
        "name": title,
        "window": _window(spec.get("timeWindow")),
    }
    if BAD in notes:
        given["bad"] = [word.strip() for word in str(notes[BAD]).split(",")]
    if threshold:
        return Objective(**given, latency=(_seconds(goal), ratio))
    return Objective(**given, availability=ratio)


def _ratio(goal: Mapping[str, Any]) -> float:
    if isinstance(goal.get("target"), int | float):
        return float(goal["target"])
    if isinstance(goal.get("targetPercent"), int | float):
        return float(round(goal["targetPercent"] / _PER_CENT, 12))
    raise SettingsError("an objective has no target; write target: 0.999, or targetPercent: 99.9.")


def _seconds(goal: Mapping[str, Any]) -> float:
    value, operator = goal.get("value"), goal.get("op")
    if (
        operator not in {"lte", "lt"}
        or isinstance(value, bool)
        or not isinstance(value, int | float)
    ):
        raise SettingsError(
            f"a threshold metric is a latency here: write op: lte and value: 0.3 (seconds), not op: {clipped(operator)} "
            f"and value: {clipped(value)}."
        )
    return float(value)


def _window(given: object) -> str:
    first = given[0] if isinstance(given, list) and given else {}
    if not isinstance(first, Mapping) or not first.get("isRolling", False):
        raise SettingsError(
            "spec.timeWindow must roll: write timeWindow: [{duration: 30d, isRolling: true}]."
        )
    text = str(first.get("duration", ""))
    weeks = text.removesuffix("w")
    return f"{int(weeks) * _WEEK_DAYS}d" if text.endswith("w") and weeks.isdecimal() else text


def _goals(spec: Mapping[str, Any]) -> list[Any]:
    goals = spec.get("objectives")
    if isinstance(goals, list) and goals:
        return goals
    raise SettingsError("spec.objectives is empty; give one with a target, such as target: 0.999.")


def _refuse_others(document: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    if document.get("apiVersion") != _VERSION:
        raise SettingsError(
            f"apiVersion is {clipped(document.get('apiVersion'))}; write {_VERSION}."
        )
    if not isinstance(spec.get("service"), str) or not spec["service"]:
        raise SettingsError("spec.service is missing; write whose routes it is about: orders.")
    method = spec.get("budgetingMethod", "Occurrences")
    if method != "Occurrences":
        raise SettingsError(
            f"spec.budgetingMethod is {clipped(method)}; only Occurrences is counted here."
        )


def _indicator(
    spec: Mapping[str, Any], indicators: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    if "indicatorRef" in spec:
        name = str(spec["indicatorRef"])
        if name not in indicators:
            raise SettingsError(
                f"spec.indicatorRef is {clipped(name)}, and no document of kind: SLI in this file has that name."
            )
        return indicators[name]
    return _table(_table(spec, "indicator"), "spec")


def _name(document: Mapping[str, Any]) -> str:
    return str(_table(document, "metadata").get("name", "without a name"))


def _table(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, Mapping) else {}

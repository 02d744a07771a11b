"""Names of fields that may be labels: what a route declares, never what a caller sent.

The place of a validation error holds keys of the caller's own (`body.prices.<key>`) wherever a model has a
dictionary. A label may only hold what the application's source says, so a segment that no parameter, model,
dataclass or typed dictionary of the route declares becomes `*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args
from weakref import WeakKeyDictionary

ANY: Final = "*"
_SOURCES: Final = frozenset({"body", "query", "path", "header", "cookie"})
_PARAMETERS: Final = (
    "path_params",
    "query_params",
    "header_params",
    "cookie_params",
    "body_params",
)
_DEEPEST: Final = 12


class Declared:
    """The names that one route declares."""

    __slots__ = ("_names",)

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def generalize(self, place: str) -> str:
        """Return a place such as `body.items.*.qty`, in which only declared names are left."""
        return ".".join(
            part if part in _SOURCES or part in self._names else ANY for part in place.split(".")
        )


class FieldNames:
    """Collects the names that routes declare, once an endpoint: routes themselves cannot be kept in a dictionary."""

    __slots__ = ("_of_endpoint",)

    def __init__(self) -> None:
        self._of_endpoint: WeakKeyDictionary[Any, Declared] = WeakKeyDictionary()

    def of(self, route: object, endpoint: object) -> Declared:
        """Return what a route declares; nothing for one of an unknown shape.

        Args:
            route: the framework's route object, or None.
            endpoint: the function that answered; its annotations count as well.
        """
        try:
            known = self._of_endpoint.get(endpoint)
        except (
            TypeError
        ):  # an endpoint that cannot be looked up: nothing of what it declares is known
            return _NOTHING
        if known is None:
            names = frozenset((*_names_of_dependant(route), *_names_of_function(endpoint)))
            known = self._of_endpoint[endpoint] = Declared(names)
        return known


_NOTHING: Final = Declared(frozenset())


def _names_of_dependant(route: object) -> Iterator[str]:
    """Walk FastAPI's description of a route, by shape: an unknown shape costs names, never a request."""
    waiting = [getattr(route, "dependant", None)]
    seen: set[int] = set()
    while waiting:
        dependant = waiting.pop()
        if dependant is None or id(dependant) in seen:
            continue
        seen.add(id(dependant))
        waiting.extend(getattr(dependant, "dependencies", None) or ())
        for group in _PARAMETERS:
            for parameter in getattr(dependant, group, None) or ():
                yield from _names_of_parameter(parameter)


def _names_of_parameter(parameter: object) -> Iterator[str]:
    for attribute in ("alias", "name"):
        name = getattr(parameter, attribute, None)
        if isinstance(name, str):
            yield name
    info = getattr(parameter, "field_info", None)
    yield from _names_of_type(getattr(info, "annotation", None), set(), 0)


def _names_of_function(endpoint: object) -> Iterator[str]:
    annotations = getattr(endpoint, "__annotations__", None)
    if isinstance(annotations, dict):
        for name, annotation in annotations.items():
            yield name
            yield from _names_of_type(annotation, set(), 0)


def _names_of_type(kind: Any, seen: set[int], depth: int) -> Iterator[str]:
    """Yield the field names of models inside a type, through unions, lists and annotations."""
    if kind is None or id(kind) in seen or depth > _DEEPEST:
        return
    seen.add(id(kind))
    for part in get_args(kind):
        yield from _names_of_type(part, seen, depth + 1)
    for name, alias, inner in _fields_of(kind):
        yield name
        if isinstance(alias, str):
            yield alias
        yield from _names_of_type(inner, seen, depth + 1)
    if isinstance(kind, type):
        yield kind.__name__  # pydantic names the branch of a union it tried


def _fields_of(kind: Any) -> Iterator[tuple[str, object, object]]:
    """Yield name, alias and type of what a pydantic model, dataclass or typed dictionary declares."""
    fields = getattr(kind, "model_fields", None)
    if isinstance(fields, dict):
        for name, info in fields.items():
            yield name, getattr(info, "alias", None), getattr(info, "annotation", None)
        return
    if isinstance(kind, type) and (hasattr(kind, "__dataclass_fields__") or issubclass(kind, dict)):
        for name, inner in getattr(kind, "__annotations__", {}).items():
            yield name, None, inner

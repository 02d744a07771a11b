"""A line in the words of Elastic, Google Cloud or Datadog.

Each schema is a function from a line in the default keys, already plain data, to a new dict. Names of ours
become the vendor's names where the vendor has one; everything else keeps its name in a documented place
(docs/reference/log-schema.md): under `labels` for Elastic, at the top level for the other two, where a
user's field named like one of the vendor's lands under `extra.<name>`. No value is lost, no key is
written twice. Fields of the access line are translated on access lines only: a user's own
`status="paid"` on another line must not reach a field that an index holds as a number.

The vendors' pages are named in the module of each schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.logs.lines.schema_datadog import Datadog
from fastapi_spine.logs.lines.schema_ecs import Ecs
from fastapi_spine.logs.lines.schema_gcp import Gcp
from fastapi_spine.logs.lines.vendor import Line

Shape = Callable[[Line], Line]

SCHEMAS: Final = ("default", "ecs", "gcp", "datadog")


def shape_for(schema: str, service: str | None, *, project: str | None = None) -> Shape | None:
    """Return the function that turns a line in the default keys into a schema.

    Args:
        schema: `default`, `ecs`, `gcp` or `datadog`.
        service: the service's name, for lines that do not carry one.
        project: a Google Cloud project id; with it the trace is written as the resource name that links to
            Cloud Trace, without it as the plain id.

    Returns:
        None for `default`, which needs no change.

    Raises:
        SettingsError: there is no such schema.
    """
    if schema == "default":
        return None
    if schema == "ecs":
        return Ecs(service)
    if schema == "gcp":
        return Gcp(service, project)
    if schema == "datadog":
        return Datadog(service)
    raise SettingsError(f"schema {schema!r} is not known; choose one of {', '.join(SCHEMAS)}")

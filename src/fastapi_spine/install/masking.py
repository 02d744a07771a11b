"""The one redactor of a layer, from its settings and from what the environment calls secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fastapi_spine.core.health import Health
from fastapi_spine.redaction import ExtraPattern, Policy, Redactor
from fastapi_spine.settings.redaction_model import Redaction

_SHORTEST_SECRET = 10


def redactor_for(
    settings: Redaction, health: Health, environ: Mapping[str, str], *, own: Iterable[str] = ()
) -> Redactor:
    """Make the redactor.

    Args:
        settings: the `Redaction` section.
        health: counts what was masked, and faults.
        environ: values of variables with sensitive names are secrets known by heart.
        own: so are these, which callers send; an empty one is none.
    """

    def count(kind: str) -> None:
        health.redactions[kind] += 1

    def fault(error: BaseException) -> None:
        health.fault("redaction", error)

    policy = Policy(
        enabled=settings.enabled,
        pii=settings.pii,
        allow_keys=settings.allow_keys,
        extra_keys=settings.extra_keys,
        disable_kinds=settings.disable_kinds,
        extra_patterns=tuple(
            ExtraPattern(kind=one.kind, literal=one.literal, pattern=one.pattern)
            for one in settings.extra_patterns
        ),
        known_values=(*settings.known_values, *filter(None, own)),
    )
    redactor = Redactor(policy, on_redaction=count, on_error=fault)
    if not (settings.enabled and settings.known_environment):
        return redactor
    known = _secrets_of(environ, redactor)
    if not known:
        return redactor
    known_too = replace(policy, known_values=(*policy.known_values, *known))
    return Redactor(known_too, on_redaction=count, on_error=fault)


def _secrets_of(environ: Mapping[str, str], redactor: Redactor) -> tuple[str, ...]:
    """Return the values of environment variables whose name says that they are secret.

    `PWD` is a directory, and so is whatever looks like a path; short values would mask half a stack trace.
    """
    return tuple(
        value
        for name, value in environ.items()
        if len(value) >= _SHORTEST_SECRET
        and not value.startswith(("/", "~", "./"))
        and redactor.is_sensitive_key(name)
    )

"""`spine kit prometheus`: the objectives of an application or of files as rules."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fastapi_spine.alerts.promise import Promise, promises_of
from fastapi_spine.alerts.reading import objectives_from
from fastapi_spine.alerts.windows import table
from fastapi_spine.backends.alertmanager import config
from fastapi_spine.backends.prometheus import rules
from fastapi_spine.core.console_names import KIT_ALERTMANAGER, KIT_RULES
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.objective import Objective


def prometheus(options: argparse.Namespace) -> int:
    """Write the files; returns 0.

    Raises:
        SettingsError: there is no objective, or one is wrong.
    """
    promises = list(_promises(options))
    if not promises:
        raise SettingsError(
            "there is no objective to write rules for; name an application that declares some, or --objectives FILE."
        )
    jobs = dict(_job(one) for one in options.job)
    _check(jobs, sorted({one.service for one in promises}))
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    windows = table(options.table)
    (folder / KIT_RULES).write_text(
        rules(promises, windows, jobs, options.runbooks), encoding="utf-8"
    )
    (folder / KIT_ALERTMANAGER).write_text(config(windows, options.webhook), encoding="utf-8")
    for one in promises:
        print(f"{one.id}: {one.title}")
    print(f"\nwrote {folder / KIT_RULES}: list it under rule_files of prometheus.yml")
    print(f"wrote {folder / KIT_ALERTMANAGER}: Alertmanager's routes, inhibitions and receivers")
    for service in sorted({one.service for one in promises}):
        print(
            f"metrics of {service} are expected under job={jobs.get(service, service)!r} (--job {service}=…)"
        )
    return 0


def _promises(options: argparse.Namespace) -> Iterator[Promise]:
    if options.app:
        yield from _of_application(options.app)
    declared: list[Objective] = []
    for name in options.objectives:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise SettingsError(f"{name} cannot be read: {reason}.") from None
        declared += objectives_from(text, name)
    yield from promises_of(declared, "")


def _of_application(target: str) -> tuple[Promise, ...]:
    from fastapi_spine.cli.target import load_application
    from fastapi_spine.install.layer import Layer
    from fastapi_spine.request.place import placed_on

    app = load_application(target)
    layer = app if isinstance(app, Layer) else placed_on(app)
    if not isinstance(layer, Layer):
        raise SettingsError(
            f"{target} has no spine: call Spine(app) right after the application is made."
        )
    return layer.promises()


def _check(jobs: Mapping[str, str], services: Sequence[str]) -> None:
    for service in jobs:
        if service not in services:
            raise SettingsError(
                f"--job names the service {service!r}, which promises nothing here; known are {', '.join(services)}."
            )


def _job(text: str) -> tuple[str, str]:
    service, sign, job = text.partition("=")
    if not (service and sign and job):
        raise SettingsError(f"--job {text!r} is not SERVICE=JOB, such as orders=orders-api.")
    return service, job

"""What the worker processes of `spine run` serve."""

from __future__ import annotations

from typing import Any

from fastapi_spine.cli.target import load_application
from fastapi_spine.core.conventions import ENV_RUN_TARGET
from fastapi_spine.install.given import Given
from fastapi_spine.install.layer import Spine, Wrapped
from fastapi_spine.request.place import placed_on
from fastapi_spine.settings.load import environment


def application() -> Any:
    """Return the application that `spine run` was asked to serve; one without a layer gets one.

    Raises:
        SpineError: there is no such application, or it cannot have a layer.
    """
    target = environment()[ENV_RUN_TARGET]
    app = load_application(target)
    if not isinstance(app, Wrapped) and placed_on(app) is None:
        Spine(app, given=Given(packages=(target.partition(":")[0].partition(".")[0],)))
    return app

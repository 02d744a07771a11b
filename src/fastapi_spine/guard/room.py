"""The guard room, furnished from its settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import isinf

from fastapi_spine.core.asgi import App
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.core.health import Health
from fastapi_spine.guard.cors import Cors
from fastapi_spine.guard.gate import Gate, Guards
from fastapi_spine.guard.headers import SecurityHeaders
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.guard.proxies import Proxies
from fastapi_spine.guard.rates import Rates
from fastapi_spine.guard.refused import RefusedRoutes
from fastapi_spine.guard.shared_rates import SharedRates
from fastapi_spine.settings.guard_model import UNLIMITED, Guard


class GuardRoom:
    """Everything that the door of one application needs.

    Args:
        settings: who may come in.
        clock: tells time.
        health: catches and counts what fails here.
        told: headers that other rooms add to answers.

    Attributes:
        proxies: corrects who asked; None where no proxy is known.
        refused: names the routes of refused requests, once it has learnt what is promised.

    Raises:
        SettingsError: settings contradict each other.
        MissingExtraError: a shared store is asked for, and its client is not installed.
    """

    def __init__(
        self, settings: Guard, *, clock: Clock, health: Health, told: Iterable[str] = ()
    ) -> None:
        if settings.cors_credentials and "*" in settings.cors:
            raise SettingsError(
                'guard.cors_credentials is true and guard.cors is "*": any page could act for its visitor. '
                "Name the origins that may."
            )
        limited = bool(settings.rate or settings.rate_paths)
        self._shared = (
            SharedRates(settings, health, clock) if limited and settings.rate_store else None
        )
        self._settings = settings
        self._told = tuple(told)
        self._health = health
        self.proxies = Proxies(settings.proxies) if settings.proxies else None
        self.refused = RefusedRoutes()

    def around(self, app: App, *, docs: Collection[str] = (), own_limit: bool = False) -> App:
        """Put the guards around an application.

        Args:
            app: what they let requests through to.
            docs: paths of its documentation pages, which need a content policy of their own.
            own_limit: whether it limits bodies itself.
        """
        settings = self._settings
        rates = None
        if settings.rate or settings.rate_paths:
            rates = Rates(settings)
        headers = SecurityHeaders(settings.headers, docs)
        guards = Guards(
            cors=Cors(settings, self._told) if settings.cors else None,
            hosts=Hosts(settings.hosts, settings.probes) if settings.hosts else None,
            headers=headers,
            rates=rates,
            shared=self._shared,
            body=None if own_limit or settings.body == UNLIMITED else settings.body,
            deadline=None if isinf(settings.deadline) else settings.deadline,
            refused=self.refused,
        )
        return Gate(app, guards, self._health)

"""Who the process is: OpenTelemetry's resource, from the standard names and the machine."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from fastapi_spine.core.conventions import (
    DISTRIBUTION,
    ENV_OTEL_RESOURCE_ATTRIBUTES,
    OTEL_SERVICE_KEY,
    RESOURCE_HOST,
    RESOURCE_PID,
    RESOURCE_RUNTIME_NAME,
    RESOURCE_RUNTIME_VERSION,
    RESOURCE_SDK_LANGUAGE,
    RESOURCE_SDK_NAME,
    RESOURCE_SDK_VERSION,
    RESOURCE_SERVICE_INSTANCE,
)


class Resource:
    """The attributes of this process; a forked child answers with its own.

    Args:
        service: the service's name; the settings know where from.
        environ: the environment's variables.
        new_instance: makes an instance id; asked once a process, so that workers can be told apart.
        version: of this distribution.
        redact: masks secrets in what the environment says, which every receiver gets with every batch.
    """

    def __init__(
        self,
        service: str,
        environ: Mapping[str, str],
        new_instance: Callable[[], str],
        version: str = "",
        redact: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> None:
        given = environ.get(ENV_OTEL_RESOURCE_ATTRIBUTES, "")
        self._given = redact({**resource_attributes(given)})
        self._service = service
        self._new_instance = new_instance
        self._version = version
        self._pid = -1
        self._attributes: Mapping[str, Any] = {}
        self._declared: dict[str, Any] = {}
        self.schema_url = ""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The attributes, made when first asked for in this process."""
        pid = os.getpid()
        if pid != self._pid:
            self._attributes = MappingProxyType(self._of(pid))
            self._pid = pid
        return self._attributes

    def declare(self, attributes: Mapping[str, Any]) -> None:
        """Say more, from now on: what is only known when the application has started."""
        self._declared.update(attributes)
        if self._pid == os.getpid():
            last = self._last(self._pid)
            self._attributes = MappingProxyType({**self._attributes, **attributes, **last})

    def _of(self, pid: int) -> dict[str, Any]:
        return {
            RESOURCE_HOST: socket.gethostname(),
            RESOURCE_RUNTIME_NAME: platform.python_implementation().lower(),
            RESOURCE_RUNTIME_VERSION: platform.python_version(),
            RESOURCE_SDK_NAME: DISTRIBUTION,
            RESOURCE_SDK_LANGUAGE: "python",
            RESOURCE_SDK_VERSION: self._version,
            RESOURCE_SERVICE_INSTANCE: self._new_instance(),
            **self._declared,
            **self._last(pid),
        }

    def _last(self, pid: int) -> dict[str, Any]:
        """Return what has the last word: the environment, and the two that nobody else can know better."""
        return {**self._given, RESOURCE_PID: pid, OTEL_SERVICE_KEY: self._service}


def resource_attributes(text: str) -> dict[str, str]:
    """Read `OTEL_RESOURCE_ATTRIBUTES`: `key=value` pairs, comma-separated, values percent-encoded.

    Args:
        text: the variable's value.

    Returns:
        The pairs; what is no pair is left out (OpenTelemetry specification, resource SDK).
    """
    pairs = (item.partition("=") for item in text.split(","))
    return {
        key.strip(): unquote(value.strip()) for key, sign, value in pairs if sign and key.strip()
    }

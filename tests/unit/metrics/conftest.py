"""Applications that are asked for their numbers as Prometheus asks: by their page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

LOOPBACK = ("127.0.0.1", 40000)
OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}


class Asked:
    """An application, asked in process by a client on the same machine."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def send(
        self, method: str, path: str, *, client: tuple[str, int] = LOOPBACK, **options: Any
    ) -> httpx.Response:
        """Send one request; an exception of the application becomes its 500."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=client)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as session:
                return await session.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.send("GET", path, **options)

    def numbers(self, *names: str, **options: Any) -> dict[str, float]:
        """Read the page: each sample of these metrics as it is written, with its value."""
        text = self.get("/metrics", **options).text
        found = {}
        for family in read_text(text):
            for sample in family.samples:
                if not names or sample.name in names:
                    found[written(sample.name, sample.labels)] = sample.value
        return found

    def examples(self, name: str) -> dict[str, Mapping[str, str]]:
        """Read the exemplars of one metric's samples from the OpenMetrics page."""
        text = self.get("/metrics", headers=OPENMETRICS).text
        return {
            written(sample.name, sample.labels): sample.exemplar.labels
            for family in read_openmetrics(text)  # type: ignore[no-untyped-call]  # the library's
            for sample in family.samples
            if sample.name == name and sample.exemplar
        }


def written(name: str, labels: Mapping[str, str]) -> str:
    """Write a sample as PromQL would select it."""
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


@pytest.fixture(name="asked")
def _asked() -> type[Asked]:
    return Asked

"""Pipes and sinks that end with the test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sinks import Make, until, writers

from fastapi_spine.logs.output.sink import DescriptorSink


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's reading and writing end, closed by whoever needs it closed."""
    reader, writer = os.pipe()
    yield reader, writer
    for fd in (reader, writer):
        try:
            os.close(fd)
        except OSError:
            continue


@pytest.fixture
def sinks() -> Iterator[Make]:
    """Make sinks that end with the test."""
    made: list[DescriptorSink] = []

    def make(*args: object, **settings: object) -> DescriptorSink:
        made.append(DescriptorSink(*args, **settings))  # type: ignore[arg-type]
        return made[-1]

    before = set(writers())
    yield make
    for sink in made:
        sink.close(0.01)
    until(lambda: set(writers()) <= before)

"""The layer itself: as it comes, and with one thing changed at a time."""

from __future__ import annotations

import logging

from benchmarks.application import Answer, application, item
from benchmarks.subject import Subject
from benchmarks.traffic import beside, served

from fastapi_spine import Metrics, Spine

logger = logging.getLogger(__name__)


async def read_item_with_held_lines(item_id: int) -> Answer:
    """Answer, and say what nobody will read unless the request fails: `HELD_LINES` DEBUG lines."""
    logger.debug("looking up item %d", item_id)
    logger.debug("stock is checked", extra={"item": item_id, "warehouse": "north"})
    logger.debug("price of item %d is %.2f %s", item_id, 39.5, "EUR")
    return item(item_id)


async def read_item_with_line(item_id: int) -> Answer:
    """Answer, and log one line."""
    logger.info("item is shown", extra={"item": item_id, "warehouse": "north"})
    return item(item_id)


def build(routes: int) -> Subject:
    """Add the layer, logs only."""
    app = application(routes)
    spine = Spine(app, metrics=False, traces=False)
    return served(app, spine.flush)


def with_metrics(routes: int) -> Subject:
    """Add the layer, logs and every metric that is on by default."""
    app = application(routes)
    spine = Spine(app, traces=False)
    return served(app, spine.flush)


def with_requests_counted(routes: int) -> Subject:
    """Add the layer, logs and the counter and histogram of requests, with exemplars."""
    app = application(routes)
    spine = Spine(app, metrics=Metrics(runtime=False), traces=False)
    return served(app, spine.flush)


def beside_bare(routes: int) -> Subject:
    """Add the layer to one of two equal applications, to measure what it adds with any number of routes."""
    return beside(build(routes), served(application(routes)))


def without_redaction(routes: int) -> Subject:
    """Add the layer and switch redaction off."""
    app = application(routes)
    spine = Spine(app, metrics=False, traces=False, redaction=False)
    return served(app, spine.flush)


def held_lines(routes: int) -> Subject:
    """Add the layer to an application that holds back three DEBUG lines a request."""
    app = application(routes, read_item_with_held_lines)
    spine = Spine(app, metrics=False, traces=False)
    return served(app, spine.flush)


def one_line(routes: int) -> Subject:
    """Add the layer to an application that logs one line a request."""
    app = application(routes, read_item_with_line)
    spine = Spine(app, metrics=False, traces=False)
    return served(app, spine.flush)

"""What people guard an application with, each as its own page sets it up."""

from __future__ import annotations

from typing import Any

from benchmarks.application import PATH, application, read_item
from benchmarks.stacks.visited import ORIGIN, visited
from benchmarks.subject import Subject
from benchmarks.traffic import served
from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

MANY = 999_999_999


def bare(routes: int) -> Subject:
    """Add nothing."""
    return served(visited(application(routes)))


def _starlette(app: Any) -> None:
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["api.shop.example"])
    app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_credentials=True)


def _secure(app: Any) -> None:
    from secure import Secure  # noqa: PLC0415 - absent where nobody measures
    from secure.middleware import SecureASGIMiddleware  # noqa: PLC0415 - the same

    app.add_middleware(SecureASGIMiddleware, secure=Secure.with_default_headers())


def _slowapi(app: Any) -> None:
    from slowapi import Limiter  # noqa: PLC0415 - absent where nobody measures
    from slowapi.middleware import SlowAPIASGIMiddleware  # noqa: PLC0415 - the same
    from slowapi.util import get_remote_address  # noqa: PLC0415 - the same

    limits: list[Any] = [f"{MANY}/hour"]
    app.state.limiter = Limiter(get_remote_address, default_limits=limits, headers_enabled=True)
    app.add_middleware(SlowAPIASGIMiddleware)


def starlette(routes: int) -> Subject:
    """Add CORS and trusted hosts."""
    app = application(routes)
    _starlette(app)
    return served(visited(app))


def secure(routes: int) -> Subject:
    """Add security headers."""
    app = application(routes)
    _secure(app)
    return served(visited(app))


def slowapi(routes: int) -> Subject:
    """Add one limit in memory, by the client's address."""
    app = application(routes)
    _slowapi(app)
    return served(visited(app))


def fastapi_limiter(routes: int) -> Subject:
    """Add one limit in memory, by the client's address, as a dependency of the route."""
    from fastapi_limiter.depends import RateLimiter  # noqa: PLC0415 - absent where nobody measures
    from pyrate_limiter import Duration, Limiter, Rate  # noqa: PLC0415 - the same

    limit = RateLimiter(limiter=Limiter(Rate(MANY, Duration.HOUR)))
    app = FastAPI(title="benchmark")
    for number in range(routes - 1):
        app.get(f"/section-{number}/{{item_id}}")(read_item)
    app.get(PATH, dependencies=[Depends(limit)])(read_item)
    return served(visited(app))


def stacked(routes: int) -> Subject:
    """Add Starlette's middlewares, secure and slowapi: what a team puts together."""
    app = application(routes)
    _slowapi(app)
    _secure(app)
    _starlette(app)
    return served(visited(app))

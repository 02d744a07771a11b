"""`BaseHTTPMiddleware` and a `json` formatter, as tutorials show it."""

from __future__ import annotations

import json
import logging
import sys
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime

from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import served
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

HEADER = "X-Request-ID"
FIELDS = ("method", "path", "status", "duration_ms", "client")

request_id: ContextVar[str] = ContextVar("request_id", default="-")
logger = logging.getLogger("access")


class JsonFormatter(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class RequestLog(BaseHTTPMiddleware):
    """Gives an id and logs every request."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Serve one request."""
        identity = request.headers.get(HEADER) or str(uuid.uuid4())
        token = request_id.set(identity)
        started = time.perf_counter()
        try:
            response = await call_next(request)
            fields = {
                "method": request.method,
                "path": request.url.path,
                "status": response.status_code,
                "duration_ms": round((time.perf_counter() - started) * 1000, 3),
                "client": request.client.host if request.client else None,
            }
            logger.info("request completed", extra=fields)
            response.headers[HEADER] = identity
            return response
        finally:
            request_id.reset(token)


def build(routes: int) -> Subject:
    """Add the middleware, and one handler to the root logger."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    app = application(routes)
    app.add_middleware(RequestLog)
    return served(app)

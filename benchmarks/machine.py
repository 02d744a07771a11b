"""Where and with what a benchmark ran."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "fastapi-spine",
    "fastapi",
    "starlette",
    "pydantic",
    "anyio",
    "msgspec",
    "structlog",
    "asgi-correlation-id",
    "logfire",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-fastapi",
    "sentry-sdk",
    "ddtrace",
    "uvicorn",
    "uvloop",
    "httptools",
    "python-json-logger",
    "orjson",
)


def processor() -> str:
    """Name the processor's model as the system calls it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def description() -> str:
    """Say which machine, which Python and which versions, as a Markdown list."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.release()}"
    busy = (
        ", ".join(f"{load:.1f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "-"
    )
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"- {processor()}, {os.cpu_count()} cores, {system}; load average at the end: {busy}\n"
        f"- {python}, garbage collection as it comes, no process bound to a core\n"
        f"- {versions}\n"
    )

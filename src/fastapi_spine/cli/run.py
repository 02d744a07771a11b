"""`spine run`: serve an application with the layer on, with or without a line of its own."""

from __future__ import annotations

import importlib.util
import os

from fastapi_spine.core.conventions import ENV_RUN_TARGET
from fastapi_spine.core.errors import MissingExtraError

_FACTORY = "fastapi_spine.cli.served:application"


def serve(target: str, *, host: str, port: int, workers: int, reload: bool) -> int:
    """Serve until the server ends.

    Args:
        target: `module:app`; an application without a layer gets one.
        host: the address to listen on.
        port: the port to listen on.
        workers: how many processes serve; their numbers are added up on any of their pages.
        reload: start anew when a source file changes; one process then.

    Returns:
        0 when the server ended as it was asked to.

    Raises:
        MissingExtraError: uvicorn is not installed.
        PortError: the port cannot be opened.
    """
    require_server("spine run")
    require_port(host, port)
    import uvicorn

    os.environ[ENV_RUN_TARGET] = target
    uvicorn.run(
        _FACTORY,
        factory=True,
        host=host,
        port=port,
        workers=None if reload else workers,
        reload=reload,
        app_dir=os.getcwd(),  # noqa: PTH109 - a path entry is a string
    )
    return 0


def require_server(verb: str) -> None:
    """Say what is missing before anything is started.

    Raises:
        MissingExtraError: uvicorn is not installed.
    """
    if importlib.util.find_spec("uvicorn") is None:
        raise MissingExtraError(f"`{verb}` serves with uvicorn: pip install uvicorn")


def require_port(host: str, port: int) -> None:
    """Say which port is taken, and what to do: the server would only say that one is.

    Raises:
        PortError: it cannot be opened.
    """
    from fastapi_spine.console.server.listen import require_free

    require_free(host, port, "--port")

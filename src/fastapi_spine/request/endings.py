"""How a request ended, judged from what went on the wire and what came out of the application."""

from __future__ import annotations

from asyncio import CancelledError
from typing import Final

from fastapi_spine.core.conventions import Outcome
from fastapi_spine.core.exchange import Exchange

_DISCONNECT_ERRORS: Final = frozenset({"ClientDisconnect", "WebSocketDisconnect"})
"""Starlette's names for a client that left; compared by name so that plain ASGI needs no Starlette."""
_BACKGROUND_MODULE: Final = "starlette.background"
_SHUTDOWN_WORDS: Final = "graceful shutdown"
"""uvicorn says so in the cancellation's message when requests outlive its patience."""


def of_return(exchange: Exchange) -> Outcome:
    """Judge an application that returned."""
    if exchange.disconnected:
        return Outcome.DISCONNECTED
    return Outcome.COMPLETED if exchange.response_complete else Outcome.INCOMPLETE


def of_shutdown(_exchange: Exchange) -> Outcome:
    """Judge a request that the server gave up on."""
    return Outcome.INTERRUPTED


def of_error(exchange: Exchange, error: BaseException, *, stopping: bool) -> Outcome:
    """Judge an application that raised.

    Args:
        exchange: the request, not finished yet.
        error: what came out.
        stopping: whether the server is known to be shutting down.
    """
    if isinstance(error, (CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)):
        return _of_cancellation(exchange, error, stopping=stopping)
    if exchange.disconnected and is_disconnect(error):
        return Outcome.DISCONNECTED
    if exchange.status is None or exchange.response_complete:
        return Outcome.FAILED
    return Outcome.FAILED_AFTER_START


def _of_cancellation(exchange: Exchange, error: BaseException, *, stopping: bool) -> Outcome:
    told = any(isinstance(part, str) and _SHUTDOWN_WORDS in part for part in error.args)
    if stopping or told or not isinstance(error, CancelledError):
        return Outcome.INTERRUPTED
    return Outcome.DISCONNECTED if exchange.disconnected else Outcome.CANCELLED


def is_disconnect(error: BaseException) -> bool:
    """Tell whether an error only says that the client has gone."""
    return isinstance(error, OSError) or type(error).__name__ in _DISCONNECT_ERRORS


def from_background(error: BaseException) -> bool:
    """Tell whether an error came out of a background task, by the frames it passed."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__name__") == _BACKGROUND_MODULE:
            return True
        traceback = traceback.tb_next
    return False

"""FastAPI's operations become spans of ours at the place where FastAPI reports them.

FastAPI surrounds each operation with what its private `_operation(name=…, function=…)` returns: a generator that puts
attributes together and starts a span by the API. Here stands a function in its place that looks whether the current span is
one of ours: then it returns the span itself, else what FastAPI's returns. What that saves is in
docs/decisions/0020-operation-spans.md.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import AbstractContextManager
from types import FunctionType
from typing import Any, Final

from starlette.exceptions import HTTPException, WebSocketException
from starlette.websockets import WebSocketDisconnect

from fastapi_spine.traces.active import Active
from fastapi_spine.traces.operation_span import OperationSpan
from fastapi_spine.traces.span import Span

NATIVE_MODULE: Final = "fastapi.telemetry._api"
_REPORTERS: Final = ("fastapi.routing", "fastapi.background")
_EXCEPTIONS: Final = "fastapi.exceptions"
_VALIDATION: Final = ("RequestValidationError", "WebSocketRequestValidationError")
_NAME: Final = "_operation"
_PARAMETERS: Final = {
    "name": inspect.Parameter.KEYWORD_ONLY,
    "function": inspect.Parameter.KEYWORD_ONLY,
}
_NORMAL_CLOSE: Final = (1000, 1001)


def divert(active: Active) -> bool:
    """Have FastAPI's operations come here, once for the process; say whether they do.

    Args:
        active: reads the current span.
    """
    module = sys.modules.get(NATIVE_MODULE)
    native = getattr(module, _NAME, None)
    if getattr(native, "instead_of", None) is not None:
        return True
    reporters = [module, *(sys.modules.get(name) for name in _REPORTERS)]
    if not _is_known(native) or any(getattr(one, _NAME, None) is not native for one in reporters):
        return False
    ours = _instead_of(native, active)
    for one in reporters:
        setattr(one, _NAME, ours)
    return True


def _is_known(native: object) -> bool:
    """Tell whether FastAPI's function is called as this module expects it to be."""
    if not isinstance(native, FunctionType):
        return False
    parameters = inspect.signature(native).parameters.values()
    return {one.name: one.kind for one in parameters} == _PARAMETERS


def _instead_of(native: Any, active: Active) -> Any:
    """Return the function that FastAPI calls from now on."""
    get, key = active.get, active.key

    def operation(*, name: str, function: object = None) -> AbstractContextManager[Any]:
        context = get()
        parent = context.get(key)
        if isinstance(parent, Span):
            kinds = parent.source.operations
            if kinds is not None:
                return OperationSpan(kinds, name, function, parent, context)
        return native(name=name, function=function)  # type: ignore[no-any-return]

    operation.instead_of = native  # type: ignore[attr-defined]
    return operation


def is_answered(error: BaseException) -> bool:
    """Tell an exception by which an application answers, or by which it hears that a client left in good order.

    Those are FastAPI's own rules for its spans.
    """
    if isinstance(error, WebSocketDisconnect):
        return error.code in _NORMAL_CLOSE
    invalid = tuple(getattr(sys.modules[_EXCEPTIONS], name) for name in _VALIDATION)
    return isinstance(error, (HTTPException, WebSocketException, *invalid))

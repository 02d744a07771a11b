"""What a user reads when the console has started."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fastapi_spine.console.server.options import Options
from fastapi_spine.console.server.program import Ready

_DAY_S: Final = 86_400
_GIB: Final = 1 << 30
_MIB: Final = 1 << 20


def banner(options: Options, ready: Ready, version: str, *, usual: Path) -> str:
    """Write it: where to look, where to send, where it is kept.

    Args:
        options: the console's.
        ready: where it answers.
        version: its own.
        usual: the data folder that verbs look into when none is named.
    """
    named = "" if options.folder == usual else f" --data {shlex.quote(str(options.folder))}"
    return "\n".join(_lines(options, ready, version, f"spine open{named}"))


def _lines(options: Options, ready: Ready, version: str, again: str) -> Iterator[str]:
    yield f"spine console {version}"
    yield f"  open   {ready.login}"
    yield f"         (good for one browser; `{again}` makes another)"
    yield f"  send   OTEL_EXPORTER_OTLP_ENDPOINT={ready.otlp}"
    yield "         (OTLP over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf where that is not the default)"
    yield f"  data   {_short(options.folder)}, {_age(options.keep_s)}, at most {_size(options.keep_bytes)}"
    if options.key:
        yield "         (senders must bring the key: OTEL_EXPORTER_OTLP_HEADERS=x-otlp-api-key=…)"
    if options.exposed:
        yield f"  NOTE   {options.host} can be reached from other machines, without encryption."


def _short(folder: Path) -> str:
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except ValueError:
        return str(folder)


def _age(seconds: float) -> str:
    days = seconds / _DAY_S
    return f"{days:g} days" if days >= 1 else f"{seconds / 3600:g} hours"


def _size(count: int) -> str:
    return f"{count / _GIB:g} GiB" if count >= _GIB else f"{count / _MIB:g} MiB"

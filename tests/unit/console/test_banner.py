"""What a user reads when the console has started leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_spine.console.server.banner import banner
from fastapi_spine.console.server.options import options_of
from fastapi_spine.console.server.program import Ready
from fastapi_spine.settings.console import Console

USUAL = Path("/home/ann/.local/state/fastapi-spine/console")
READY = Ready(
    "http://127.0.0.1:4319", "http://127.0.0.1:4318", "http://127.0.0.1:4319/login?token=aa"
)


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        (USUAL, "spine open"),
        (Path("/srv/console"), "spine open --data /srv/console"),
        (Path("/srv/my console"), "spine open --data '/srv/my console'"),
    ],
)
def test_the_command_for_another_browser_finds_this_console(folder: Path, command: str) -> None:
    """`spine open` looks into the usual folder; that of another one has to be named."""
    told = banner(options_of(Console(), folder), READY, "0.1.0", usual=USUAL)
    assert told == (
        "spine console 0.1.0\n"
        "  open   http://127.0.0.1:4319/login?token=aa\n"
        f"         (good for one browser; `{command}` makes another)\n"
        "  send   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318\n"
        "         (OTLP over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf where that is not the default)\n"
        f"  data   {folder}, 7 days, at most 4 GiB"
    )

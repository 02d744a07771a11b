"""The page `/api`: every path with an example, and every kind of problem. Plain HTML, no script."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from fastapi_spine.console.api.alert_endpoints import DEEDS, QUESTIONS
from fastapi_spine.console.api.document import TAIL_ABOUT
from fastapi_spine.console.api.endpoints import ENDPOINTS, HEALTH, PREFIX, TAILS
from fastapi_spine.console.api.parameters import Parameter
from fastapi_spine.console.api.problem import KINDS
from fastapi_spine.console.api.tails import PARAMETERS

STYLE: Final = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .3rem; scroll-margin-top: 1rem; }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
code { background: var(--soft); padding: .1em .3em; border-radius: .2em; overflow-wrap: anywhere; }
h2 code { background: none; padding: 0; font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-top: 1px solid var(--line); font-weight: normal; }
th { white-space: nowrap; }
p { margin: .4rem 0; }
"""


def page(version: str) -> str:
    """Return the page; its only stylesheet is `/api/page.css`, so it needs nothing that a strict policy forbids."""
    return "\n".join(_lines(version))


def _lines(version: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<title>API of the console</title><link rel="stylesheet" href="/api/page.css"></head><body>'
    yield f"<h1>API of the console, version {escape(version)}</h1>"
    yield "<p>Everything the pages show, as JSON. GET tells; POST, of alerts only, changes something. The whole description for programs is "
    yield '<a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    yield "<p>Times are whole microseconds since the epoch, durations microseconds with fractions. "
    yield "A field that does not apply is empty or null, never missing.</p>"
    for one in (*ENDPOINTS, HEALTH, *QUESTIONS):
        yield from _endpoint(one.path, one.name, one.sentence, one.parameters, one.example)
    for tail in TAILS:
        yield from _endpoint(
            tail.path, f"{tail.name}-tail", tail.sentence, PARAMETERS, tail.example
        )
        yield f"<p>{_prose(TAIL_ABOUT.format(name=tail.name))}</p>"
    for deed in DEEDS:
        yield f'<h2 id="{deed.name}"><code>POST {PREFIX}{escape(deed.path)}</code></h2><p>{escape(deed.sentence)}</p>'
        yield f"<p>Body: <code>{escape(deed.example)}</code></p>"
    yield "<h2>Problems</h2><p>Every error is <code>application/problem+json</code> (RFC 9457).</p><table>"
    for kind in KINDS:
        yield f'<tr id="{kind.name}"><th>{kind.status}</th><td>{escape(kind.title)}. {_prose(kind.sentence)}</td></tr>'
    yield "</table></body></html>\n"


def _endpoint(
    path: str, name: str, sentence: str, parameters: tuple[Parameter, ...], example: str
) -> Iterator[str]:
    yield f'<h2 id="{name}"><code>{PREFIX}{escape(path)}</code></h2><p>{escape(sentence)}</p>'
    target = example_path(path, example)
    shown = escape(target)
    linked = "…" not in target
    yield (
        f'<p>Example: <a href="{shown}"><code>{shown}</code></a></p>'
        if linked
        else (f"<p>Example: <code>{shown}</code></p>")
    )
    if parameters:
        yield "<table>"
        for one in parameters:
            default = f" Default: <code>{escape(one.default)}</code>." if one.default else ""
            yield f"<tr><th><code>{one.name}</code></th><td>{_prose(one.sentence)}{default}</td></tr>"
        yield "</table>"


def example_path(path: str, example: str) -> str:
    """Return an endpoint's example as a path with its query."""
    return f"{PREFIX}{example if example.startswith('/') else path + example}"


def _prose(text: str) -> str:
    """Return text as HTML, what stands between backticks as code."""
    parts = escape(text, quote=False).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )

"""The reference page of settings, written from the declarations.

`python -m fastapi_spine.settings.reference > docs/reference/settings.md` renews it; a test fails
when the committed page differs.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Final

from fastapi_spine.settings.catalog import Entry, entries, sections
from fastapi_spine.settings.model import Settings
from fastapi_spine.settings.section import SWITCH, Section

_INTRODUCTION: Final = """\
# Settings

<!-- Written by `python -m fastapi_spine.settings.reference`; change the declarations, not this page. -->

Everything works without settings.
A setting can be written in three places; where two disagree, the later in this list wins:

1. a file: `spine.toml`, or the table `[tool.spine]` of `pyproject.toml`;
2. an environment variable that begins with `SPINE_`;
3. a keyword of `Spine(app, …)`.

The same three settings in each:

```toml
# spine.toml; in pyproject.toml the tables are [tool.spine] and [tool.spine.logs]
service = "orders"

[logs]
level = "DEBUG"
slow = "200ms"
```

```sh
SPINE_SERVICE=orders
SPINE_LOGS_LEVEL=DEBUG
SPINE_LOGS_SLOW=200ms
```

```python
from fastapi import FastAPI
from fastapi_spine import Logs, Spine

app = FastAPI()
Spine(app, service="orders", logs=Logs(level="DEBUG", slow="200ms"))
```

- The file is looked for in the current directory, then in the directories above it.
  The search ends at the first directory that holds a `spine.toml`, a `pyproject.toml` or a `.git`.
  Settings in both files of one directory are an error.
- An empty variable counts as not set.
- A name that no setting has is an error wherever it is written, and so is a value that does not fit.
  The message names the place, what was expected, and for a name the nearest one that exists.
- Variables that begin with `SPINE_DEMO_` belong to the demo shop.
  Variables such as `SPINE_SERVICE_HOST` or `SPINE_CONSOLE_PORT`, which Kubernetes adds beside a service with such a name, are passed over.
"""


def render() -> str:
    """Write the page.

    Returns:
        Markdown that ends with a newline.
    """
    return "\n".join([_INTRODUCTION, *_body()])


def _body() -> Iterator[str]:
    every = entries()
    yield "## The application\n"
    yield "As keywords: `Spine(app, service=…)`; in a file: at the top.\n"
    yield from (_entry(entry) for entry in every if not entry.section)
    for name in sections():
        cls = Settings.declared[name].section
        if cls is None:
            continue
        yield _heading(name, cls)
        yield from (_entry(entry) for entry in every if entry.section == name)


def _heading(name: str, cls: type[Section]) -> str:
    place = f"As a keyword: `Spine(app, {name}={cls.__name__}(…))`"
    if cls.program:
        place = f"As flags: `{cls.program} --…`, named like the settings"
    switch = f" `{name} = false` switches it off as a whole." if SWITCH in cls.declared else ""
    return (
        f"## {cls.__name__}\n\n{inspect.cleandoc(cls.__doc__ or '')}\n"
        f"{place}; in a file: the table `[{name}]`.{switch}\n"
    )


def _entry(entry: Entry) -> str:
    setting = entry.setting
    variables = " or ".join(f"`{one}`" for one in entry.variables)
    lines = [
        f"### `{entry.name}`\n",
        f"{setting.doc}\n",
        f"- Default: `{setting.kind.show(setting.default)}`",
        f"- Takes: {setting.kind.expected}",
        f"- Variable: {variables if setting.kind.text else 'none; its value does not fit one'}",
    ]
    if setting.secret:
        lines.append("- Secret: never shown, not even when it is wrong")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())

"""What type checkers accept and reject in settings; mypy reads this file, nothing runs it.

`warn_unused_ignores` makes each `type: ignore` an assertion: where the error goes away, mypy fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Literal, Unpack, assert_type

from fastapi_spine.settings.lists import ExtraPattern
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Ids, Keywords, Logs, Settings
from fastapi_spine.settings.redaction_model import Redaction


def spine(**keywords: Unpack[Keywords]) -> Settings:
    """Take the keywords of `Spine(app, …)`."""
    return load(keywords=keywords).settings


def accepted() -> None:
    """Everything a user may write."""
    spine()
    spine(service="orders", logs=False, redaction=True, ids=Ids(accept="never"))
    spine(service=None, logs=Logs(level="DEBUG"), redaction=Redaction(pii=True))
    Logs(level=10, slow=0.2, flush_timeout="5s", line_limit=32768, queue="8MiB")
    Logs(recorder=False)
    Logs(recorder=["sqlalchemy.engine"])
    Logs(paths={"/internal": "off"}, output=sys.stderr.buffer.write)
    Redaction(allow_keys={"session_id"}, extra_keys=["tenant_pin"], known_values=("s3cret",))
    Redaction(extra_patterns=[ExtraPattern("badge", "bdg_", "bdg_[0-9]+")])
    Redaction(extra_patterns=[{"kind": "badge", "literal": "bdg_", "pattern": "bdg_[0-9]+"}])


def read(settings: Settings) -> None:
    """Values have the types they were parsed into."""
    assert_type(settings.service, str | None)
    assert_type(settings.logs, Logs)
    assert_type(settings.logs.level, int)
    assert_type(settings.logs.format, Literal["auto", "json", "human"])
    assert_type(settings.logs.slow, float)
    assert_type(settings.logs.queue, int)
    assert_type(settings.logs.paths, Mapping[str, str])
    assert_type(settings.logs.recorder, bool | tuple[str, ...])
    assert_type(settings.logs.output, Literal["stdout", "stderr"] | Callable[[bytes], object])
    assert_type(settings.redaction.allow_keys, frozenset[str])
    assert_type(settings.redaction.extra_patterns, tuple[ExtraPattern, ...])
    assert_type(settings.ids.accept, Literal["any-valid", "never"])


def rejected() -> None:
    """Everything a user should see underlined."""
    spine(servise="orders")  # type: ignore[call-arg]
    spine(logs="INFO")  # type: ignore[arg-type]
    spine(ids=True)  # type: ignore[arg-type]
    Logs(levle="DEBUG")  # type: ignore[call-arg]
    Logs("DEBUG")  # type: ignore[call-arg, arg-type]
    Logs(level=1.5)  # type: ignore[arg-type]
    Logs(format="xml")  # type: ignore[arg-type]
    Logs(recorder="sqlalchemy.engine")  # type: ignore[arg-type]
    Logs(output="file.log")  # type: ignore[arg-type]
    Redaction(pii="yes")  # type: ignore[arg-type]
    Redaction(allow_keys="session_id")  # type: ignore[arg-type]
    Logs().level = 10  # type: ignore[misc]
    _ = Logs().nothing  # type: ignore[attr-defined]

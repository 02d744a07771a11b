"""Default < file < environment < keyword, for every setting that is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.catalog import Entry, entries
from fastapi_spine.settings.lists import ExtraPattern
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Settings
from fastapi_spine.settings.objective import Objective
from fastapi_spine.settings.origin import Origin


class Written(NamedTuple):
    """Three values of one setting that differ from its default and, where it can be, in pairs."""

    toml: str
    variable: str | None
    keyword: Any


def sink(lines: bytes) -> None:
    """Stand for a user's output."""


PATTERNS = [{"kind": "badge", "literal": "bdg_", "pattern": "bdg_[0-9]+"}]
WRITTEN = {
    "service": Written('"from-file"', "from-variable", "from-keyword"),
    "objectives": Written(
        '[{ target = "/a", availability = 0.9 }]', None, [Objective("/b", availability=0.9)]
    ),
    "logs.enabled": Written("false", "no", False),
    "logs.level": Written('"DEBUG"', "warn", 15),
    "logs.format": Written('"json"', "HUMAN", "json"),
    "logs.schema": Written('"ecs"', "gcp", "datadog"),
    "logs.output": Written('"stderr"', "stderr", sink),
    "logs.client": Written('"full"', "off", "full"),
    "logs.slow": Written('"200ms"', "2m", 1.5),
    "logs.paths": Written('{ "/a" = "on" }', "/b=off,/metrics=sample:0.5", {"/c": "errors"}),
    "logs.recorder": Written('["shop.sql"]', "httpx, shop.cart", False),
    "logs.recorder_lines": Written("10", "20", 30),
    "logs.recorder_bytes": Written('"1KiB"', "2kB", 3000),
    "logs.recorder_total": Written('"1MiB"', "2MB", 3000),
    "logs.export": Written("false", "off", False),
    "logs.line_limit": Written('"2KiB"', "3KiB", 4096),
    "logs.queue": Written('"1MiB"', "2MiB", 4096),
    "logs.flush_timeout": Written("2", "3s", 0.5),
    "logs.capture_warnings": Written("false", "0", False),
    "logs.excepthook": Written("false", "off", False),
    "logs.structlog": Written("false", "No", False),
    "logs.loguru": Written("false", "FALSE", False),
    "metrics.enabled": Written("false", "off", False),
    "metrics.export": Written("false", "off", False),
    "metrics.names": Written('"otel"', "both", "otel"),
    "metrics.buckets": Written("[1, 2.5]", "0.1, 0.5", (3, 4)),
    "metrics.path_buckets": Written('{ "/a" = [1, 2] }', None, {"/b/*": [0.5]}),
    "metrics.job_buckets": Written("[1, 2.5]", "0.1, 0.5", (3, 4)),
    "metrics.response_size": Written("true", "yes", True),
    "metrics.exemplars": Written("false", "no", False),
    "metrics.series_limit": Written("10", "20", 30),
    "metrics.runtime": Written("false", "no", False),
    "metrics.blocked": Written('"1s"', "off", 0.5),
    "metrics.path": Written('"/internal/metrics"', "off", "/numbers"),
    "metrics.token": Written('"from-a-file-000000"', "from-a-variable-0", "from-a-keyword-00"),
    "metrics.allow": Written('["10.0.0.0/8"]', "192.168.0.0/16, fd00::/8", ["127.0.0.1"]),
    "metrics.port": Written("9464", "9465", 9466),
    "metrics.host": Written('"127.0.0.1"', "::1", "localhost"),
    "metrics.workers": Written('"off"', "shop", "till"),
    "traces.enabled": Written("false", "off", False),
    "traces.sample": Written("0.5", "0.25", 0),
    "traces.operations": Written("false", "no", False),
    "traces.instrument": Written("false", "no", False),
    "traces.instrument_off": Written('["redis"]', "httpx, sqlite3", ["redis"]),
    "traces.sql_comments": Written("true", "yes", True),
    "traces.propagate_to": Written('["a.example"]', "b.example", ["c.example"]),
    "traces.hosts": Written('["api.a.example"]', "api.b.example", ["api.c.example"]),
    "traces.response_headers": Written('["server-timing"]', "traceresponse", True),
    "traces.keep_token": Written('"from-a-file-000000"', "from-a-variable-0", "from-a-keyword-00"),
    "export.queue": Written('"1MiB"', "2MiB", 4096),
    "export.flush_timeout": Written("2", "3s", 0.5),
    "export.spool": Written('"/srv/a"', "/srv/b", "/srv/c"),
    "export.spool_bytes": Written('"8MiB"', "1GiB", 32 * 1024 * 1024),
    "export.spool_age": Written('"1h"', "2d", 60),
    "guard.enabled": Written("true", "yes", True),
    "guard.cors": Written('["https://a.example"]', "https://b.example,https://c.example:8443", "*"),
    "guard.cors_credentials": Written("true", "yes", True),
    "guard.cors_methods": Written('["GET"]', "GET,POST", ["PUT"]),
    "guard.cors_headers": Written('["x-a"]', "x-b,x-c", ["x-d"]),
    "guard.cors_expose": Written('["x-a"]', "x-b,x-c", ["x-d"]),
    "guard.cors_max_age": Written('"1m"', "2m", 30),
    "guard.hosts": Written('["a.example"]', "*.b.example,localhost", "c.example"),
    "guard.probes": Written('["/up"]', "/up,/live", ["/alive"]),
    "guard.headers": Written('{ "x-frame-options" = "SAMEORIGIN" }', "no", False),
    "guard.rate": Written('"10/second"', "5/minute, 50/hour", "7 per 2 days"),
    "guard.rate_by": Written('"header:x-api-key"', "header:authorization", "header:x-user"),
    "guard.rate_ipv6": Written("56", "48", 60),
    "guard.rate_paths": Written(
        '{ "/login" = "5/minute" }', None, {"/a/*": ["1/second", "9/hour"]}
    ),
    "guard.rate_costs": Written('{ "/reports/*" = 10 }', None, {"/free": 0}),
    "guard.rate_window": Written('"fixed"', "FIXED", "fixed"),
    "guard.rate_store": Written('"redis://a"', "redis://b", "async+redis://c"),
    "guard.rate_timeout": Written('"10ms"', "20ms", 0.1),
    "guard.rate_failure": Written('"closed"', "closed", "closed"),
    "guard.body": Written('"1MiB"', "2MB", 4096),
    "guard.deadline": Written('"1s"', "2s", 3.5),
    "guard.proxies": Written('["10.0.0.0/8"]', "192.168.0.0/16, fd00::/8", ["127.0.0.1"]),
    "redaction.enabled": Written("false", "off", False),
    "redaction.pii": Written("true", "yes", True),
    "redaction.allow_keys": Written('["a"]', "b,c", {"d"}),
    "redaction.extra_keys": Written('["a"]', "b", ["c"]),
    "redaction.disable_kinds": Written('["ssn"]', "jwt", ("card",)),
    "redaction.extra_patterns": Written(
        '[{ kind = "door", literal = "door-", pattern = "door-[0-9]+" }]', None, PATTERNS
    ),
    "redaction.known_values": Written('["file-secret"]', "env-secret", ["keyword-secret"]),
    "redaction.known_environment": Written("false", "off", False),
    "ids.accept": Written('"never"', "never", "never"),
    "console.data": Written('"/srv/a"', "/srv/b", "/srv/c"),
    "console.keep": Written('"3d"', "2h", 60),
    "console.keep_bytes": Written('"1GiB"', "500MB", 32 * 1024 * 1024),
    "console.web_port": Written("8080", "8081", 0),
    "console.otlp_port": Written("4320", "4321", 0),
    "console.host": Written('"::1"', "0.0.0.0", "localhost"),
    "console.hosts": Written('["a.example"]', "b.example,c.example", ["d.example"]),
    "console.origins": Written('["http://a.example"]', "http://b.example", ["http://c.example"]),
    "console.objectives": Written('["a.toml"]', "b.toml,c.yaml", ["d.toml"]),
    "console.alert_table": Written('"drill"', "DRILL", "drill"),
    "console.webhook": Written('"http://a.example/"', "http://b.example/", "https://c.example/"),
    "console.alertmanager": Written('"http://a:9093"', "http://b:9093", "http://c:9093"),
    "console.pagerduty": Written('"from-a-file-000000"', "from-a-variable-0", "from-a-keyword-00"),
    "console.apprise": Written('["slack://a"]', "slack://b", ["slack://c"]),
    "console.heartbeat": Written('"http://a.example/"', "http://b.example/", "https://c.example/"),
    "console.alert_networks": Written('["127.0.0.0/8"]', "10.0.0.0/8, fd00::/8", ["::1/128"]),
    "console.public_url": Written('"http://a.example"', "http://b.example", "http://c.example"),
    "console.key": Written('"from-a-file-000000"', "from-a-variable-0", "from-a-keyword-00"),
}
EVERY = [pytest.param(entry, id=entry.name) for entry in entries()]
ADD_UP = {"logs.paths", "objectives"}
KEYWORDS = [pytest.param(entry, id=entry.name) for entry in entries() if entry.section != "console"]
"""The console is a program of its own: its settings are flags, and no keywords of the layer."""


def in_file(folder: Path, entry: Entry) -> Path:
    """Write a spine.toml with one setting."""
    table = f"[{entry.section}]\n" if entry.section else ""
    text = f"{table}{entry.setting.name} = {WRITTEN[entry.name].toml}\n"
    (folder / "spine.toml").write_text(text, encoding="utf-8")
    return folder


def in_environment(entry: Entry) -> dict[str, str]:
    """Give the variable with one setting, if it has one."""
    text = WRITTEN[entry.name].variable
    return {} if text is None else {entry.variables[0]: text}


def as_keyword(entry: Entry) -> dict[str, object]:
    """Give the keyword with one setting."""
    value = {entry.setting.name: WRITTEN[entry.name].keyword}
    cls = Settings.declared[entry.name.partition(".")[0]].section
    return value if cls is None else {entry.section: cls(**value)}


def in_force(settings: Settings, entry: Entry) -> object:
    """Read one setting."""
    holder = getattr(settings, entry.section) if entry.section else settings
    return getattr(holder, entry.setting.name)


def laid_over_default(entry: Entry, *written: object) -> object:
    """Parse values as their kind does and lay one over the other."""
    value = entry.setting.default
    for one in written:
        value = entry.setting.kind.merge(value, entry.setting.kind.parse(one))
    return value


def from_toml(folder: Path, entry: Entry) -> object:
    """Load with the file only."""
    return in_force(load(keywords={}, start=in_file(folder, entry), environ={}).settings, entry)


def test_every_setting_takes_part_in_these_tests() -> None:
    """A new setting is tested for precedence, or this fails."""
    assert list(WRITTEN) == [entry.name for entry in entries()]


@pytest.mark.parametrize("entry", EVERY)
def test_without_anything_written_the_default_is_in_force(entry: Entry, tmp_path: Path) -> None:
    """Nothing has to be set, and the origin says so."""
    loaded = load(keywords={}, start=tmp_path, environ={})
    shown = entry.setting.kind.show(entry.setting.default)
    assert in_force(loaded.settings, entry) == entry.setting.default
    assert loaded.origins[entry.name] == Origin("default", "default", shown)
    assert loaded.settings == Settings()


@pytest.mark.parametrize("entry", EVERY)
def test_a_file_is_stronger_than_the_default(entry: Entry, tmp_path: Path) -> None:
    """What spine.toml says is in force, and the origin names the file and the key."""
    loaded = load(keywords={}, start=in_file(tmp_path, entry), environ={})
    table = f" [{entry.section}]" if entry.section else ""
    place = f"{entry.name} in {tmp_path / 'spine.toml'}{table}"
    over = " over default" if entry.name in ADD_UP else ""
    assert in_force(loaded.settings, entry) != entry.setting.default
    assert loaded.origins[entry.name][:2] == ("file", place + over)


@pytest.mark.parametrize("entry", EVERY)
def test_a_variable_is_stronger_than_a_file(entry: Entry, tmp_path: Path) -> None:
    """What a variable says is in force, and the origin names the variable."""
    text = WRITTEN[entry.name].variable
    if text is None:
        assert entry.setting.kind.text is None
        return
    loaded = load(keywords={}, start=in_file(tmp_path, entry), environ=in_environment(entry))
    read = entry.setting.kind.text
    assert read is not None
    file_value = from_toml(tmp_path, entry)
    origin = loaded.origins[entry.name]
    assert in_force(loaded.settings, entry) == laid_over_default(entry, file_value, read(text))
    assert origin.kind == "environment"
    assert origin.place.startswith(f"environment variable {entry.variables[0]}")


@pytest.mark.parametrize("entry", KEYWORDS)
def test_a_keyword_is_stronger_than_everything(entry: Entry, tmp_path: Path) -> None:
    """What a keyword says is in force, and the origin names the keyword."""
    loaded = load(
        keywords=as_keyword(entry),
        start=in_file(tmp_path, entry),
        environ=in_environment(entry),
    )
    written = WRITTEN[entry.name].keyword
    origin = loaded.origins[entry.name]
    assert origin.kind == "keyword"
    assert origin.place.startswith(f"keyword {entry.section or entry.name}")
    if entry.name not in ADD_UP:
        assert in_force(loaded.settings, entry) == laid_over_default(entry, written)


def test_the_settings_of_a_program_are_no_keywords() -> None:
    """`Spine(app, console=…)` is told what there is."""
    with pytest.raises(
        SettingsError, match=r"no setting console; known are export, guard, ids, logs"
    ):
        load(keywords={"console": Settings().console}, environ={})


def test_path_policies_of_all_layers_add_up(tmp_path: Path) -> None:
    """A path keeps the policy of the strongest layer that names it; the others stay."""
    (entry,) = (one for one in entries() if one.name == "logs.paths")
    loaded = load(
        keywords=as_keyword(entry), start=in_file(tmp_path, entry), environ=in_environment(entry)
    )
    assert dict(loaded.settings.logs.paths) == {
        "/healthz": "minute",
        "/livez": "minute",
        "/readyz": "minute",
        "/ping": "minute",
        "/metrics": "sample:0.5",
        "/a": "on",
        "/b": "off",
        "/c": "errors",
    }
    assert loaded.origins["logs.paths"].place == (
        "keyword logs=Logs(paths=…) over environment variable SPINE_LOGS_PATHS"
        f" over logs.paths in {tmp_path / 'spine.toml'} [logs] over default"
    )


def test_a_keyword_section_leaves_what_it_does_not_name_to_lower_layers(tmp_path: Path) -> None:
    """`Logs(level=…)` in code does not undo SPINE_LOGS_SCHEMA outside."""
    loaded = load(
        keywords={"logs": Settings(logs=True).logs, "ids": None},
        start=tmp_path,
        environ={"SPINE_LOGS_SCHEMA": "ecs", "SPINE_IDS_ACCEPT": "never"},
    )
    assert loaded.settings.logs.schema == "ecs"
    assert loaded.settings.ids.accept == "never"


def test_patterns_become_plain_immutable_values() -> None:
    """Tables are read into named tuples."""
    (entry,) = (one for one in entries() if one.name == "redaction.extra_patterns")
    assert load(keywords=as_keyword(entry), environ={}).settings.redaction.extra_patterns == (
        ExtraPattern("badge", "bdg_", "bdg_[0-9]+"),
    )

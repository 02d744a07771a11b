"""The `spine` command, run as a user runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_spine.cli.target import require_application
from fastapi_spine.core.errors import PlacementError
from fastapi_spine.export.spool.places import name_of, service_folder

APP = """
import logging, sys
from fastapi import FastAPI
from fastapi_spine import Spine
app = FastAPI()
bare = FastAPI()
Spine(app, service="orders")
if {late}:
    logging.getLogger("late").addHandler(logging.StreamHandler(sys.stdout))
"""


def spine(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SPINE_")}  # noqa: TID251 - a clean environment for the command
    return subprocess.run(
        [sys.executable, "-m", "fastapi_spine", *arguments],
        cwd=folder, env={**clean, **variables}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP.format(late=False))
    (tmp_path / "late.py").write_text(APP.format(late=True))
    (tmp_path / "spine.toml").write_text('[logs]\nslow = "200ms"\n')
    return tmp_path


def test_doctor_says_where_every_setting_comes_from(folder: Path) -> None:
    """Keyword, file, environment and default, each on its line; nothing goes past the layer: code 0."""
    ran = spine(folder, "doctor", "shop:app", SPINE_LOGS_LEVEL="warning")
    lines = [line.split() for line in ran.stdout.splitlines() if line.startswith("  ")]
    sources = {line[0]: " ".join(line[1:]) for line in lines}
    assert sources["service"] == '"orders" keyword service'
    assert sources["logs.level"] == '"WARNING" environment variable SPINE_LOGS_LEVEL'
    assert sources["logs.slow"].startswith(f'"200ms" logs.slow in {folder}')
    assert sources["logs.schema"] == '"default" default'
    assert "nothing that can be seen from here" in ran.stdout
    assert (ran.returncode, ran.stderr) == (0, "")


TRACED = """
from fastapi import FastAPI
from fastapi_spine import Spine
app = FastAPI()
Spine(app, service="orders")
OTHER
"""
CONTRIB = "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor as I; I.instrument_app(app)"
THEIRS = "from opentelemetry import trace; from opentelemetry.sdk.trace import TracerProvider as P; trace.set_tracer_provider(P())"


@pytest.mark.parametrize(
    ("other", "provider", "contrib"),
    [
        ("", "ours, from the application's start on", None),
        (CONTRIB, "ours, from the application's start on", "is given our server span instead of one of its own"),
        (
            f"{THEIRS}\n{CONTRIB}", "the application's own (opentelemetry.sdk.trace.TracerProvider)",
            "finds our server span and makes an internal span below it",
        ),
    ],
    ids=["alone", "contrib", "contrib in a provider of the user's"],
)  # fmt: skip
def test_doctor_says_who_traces_what(
    other: str, provider: str, contrib: str | None, folder: Path
) -> None:
    """The one server span, whose provider, what others do, and what became of each instrumentation."""
    (folder / "traced.py").write_text(TRACED.replace("OTHER", other))
    ran = spine(
        folder,
        "doctor",
        "traced:app",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        SPINE_TRACES_INSTRUMENT_OFF="httpx",
    )
    told = dict(
        re.split(r"  +", line.strip(), maxsplit=1)
        for line in ran.stdout.splitlines()
        if re.match(r"  \S.*?  +\S", line)
    )
    assert told["server span"] == "ours, one a request"
    assert told["tracer provider"] == provider
    assert told.get("contrib's instrumentor") == contrib
    assert told["httpx"] == "off: named in the settings or the environment"
    assert told["requests"] == "on"
    assert told["fastapi"] == "excluded: the spine does this itself"
    assert (ran.returncode, ran.stderr) == (0, "")


def test_doctor_says_which_headers_carry_a_trace(folder: Path) -> None:
    """What is read, what is written, and what of `OTEL_PROPAGATORS` is not understood."""
    (folder / "star.py").write_text(
        "from starlette.applications import Starlette\nfrom fastapi_spine import Spine\napp = Starlette()\nSpine(app)\n"
    )
    ran = spine(folder, "doctor", "star:app", OTEL_PROPAGATORS="xray,b3,baggage")
    told = ran.stdout.partition("Trace headers, by OTEL_PROPAGATORS\n")[2].partition("\n\n")[0]
    assert told.splitlines() == [
        "  formats  b3,baggage",
        "  read     b3, baggage, x-b3-flags, x-b3-sampled, x-b3-spanid, x-b3-traceid",
        "  written  b3, baggage",
        "  ! OTEL_PROPAGATORS: xray is not understood (known are tracecontext, baggage, b3, b3multi, none); b3, baggage is in use.",
        "  OpenTelemetry has no package for 'xray', 'b3': what imports it before the layer fails, unless `spine run` or `spine dev` serves it; for other servers install that package (B3: opentelemetry-propagator-b3).",
    ]
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("propagators", "missing"),
    [("b3", "'b3'"), ("tracecontext,B3", "'B3'"), ("b3multi,none,xray", "'b3multi'")],
)
def test_an_application_that_cannot_be_imported_elsewhere_is_examined(
    folder: Path, propagators: str, missing: str
) -> None:
    """FastAPI imports what fails for a format without its package; here we are first, and doctor says where we are not."""
    import_it = [sys.executable, "-c", "import fastapi"]
    known = dict(os.environ, OTEL_PROPAGATORS=propagators)  # noqa: TID251 - for a process of its own
    fails = subprocess.run(import_it, env=known, capture_output=True, check=False).returncode
    ran = spine(folder, "doctor", "shop:app", OTEL_PROPAGATORS=propagators)
    assert f"OpenTelemetry has no package for {missing}: what imports it" in ran.stdout
    assert (", and this FastAPI does, unless" in ran.stdout) is bool(fails)
    assert (ran.returncode, ran.stderr) == (fails, "")


@pytest.mark.parametrize("propagators", ["tracecontext,baggage", "none", "none,b3", ""])
def test_doctor_misses_no_package_that_is_there_or_is_not_needed(
    folder: Path, propagators: str
) -> None:
    """OpenTelemetry's API brings its own formats, and reads no further than `none`."""
    ran = spine(folder, "doctor", "shop:app", OTEL_PROPAGATORS=propagators)
    assert "no package" not in ran.stdout
    assert (ran.returncode, ran.stderr) == (0, "")


def test_doctor_names_what_goes_past_the_layer(folder: Path) -> None:
    """A handler added later prints beside us: code 1."""
    ran = spine(folder, "doctor", "late:app")
    assert "! logger 'late': " in ran.stdout
    assert ran.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["doctor", "shop:bare"], 1, "shop:bare has no spine: call Spine(app)"),
        (["doctor", "nosuch:app"], 2, "There is no module 'nosuch'"),
        (["doctor", "shop:nosuch"], 2, "Module 'shop' has no 'nosuch'"),
        (["run", "nosuch:app", "--port", "0"], 2, "There is no module 'nosuch'"),
        (["dev", "nosuch:app", "--port", "0"], 2, "spine: There is no module 'nosuch'"),
        (["dev", "shop:nosuch", "--port", "0"], 2, "spine: Module 'shop' has no 'nosuch'"),
        (
            ["run", "shop:app", "--port", "99999"],
            2,
            "'99999' does not fit here; give a number from 0 to 65535",
        ),
        (["dev", "shop:app", "--port", "-1"], 2, "'-1' does not fit here"),
        (
            ["run", "shop:app", "--workers", "0"],
            2,
            "'0' does not fit here; give a number from 1 to 999999999",
        ),
        (["requests", "--limit", "1000000000"], 2, "give a number from 1 to 999999999"),
        (
            ["run", "shop:app", "--reload", "--workers", "2"],
            2,
            "--workers: not allowed with argument --reload",
        ),
        ([], 2, "usage: spine"),
        (["--version"], 0, "fastapi-spine 0.1.0"),
        (["doctor"], 0, "logs.level"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, arguments: list[str], code: int, said: str
) -> None:
    """Never a traceback; the code tells trouble from misuse."""
    ran = spine(folder, *arguments)
    assert ran.returncode == code
    assert said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert "console" not in ran.stderr  # none was started


def test_an_application_is_looked_for_by_a_process_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails when it is imported is the server's to tell of, and one that begins threads is not waited for."""
    monkeypatch.chdir(folder)
    (folder / "broken.py").write_text("print('x')\n1 / 0\n")
    (folder / "busy.py").write_text(
        "import sys, threading\napp = 1\nprint('busy', file=sys.stderr)\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
    )
    for target in ("shop:app", "broken:app", "busy:app"):
        require_application(target)
    with pytest.raises(PlacementError, match=r"^Module 'busy' has no 'nosuch'; name the"):
        require_application("busy:nosuch")
    assert not {"shop", "broken", "busy"} & set(sys.modules)


def test_a_misspelt_setting_is_an_error_that_names_the_nearest(folder: Path) -> None:
    """In a variable, too."""
    ran = spine(folder, "doctor", SPINE_LOGS_LEVLE="debug")
    assert ran.returncode == 2
    assert "SPINE_LOGS_LEVLE" in ran.stderr
    assert "SPINE_LOGS_LEVEL" in ran.stderr


def test_doctor_shows_what_waits_on_disk(folder: Path) -> None:
    """The spool's folder, and how much is in it of this service, whichever process left it there."""
    receiver = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "SPINE_EXPORT_SPOOL": "spool"}
    empty = spine(folder, "doctor", "shop:app", **receiver).stdout
    assert f"  on disk  in {folder / 'spool'}, while a receiver is away\n" in empty
    assert "           nothing is waiting there\n" in empty
    home = service_folder(folder / "spool", "orders") / "1-abcdefgh"
    home.mkdir(parents=True)
    for place, signal in enumerate(("traces", "logs", "traces")):
        (home / name_of(place, signal, 20, home.name)).write_bytes(bytes(5000))
    full = spine(folder, "doctor", "shop:app", **receiver).stdout
    assert "           items waiting there: logs 20, traces 40 (3 files, 24 KiB)\n" in full
    assert "on disk" not in spine(folder, "doctor", "shop:app").stdout

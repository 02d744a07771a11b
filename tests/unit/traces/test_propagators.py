"""`OTEL_PROPAGATORS` beside OpenTelemetry's own reading of it, which fails where a package is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from spine_command import surroundings

SUPPORT = str(Path(__file__).parents[2] / "support")

PACKAGE = """
from opentelemetry.propagators.textmap import TextMapPropagator

class Theirs(TextMapPropagator):
    def inject(self, carrier, context=None, setter=None):
        carrier["{header}"] = "theirs"
    def extract(self, carrier, context=None, getter=None):
        return context
    @property
    def fields(self):
        return {{"{header}"}}
"""

FIRST = "import opentelemetry.propagate as before\n"
SERVE = """
import os, json
from starlette.applications import Starlette
from fastapi_spine.install.layer import Spine
app = Starlette()
layer = Spine(app, logs=False)
layer.traces._everywhere = layer.traces._receiver = True
layer.traces.started()
from opentelemetry import propagate, trace
carrier = {}
with layer.traces.provider.get_tracer("t").start_as_current_span("call") as span:
    propagate.inject(carrier)
inner = layer.traces.propagator.inner
print(json.dumps({"headers": sorted(carrier), "ours": propagate.get_global_textmap() is layer.traces.propagator,
    "inner": inner is not None, "theirs": "theirs" in carrier.values(), "variable": os.environ["OTEL_PROPAGATORS"]}))
"""


def serve(folder: Path, script: str, propagators: str, **packages: str) -> dict[str, Any]:
    """Run a script where some propagators are installed, by entry point name and header; return what it printed."""
    for name, header in packages.items():
        (folder / f"their_{name}.py").write_text(PACKAGE.format(header=header))
        info = folder / f"their_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: their-{name}\nVersion: 1.0\n")
        entry = f"[opentelemetry_propagator]\n{name} = their_{name}:Theirs\n"
        (info / "entry_points.txt").write_text(entry)
    known = surroundings(OTEL_PROPAGATORS=propagators)
    known["PYTHONPATH"] = f"{folder}:{known.get('PYTHONPATH', '')}"
    ran = subprocess.run(
        [sys.executable, "-c", script], env=known, capture_output=True, text=True, check=True, timeout=60
    )  # fmt: skip
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    ("propagators", "headers"),
    [
        ("b3", ["b3"]),
        ("b3multi", ["x-b3-sampled", "x-b3-spanid", "x-b3-traceid"]),
        ("b3,tracecontext", ["b3", "traceparent"]),
        ("B3", ["b3"]),
        ("jaeger", ["traceparent"]),
        ("tracecontext,", ["traceparent"]),
        ("none", []),
        ("tracecontext,baggage", ["traceparent"]),
    ],
)
def test_no_package_is_needed(propagators: str, headers: list[str], tmp_path: Path) -> None:
    """OpenTelemetry's import would raise and end the application; ours are in force, and the variable is as it was."""
    assert serve(tmp_path, SERVE, propagators) == {
        "headers": headers, "ours": True, "inner": False, "theirs": False, "variable": propagators,
    }  # fmt: skip


@pytest.mark.parametrize("first", [FIRST, ""], ids=["imported before", "imported by us"])
def test_a_package_that_is_installed_changes_nothing(first: str, tmp_path: Path) -> None:
    """What the variable stands for is ours, whoever else can read it."""
    found = serve(tmp_path, first + SERVE, "b3,baggage", b3="b3", baggage="baggage")
    assert (found["headers"], found["inner"], found["theirs"]) == (["b3"], False, False)


def test_a_package_for_a_format_that_we_do_not_know_keeps_its_headers(tmp_path: Path) -> None:
    """It is one more propagator of the user's: calls carry what it writes, for all formats that are named."""
    found = serve(tmp_path, SERVE, "jaeger,tracecontext", jaeger="uber-trace-id")
    assert found["headers"] == ["traceparent", "uber-trace-id"]
    assert (found["ours"], found["inner"], found["theirs"]) == (True, True, True)


def test_a_propagator_set_in_code_wins(tmp_path: Path) -> None:
    """Also over a variable that names something else, and also an empty one."""
    code = (
        "from opentelemetry import propagate\nfrom opentelemetry.propagators.composite import CompositePropagator\n"
        "propagate.set_global_textmap(CompositePropagator([]))\n"
    )
    found = serve(tmp_path, code + SERVE, "tracecontext")
    assert (found["headers"], found["inner"]) == ([], True)


def test_a_worker_without_an_application_resumes(tmp_path: Path) -> None:
    """A job's process imports `resume` alone, and nothing else of OpenTelemetry before it."""
    script = """
import json
from fastapi_spine import carry, outgoing_headers, request_id, resume
with resume({"x-request-id": "r-1", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}):
    print(json.dumps({"id": request_id(), "calls": outgoing_headers(), "carried": carry()}))
"""
    trace_id, span_id = "a" * 32, "b" * 16
    calls = {"x-request-id": "r-1", "b3": f"{trace_id}-{span_id}-1"}
    carried = calls | {"traceparent": f"00-{trace_id}-{span_id}-01"}
    expected = {"id": "r-1", "calls": calls, "carried": carried}
    assert serve(tmp_path, script, "b3") == expected

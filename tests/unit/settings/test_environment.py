"""What variables mean, and which are none of our business."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.load import environment, load
from fastapi_spine.settings.model import Settings


def settings(start: Path, **environ: str) -> Settings:
    """Load from variables only."""
    return load(keywords={}, start=start, environ=environ).settings


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_an_empty_variable_is_not_set(tmp_path: Path, text: str) -> None:
    """Compose files and shells write nothing when they mean nothing, known name or not."""
    assert settings(tmp_path, SPINE_LOGS_LEVEL=text, SPINE_NO_SUCH=text) == Settings()


@pytest.mark.parametrize("text", ["true", "1", "Yes", "ON", " true "])
def test_a_switch_can_be_turned_on(tmp_path: Path, text: str) -> None:
    """Every usual word works, in any case."""
    assert settings(tmp_path, SPINE_REDACTION_PII=text).redaction.pii is True


@pytest.mark.parametrize("text", ["false", "0", "No", "OFF"])
def test_a_switch_can_be_turned_off(tmp_path: Path, text: str) -> None:
    """Every usual word works, for a whole section too."""
    assert settings(tmp_path, SPINE_LOGS=text).logs.enabled is False


@pytest.mark.parametrize("text", ["maybe", "2", "y"])
def test_another_word_is_refused(tmp_path: Path, text: str) -> None:
    """A switch that might mean either is an error that names the variable."""
    said = rf"variable SPINE_REDACTION_PII: redaction\.pii cannot be '{text}'; expected true or"
    with pytest.raises(SettingsError, match=said):
        settings(tmp_path, SPINE_REDACTION_PII=text)


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("SPINE_LOGS_LEVLE", "did you mean SPINE_LOGS_LEVEL?"),
        ("SPINE_SERVCE", "did you mean SPINE_SERVICE?"),
        ("SPINE_ZZZZZZZZZZZZ", "docs/reference/settings.md lists every one."),
    ],
)
def test_an_unknown_variable_is_refused(tmp_path: Path, variable: str, near: str) -> None:
    """A misspelt variable does not silently do nothing."""
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **{variable: "a-value"})
    assert str(caught.value) == (
        f"environment: there is no setting {variable}; {near} Correct or remove it."
    )


@pytest.mark.parametrize(
    "variable",
    [
        "SPINE_DEMO_DATABASE_URL",
        "SPINE_SERVICE_HOST",
        "SPINE_SERVICE_PORT",
        "SPINE_SERVICE_PORT_HTTP",
        "SPINE_PORT",
        "SPINE_CONSOLE_PORT_4318_TCP_ADDR",
        "SPINE_CONSOLE_PORT_4318_TCP",
        "FASTAPI_SPINE_THING",
    ],
)
def test_variables_of_others_are_passed_over(tmp_path: Path, variable: str) -> None:
    """Kubernetes' links to a service called spine do not stop the application."""
    assert settings(tmp_path, **{variable: "tcp://10.0.0.11:80"}) == Settings()


def test_a_value_that_fits_no_variable_is_told_where_it_goes(tmp_path: Path) -> None:
    """Tables are for files and keywords."""
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, SPINE_REDACTION_EXTRA_PATTERNS="x")
    assert str(caught.value) == (
        "environment variable SPINE_REDACTION_EXTRA_PATTERNS: redaction.extra_patterns has no form "
        "that fits a variable; set it in a file or by "
        "Spine(app, redaction=Redaction(extra_patterns=…))."
    )


OTEL = {"OTEL_RESOURCE_ATTRIBUTES": "a=b, service.name=from%20resource,c"}


@pytest.mark.parametrize(
    ("environ", "service"),
    [
        (OTEL, "from resource"),
        ({**OTEL, "OTEL_SERVICE_NAME": "otel"}, "otel"),
        ({**OTEL, "OTEL_SERVICE_NAME": "otel", "SPINE_SERVICE": "spine"}, "spine"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "a=b"}, None),
        ({"OTEL_RESOURCE_ATTRIBUTES": "===,,"}, None),
    ],
)
def test_the_service_has_opentelemetrys_names_too(
    tmp_path: Path, environ: dict[str, str], service: str | None
) -> None:
    """What a platform sets for OpenTelemetry names the service; our own variable is stronger."""
    assert settings(tmp_path, **environ).service == service


def test_a_wrong_number_is_refused(tmp_path: Path) -> None:
    """Text that is no number is told as it was written."""
    with pytest.raises(
        SettingsError, match=r"logs\.recorder_lines cannot be 'many'; expected a whole"
    ):
        settings(tmp_path, SPINE_LOGS_RECORDER_LINES="many")


def test_loading_reads_the_environment_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without other orders, real variables count."""
    monkeypatch.setenv("SPINE_SERVICE", "process")
    assert load(keywords={}, start=tmp_path).settings.service == "process"
    assert environment()["SPINE_SERVICE"] == "process"


def test_the_environment_is_handed_out_as_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody changes later is not seen."""
    before = environment()
    monkeypatch.setenv("SPINE_SERVICE", "later")
    assert before.get("SPINE_SERVICE") != "later"

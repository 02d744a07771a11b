"""assert_no_secrets, as users call it in their own tests."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from fastapi_spine.testing import assert_no_secrets

PLANTED = "Tr0ub4dor&3 horse"


def failure(output: object, *planted: str) -> str:
    """Return the message with which the helper refuses `output`."""
    with pytest.raises(AssertionError) as caught:
        assert_no_secrets(output, planted=planted)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "request completed in 3 ms\nlogin password=[REDACTED:password]\n",
        b'{"msg": "ok", "token": "[REDACTED:token]"}\n',
        ['{"msg": "ok"}', {"msg": "ok", "n": 1}, b"plain"],
        {"msg": "ok", "items": [{"max_tokens": 5}]},
    ],
)
def test_clean_output_passes(output: object) -> None:
    """Text, bytes, lines and records without secrets are accepted."""
    assert_no_secrets(output, planted=[PLANTED])  # type: ignore[arg-type]


def test_it_names_the_line_the_path_and_the_kind() -> None:
    """The message leads to the place and never repeats the secret."""
    lines = ['{"msg": "ok"}', '{"ctx": {"user": {"password": "q7Kd93hX"}}, "n": [1, "a"]}']
    assert failure("\n".join(lines)) == (
        "secrets in the output:\n  line 2, ctx.user.password: password"
    )
    assert failure([{"n": ["ok", "see token=q7Kd93hX"]}]) == (
        "secrets in the output:\n  line 1, n[1]: token"
    )
    assert failure("one\ntwo password=q7Kd93hX\n") == "secrets in the output:\n  line 2: password"


@pytest.mark.parametrize(
    "written",
    [
        PLANTED,
        quote(PLANTED, safe=""),
        PLANTED.replace("&", "%26").replace(" ", "+"),
        base64.b64encode(PLANTED.encode()).decode(),
        json.dumps(f'say "{PLANTED}"'),
    ],
)
def test_a_planted_value_is_found_in_every_form(written: str) -> None:
    """Plain, URL-encoded, base64-encoded and inside JSON."""
    message = failure({"msg": f"got {written} there"}, "other-value", PLANTED)
    assert message.startswith("secrets in the output:\n  line 1, msg: planted value 2")
    assert "dor" not in message
    assert written not in message


def test_a_planted_value_is_found_in_keys_and_bytes() -> None:
    """Keys are output as well, and so are bytes."""
    assert "planted value 1" in failure({"a": {PLANTED: 1}}, PLANTED)
    assert "planted value 1" in failure({"a": PLANTED.encode()}, PLANTED)
    assert PLANTED not in failure({"a": {PLANTED: PLANTED}}, PLANTED)


def test_a_planted_value_that_would_be_found_anywhere_is_refused() -> None:
    """Three characters prove nothing."""
    with pytest.raises(ValueError, match="planted value 1 is shorter than 4 characters"):
        assert_no_secrets("text", planted=["abc"])

"""What is replaced in a piece of text, and exactly by what."""

from __future__ import annotations

import base64

import pytest

from fastapi_spine.redaction import ExtraPattern, Policy, Redactor
from fastapi_spine.redaction.text import LONGEST_TEXT
from fastapi_spine.redaction.vendors import TOKEN_RULES, TokenRule

BASIC = base64.b64encode(b"alice:hunter22").decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
GITHUB = "ghp_" + "a1B2c3D4" * 4

EXACT = [
    ("login password=hunter2 user=bob", "login password=[REDACTED:password] user=bob"),
    ("{'password': 'hunter2', 'n': 1}", "{'password': '[REDACTED:password]', 'n': 1}"),
    ('{"token":"q7Kd93hX"}', '{"token":"[REDACTED:token]"}'),
    ('"{\\"token\\": \\"q7Kd93hX\\"}"', '"{\\"token\\": \\"[REDACTED:token]\\"}"'),
    ("msg: password=hunter2", "msg: password=[REDACTED:password]"),
    ("Authorization: Bearer q7Kd93hX", "Authorization: Bearer [REDACTED:authorization]"),
    (f"Authorization: Basic {BASIC}", "Authorization: Basic [REDACTED:authorization]"),
    (f"jwt {JWT} ok", "jwt [REDACTED:jwt] ok"),
    (f"({GITHUB})", "([REDACTED:github])"),
    ("cookie: sid=q7; theme=x rest", "cookie: [REDACTED:cookie] rest"),
    ("postgresql://a:b@h/d", "postgresql://REDACTED:REDACTED@h/d"),
    ("redis://:b7b7b7@h:1/0", "redis://REDACTED:REDACTED@h:1/0"),
    ("mysql root:b7b7@tcp(h:1)/d", "mysql root:REDACTED@tcp(h:1)/d"),
    ("/reset?token=q7Kd93hX&page=2", "/reset?token=[REDACTED:token]&page=2"),
    ("a=%3Ftoken%3Dq7Kd93hX%26b%3D1", "a=%3Ftoken%3D[REDACTED:token]%26b%3D1"),
    ("%22password%22%3A%22q7Kd%22", "%22password%22%3A%22[REDACTED:password]%22"),
    ("card 4111 1111 1111 1111 no", "card [REDACTED:card] no"),
    ("charged 4111111111111111.", "charged [REDACTED:card]."),
    ("SSN 219-09-9999, ok", "SSN [REDACTED:ssn], ok"),
    ("run --api-key q7Kd93hX --n 2", "run --api-key [REDACTED:api_key] --n 2"),
    ("['--token', 'q7Kd93hX', 'x']", "['--token', '[REDACTED:token]', 'x']"),
    ("[(b'cookie', b'sid=q7Kd93')]", "[(b'cookie', b'[REDACTED:cookie]')]"),
    ("curl -u bob:q7Kd93 https://x", "curl -u bob:[REDACTED:password] https://x"),
    ("<password>q7Kd93</password>", "<password>[REDACTED:password]</password>"),
    ("Key (token)=(q7Kd93hX) exists.", "Key (token)=([REDACTED:token]) exists."),
    ("your password is hunter22", "your password is [REDACTED:password]"),
    (
        'name="password"\r\n\r\nq7Kd93\r\n--b',
        'name="password"\r\n\r\n[REDACTED:password]\r\n--b',
    ),
    (
        "1 validation error for A\npassword\n  bad [type=x, input_value='q7Kd93', input_type=str]",
        (
            "1 validation error for A\npassword\n  bad [type=x, input_value=[REDACTED:password],"
            " input_type=str]"
        ),
    ),
    (
        "[{'loc': ('body', 'token'), 'msg': 'bad', 'input': 'q7Kd93'}]",
        "[{'loc': ('body', 'token'), 'msg': 'bad', 'input': '[REDACTED:token]'}]",
    ),
    (
        "[SQL: INSERT INTO u (name, password) VALUES (?, ?)]\n[parameters: ('bob', 'q7Kd93')]",
        (
            "[SQL: INSERT INTO u (name, password) VALUES (?, ?)]\n"
            "[parameters: ('bob', '[REDACTED:password]')]"
        ),
    ),
    ("docker login -u a -p q7Kd93hX h", "docker login -u a -p [REDACTED:password] h"),
    ("mysql -uroot -pq7Kd93hX shop", "mysql -uroot -p[REDACTED:password] shop"),
    ("htpasswd -b f bob q7Kd93hX", "htpasswd -b f bob [REDACTED:password]"),
    ("echo q7Kd93hX | sudo -S ls", "echo [REDACTED:password] | sudo -S ls"),
    ("redis> AUTH q7Kd93hX", "redis> AUTH [REDACTED:password]"),
    ("x = HTTPBasicAuth('bob', 'q7Kd93')", "x = HTTPBasicAuth('bob', '[REDACTED:password]')"),
    (
        "https://hooks.slack.com/services/T0AB/B0CD/a1B2c3D4",
        "https://hooks.slack.com/services/[REDACTED:webhook]",
    ),
    (
        "https://discord.com/api/webhooks/12345/a1B2c3D4e5F6g7H8",
        "https://discord.com/api/webhooks/12345/[REDACTED:webhook]",
    ),
    ("GET /geo?key=a1B2c3D4e5F6g7H8&q=x", "GET /geo?key=[REDACTED:api_key]&q=x"),
    ("id,token\n1,q7Kd93hX\n2,none\n", "id,token\n1,[REDACTED:token]\n2,none\n"),
    (
        "INSERT INTO u (name, password) VALUES ('bob', 'q7Kd93')",
        "INSERT INTO u (name, password) VALUES ('bob', '[REDACTED:password]')",
    ),
    (
        "auth: {type: basic, username: bob, value: 'q7Kd93hX'}",
        "auth: {type: basic, username: bob, value: '[REDACTED:authorization]'}",
    ),
    ("- name: API_KEY\n  value: q7Kd93hX", "- name: API_KEY\n  value: [REDACTED:api_key]"),
    (
        "<key>token</key><string>q7Kd93</string>",
        "<key>token</key><string>[REDACTED:token]</string>",
    ),
    (
        '{"kty":"oct","k":"a1B2c3D4e5F6g7H8"}',
        '{"kty":"oct","k":"[REDACTED:private_key]"}',
    ),
    ("verification code is 123456", "verification code is [REDACTED:otp]"),
    ("https://x/reset/8sKd93hXq2LmN0pZ?to=1", "https://x/reset/[REDACTED:token]?to=1"),
    ("/reset-password/8sKd93hXq2", "/reset-password/[REDACTED:token]"),
    ("/password-reset/9f8e7d6c5b4a/", "/password-reset/[REDACTED:token]/"),
    ("/verify-email/q7kd93hx2lmn", "/verify-email/[REDACTED:token]"),
    ('{"tokens": ["alphaSecret1", "quick"]}', '{"tokens": ["[REDACTED:token]", "quick"]}'),
    ("refresh_tokens=['q7Kd93hXq2'], n=3", "refresh_tokens=['[REDACTED:token]'], n=3"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nDEK-Info: x\nAAAA",
        "[REDACTED:private_key]",
    ),
]


@pytest.mark.parametrize(("text", "clean"), EXACT)
def test_the_value_goes_and_everything_around_it_stays(text: str, clean: str) -> None:
    """Key, structure, position and surrounding text survive; the mark names the kind."""
    assert Redactor().text(text) == clean


@pytest.mark.parametrize(("text", "clean"), EXACT)
def test_redaction_is_idempotent(text: str, clean: str) -> None:
    """Redacting what was redacted changes nothing."""
    assert Redactor().text(clean) == clean
    assert Redactor().text(Redactor().text(text)) == clean


@pytest.mark.parametrize(
    "text",
    [
        "/reset/password",
        "/reset/confirm-email",
        "/users/42/reset/now",
        "/reset/team2024x",
        "/users/7/reset/report20240101",
        "/reset/2024-01-01-report1",
        "/invite/OrderConfirm2024",
        "/confirm/ORD-2024-AB12C",
        "/preset/a1b2c3d4e5f6",
        "/reset/019a0c5e-2a3b-7c4d-8e5f-0123456789ab",
        '{"tokens": ["the", "quick", "covid19", "##ing", "2nd"]}',
        '{"tokens": [101, 2023, 102], "max_tokens": ["q7Kd93hXq2"]}',
        '{"tokens": [{"id": "usr8sKd93hXq2"}]}',
    ],
)
def test_words_behind_a_reset_and_the_tokens_of_a_model_stay(text: str) -> None:
    """A name with a number is none that was drawn by lot, and neither is an id or a piece of a text."""
    assert Redactor().text(text) == text


@pytest.mark.parametrize("rule", TOKEN_RULES, ids=lambda rule: rule.literal)
def test_every_issuer_rule_matches_its_example_and_not_its_look_alike(rule: TokenRule) -> None:
    """An issuer's token goes, whole or cut short by a log; the bare prefix is a word."""
    redactor = Redactor()
    token = rule.literal + rule.match
    assert token not in redactor.text(f"got {token} from bob")
    assert redactor.text(f"got {token} from bob").endswith("] from bob")
    assert (
        redactor.text(f"see {rule.literal}{rule.miss} here")
        == f"see {rule.literal}{rule.miss} here"
    )


def test_a_password_in_a_url_may_hold_what_should_have_been_encoded() -> None:
    """Raw @ and / in a password do not save it."""
    redactor = Redactor()
    assert redactor.text("postgres://a:p@ss@h/d") == "postgres://REDACTED:REDACTED@h/d"
    assert redactor.text("postgres://a:p/ss7@h:1/d") == "postgres://REDACTED:REDACTED@h:1/d"
    assert redactor.text("http://h:8080/users/@me") == "http://h:8080/users/@me"


def test_text_beyond_the_limit_is_dropped_before_scanning() -> None:
    """16 KiB are read; the rest is counted, and a secret at the cut does not survive in half."""
    secret = "password=" + "q7Kd93hX" * 4
    text = "x " * 8180 + secret + " tail" * 9000
    clean = Redactor().text(text)
    assert len(clean) <= LONGEST_TEXT
    assert "q7Kd" not in clean
    assert clean.endswith("]")
    assert "[TRUNCATED:" in clean
    assert Redactor().text(clean) == clean


def test_a_capital_that_grows_when_lowered_hides_nothing() -> None:
    """U+0130 becomes two characters in lower case; offsets are never taken from lowered text."""
    text = "\u0130" * 40 + " password=hunter2 " + "\u0130" * 40
    assert Redactor().text(text) == text.replace("hunter2", "[REDACTED:password]")


def test_personal_data_stays_by_default_and_goes_on_request() -> None:
    """pii=True adds e-mail and IP addresses; networks and versions stay."""
    text = "bob@example.com from 203.0.113.7 and 2001:db8::1, net 203.0.113.0/24, at 12:30:45"
    assert Redactor().text(text) == text
    assert Redactor(Policy(pii=True)).text(text) == (
        "[REDACTED:email] from [REDACTED:ip] and [REDACTED:ip], net 203.0.113.0/24, at 12:30:45"
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ssn", "applicant 219-09-9999 came"),
        ("card", "paid by 4111111111111111 today"),
        ("github", f"found {GITHUB} here"),
        ("password", "with password=hunter2 set"),
        ("password", "ran mysql -pq7Kd93hX shop"),
        ("webhook", "at hooks.slack.com/services/T0AB/B0CD/a1B2c3D4 now"),
        ("url_credentials", "at postgresql://a:b@h/d now"),
    ],
)
def test_a_disabled_kind_stays(kind: str, text: str) -> None:
    """disable_kinds turns one kind off and nothing else."""
    assert Redactor().text(text) != text
    assert Redactor(Policy(disable_kinds=frozenset({kind}))).text(text) == text


def test_an_extra_pattern_is_applied() -> None:
    """A team's own token shape is replaced by its own mark, in any casing of its literal."""
    extra = ExtraPattern(kind="acme", literal="acme-", pattern=r"(?i:acme)-[a-z0-9]{8,40}")
    redactor = Redactor(Policy(extra_patterns=(extra,)))
    assert redactor.text("key acme-a1b2c3d4e5 used") == "key [REDACTED:acme] used"
    assert redactor.text("key ACME-a1b2c3d4e5 used") == "key [REDACTED:acme] used"
    assert redactor.text("acme-x is short") == "acme-x is short"


@pytest.mark.parametrize(
    "known",
    [
        "Tr0ub4dor&3 x/y",
        "gr\u00fcn-Schl\u00fcssel",
        "\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57",
    ],
)
def test_a_known_value_is_found_in_every_form(known: str) -> None:
    """Secrets known at start-up are found plain, URL-, JSON- and base64-encoded."""
    redactor = Redactor(Policy(known_values=(known,)))
    assert redactor.text(f"it was {known}!") == "it was [REDACTED:known]!"
    encoded = base64.b64encode(known.encode()).decode()
    assert encoded[:-4] not in redactor.text(f"it was {encoded}!")


def test_a_short_known_value_is_left_out() -> None:
    """A known value under ten characters would hit ordinary words."""
    assert Redactor(Policy(known_values=("orders",))).text("GET /orders") == "GET /orders"


def test_the_mark_never_echoes_the_secret() -> None:
    """No part of the secret, nor its length, shows in what stands for it."""
    redactor = Redactor()
    short = redactor.text("password=abcdefgh1")
    long = redactor.text("password=" + "abcdefgh1" * 20)
    assert short == long == "password=[REDACTED:password]"

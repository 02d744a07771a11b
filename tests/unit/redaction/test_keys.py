"""Which keys name a secret."""

from __future__ import annotations

import pytest

from fastapi_spine.redaction import Policy, Redactor
from fastapi_spine.redaction.keys import CACHE_SIZE, KeyClassifier, words_of

SENSITIVE = """
password PASSWORD Password user_password userPassword db-password DB_PASSWORD password2 old.password
passwd pwd pw pass passphrase passcode pgpassword mysql_pwd hashed_password passwordHash
secret clientSecret client_secret SECRET_KEY secretKey webhook_secret
token access_token accessToken refreshToken id_token X-Auth-Token oauth_token_secret csrftoken
csrfmiddlewaretoken XSRF-TOKEN x_csrftoken api_key apiKey APIKey X-API-Key apikey api.key
authorization Authorization Proxy-Authorization auth X-Auth cookie Set-Cookie cookies
session session_id sessionid sessionId PHPSESSID JSESSIONID connect.sid sid
jwt bearer credentials creds userCredentials ssn social_security_number cvv cvc security_code
card_number cardNumber cc_number credit_card privateKey private_key signing_key encryption_key
master_key shared_key account_key access_key aws_secret_access_key aws_access_key_id
password_reset_token one_time_otp X-Amz-Security-Token x-spine-keep http.request.header.x_spine_keep
""".split()  # noqa: SIM905 -- read as a text

INNOCENT = """
max_tokens token_count tokens total_tokens token_type tokenizer token_expires_at tokenLimit
author authors author_id authority monkey keyboard primary_key foreign_key cache_key sort_key
partition_key public_key idempotency_key key keys keyword api_version api_url
password_changed_at password_reset password_strength password_policy has_password is_secret
min_password_length session_duration_ms session_count session_timeout cookie_consent cookie_name
card_brand card_last4 card_type dashboard_cards discarded signature_algorithm auth_method auth_url
secret_name secret_version class_name photo_kenya top_assistant compass passenger secretary bypass
accession possession residence sidebar inside auth_id token_id n_tokens num_tokens sig signature
user id request_id trace_id path method status elapsed_ms
""".split()  # noqa: SIM905 -- read as a text


@pytest.mark.parametrize("name", SENSITIVE)
def test_a_sensitive_name_is_known_in_every_style(name: str) -> None:
    """Casing, separators and compounds do not hide a sensitive key."""
    assert Redactor().is_sensitive_key(name)


@pytest.mark.parametrize("name", INNOCENT)
def test_a_name_that_only_looks_sensitive_is_left_alone(name: str) -> None:
    """Words that contain, count or describe a secret are no secrets."""
    assert not Redactor().is_sensitive_key(name)


@pytest.mark.parametrize("name", SENSITIVE)
def test_a_key_fares_the_same_in_a_mapping_and_in_text(name: str) -> None:
    """Whatever is sensitive in a dict is sensitive as key=value in a message."""
    redactor = Redactor()
    assert "q7Kd93hX" not in str(redactor.value({name: "q7Kd93hX"}))
    assert "q7Kd93hX" not in redactor.text(f"a message with {name}=q7Kd93hX in it")


@pytest.mark.parametrize("name", INNOCENT)
def test_an_innocent_key_fares_the_same_in_a_mapping_and_in_text(name: str) -> None:
    """Whatever stays in a dict stays as key=value in a message."""
    redactor = Redactor()
    text = f"a message with {name}=q7Kd93hX in it"
    assert redactor.value({name: "q7Kd93hX"}) == {name: "q7Kd93hX"}
    assert redactor.text(text) == text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("APIKey2", ["api", "key"]),
        ("userPASSWORD", ["user", "password"]),
        ("OAuthToken", ["o", "auth", "token"]),
        ("X-Amz_Security.Token", ["x", "amz", "security", "token"]),
        ("", []),
    ],
)
def test_keys_are_read_by_words(name: str, words: list[str]) -> None:
    """Punctuation, camel case and trailing digits separate words."""
    assert words_of(name) == words


def test_extra_keys_match_in_any_style() -> None:
    """One extra key covers its camel-case, dashed and upper-case forms."""
    redactor = Redactor(Policy(extra_keys=frozenset({"tenant_pin"})))
    for name in ("tenant_pin", "tenantPin", "TENANT-PIN"):
        assert redactor.value({name: "1234"}) == {name: "[REDACTED:secret]"}
        assert redactor.text(f"got {name}=1234") == f"got {name}=[REDACTED:secret]"
    assert redactor.value({"pin": "1234"}) == {"pin": "1234"}


def test_an_allowed_key_stays_by_name_and_by_path() -> None:
    """allow_keys takes an exact name anywhere, or a dotted path in one place only."""
    by_name = Redactor(Policy(allow_keys=frozenset({"session_id"})))
    assert by_name.value({"a": {"Session_ID": "q7Kd93hX"}}) == {"a": {"Session_ID": "q7Kd93hX"}}
    by_path = Redactor(Policy(allow_keys=frozenset({"headers.x-tenant-token"})))
    record: dict[str, object] = {"headers": {"x-tenant-token": "q7"}, "x-tenant-token": "q7Kd93"}
    assert by_path.record(record) == {
        "headers": {"x-tenant-token": "q7"},
        "x-tenant-token": "[REDACTED:token]",
    }


def test_the_value_rules_still_apply_below_an_allowed_key() -> None:
    """Allowing a key does not let a recognisable token through."""
    redactor = Redactor(Policy(allow_keys=frozenset({"session_id"})))
    token = "ghp_" + "a1B2c3D4" * 4
    assert redactor.value({"session_id": token}) == {"session_id": "[REDACTED:github]"}


def test_the_cache_is_bounded() -> None:
    """Endless new keys from outside cannot grow memory."""
    classifier = KeyClassifier(Policy())
    for number in range(3 * CACHE_SIZE):
        classifier.kind(f"k{number}")
    assert len(classifier.cache) <= CACHE_SIZE


def test_signature_parameters_count_in_query_strings_only() -> None:
    """`sig` is a secret in a URL and a word elsewhere."""
    redactor = Redactor()
    assert redactor.text("GET /a?page=2&sig=aGVsbG8h") == "GET /a?page=2&sig=[REDACTED:signature]"
    assert redactor.text("the key sig=aGVsbG8h stays") == "the key sig=aGVsbG8h stays"
    assert redactor.value({"params": {"sig": "aGVsbG8h"}}) == {
        "params": {"sig": "[REDACTED:signature]"}
    }

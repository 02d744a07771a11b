"""An eighth batch of innocents: keys that only look sensitive in every format, and plain records."""

from __future__ import annotations

from typing import Any

from tests.unit.redaction.corpus_eighth_leaks import FORMATS, PROSE, cross

# An innocent key and its value.
_KEYS = """
max_tokens:n token_count:n tokens_used:n token_type:kindword tokenizer:kindword total_tokens:n next_token_index:n
author:user author_id:uuid authors:user author_email:email monkey:kindword keyboard:kindword keyword:kindword
primary_key:uuid foreign_key:n cache_key:uuid sort_key:when partition_key:uuid object_key:path routing_key:dotted
public_key_id:hex16 key_id:uuid keyspace:kindword key_count:n password_changed_at:when password_age_days:n
password_policy:kindword password_min_length:n has_password:flag passwordStrength:kindword secret_name:path
secret_version:n secrets_count:n secretary:user session_count:n session_duration_ms:n sessionTimeout:n session_name:kindword
session_state:kindword auth_method:kindword auth_provider:kindword authType:kindword auth_latency_ms:n cookie_count:n
cookie_consent:flag cookie_domain:host card_brand:kindword card_last4:n4 cardinality:n scorecard:kindword dashboard_id:uuid
discarded:n passenger_count:n compass:kindword bypass:flag passed:n pass_rate:decimal order_id:order request_id:uuid
trace_id:hex32 span_id:hex16 etag:hex32 sha256:sha256 commit:sha checksum:hex32 signature_algorithm:kindword cursor:cursor
build_id:ulid version:dotted user_id:uuid device_id:uuid correlation_id:uuid client_id:kindword tenant:kindword
credential_type:kindword credentials_provider:kindword jwt_algorithm:kindword csrf_enabled:flag otp_length:n cvv_result:flag
ssn_provided:flag api_key_name:kindword api_key_id:n apiVersion:dotted private_key_path:path access_key_age:n
token_expires_at:when refresh_token_ttl:n accessTokenExpiry:when bearer_format:kindword encryption_algorithm:kindword
""".split()  # noqa: SIM905 -- read as a table

EIGHTH_INNOCENTS: list[Any] = cross(_KEYS, FORMATS[:-PROSE], "((kind))", shift=3)

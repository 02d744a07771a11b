"""The words that make a key sensitive, and the words that make it innocent again.

Sources: the deny-lists of sentry-sdk, logfire, elastic-apm and ddtrace, and their issue trackers
for what those lists hit by mistake (author, monkey, max_tokens, password_changed_at).
"""

# ruff: noqa: SIM905 -- word lists are read as text

from __future__ import annotations

from fastapi_spine.redaction.gate import Anchor

# One of these words anywhere in a key makes it sensitive, unless the last word below denies it.
HARD: dict[str, str] = {
    "password": "password", "passwords": "password", "passwd": "password", "pwd": "password",
    "passphrase": "password", "passcode": "password", "pw": "password", "otp": "otp",
    "totp": "otp", "secret": "secret", "secrets": "secret", "token": "token",
    "apikey": "api_key", "apikeys": "api_key", "authorization": "authorization", "jwt": "jwt",
    "bearer": "authorization", "csrf": "token", "xsrf": "token", "credential": "credentials",
    "credentials": "credentials", "creds": "credentials", "cred": "credentials", "ssn": "ssn", "cvv": "card",
    "cvc": "card", "cvv2": "card", "privatekey": "private_key", "sessid": "session",
    "sessionid": "session", "phpsessid": "session", "jsessionid": "session", "psk": "secret", "mnemonic": "mnemonic",
    **dict.fromkeys("dbpass userpass adminpass rootpass mailpass smtppass ftppass keypass storepass requirepass".split(), "password"),
    **dict.fromkeys("dbpwd userpwd dbpasswd".split(), "password"),
}  # fmt: skip

# These say something only as the last word, or before one of the tails: `auth_backend`,
# `session_language` and `cookie_banner` are no secrets.
SOFT: dict[str, str] = {
    "pass": "password", "auth": "authorization", "cookie": "cookie", "cookies": "cookie",
    "session": "session", "sess": "session", "sid": "session",
}  # fmt: skip
SOFT_TAILS = frozenset(
    "id key token data value values header headers string code secret hash ticket payload blob"
    " cookie cookies raw str jwt uuid new old current hex encoded plain word".split()
)

# A word that ends so, and is longer than six letters: `pgpassword`, `csrfmiddlewaretoken`.
SUFFIXES: dict[str, str] = {
    "password": "password", "passwd": "password", "passphrase": "password", "secret": "secret",
    "token": "token", "apikey": "api_key", "privatekey": "private_key", "secretkey": "secret",
    "accesskey": "secret", "sessionid": "session", "sessid": "session", "cardnumber": "card",
    "creditcard": "card", "accountkey": "secret", "sharedkey": "secret", "signingkey": "secret",
}  # fmt: skip

_KEYED = "api private secret access signing encryption master account shared".split()
_ALSO_KEYED = (
    "auth subscription functions consumer app application hmac aes jwt webhook license deploy merchant session"
    " fernet crypto cipher decryption signature gateway integration write ingest admin".split()
)
_CODED = "verification login confirmation mfa fa otp auth recovery backup factor sms time passwordless".split()
PAIRS: dict[tuple[str, str], str] = {
    **{(word, "key"): "secret" for word in (*_KEYED, *_ALSO_KEYED)},
    **{(word, code): "otp" for word in _CODED for code in ("code", "codes")},
    **{("api", key): "api_key" for key in ("key", "keys")},
    ("private", "key"): "private_key",
    **{("encryption", key): "secret" for key in ("keys", "secret")},
    **{(card, end): "card" for card in ("card", "cc") for end in ("number", "num", "no")},
    **{("pass", end): "password" for end in ("word", "phrase", "code")},
    ("credit", "card"): "card",
    ("social", "security"): "ssn",
    ("security", "code"): "card",
    ("connect", "sid"): "session",
    ("api", "hash"): "secret",
    ("preshared", "key"): "secret",
    ("spine", "keep"): "token",  # our own header: a wrong token may be another service's right one
    **{(word, "phrase"): "mnemonic" for word in ("seed", "recovery", "secret", "backup")},
}

# In a query string only: OpenTelemetry's four, and the other signed-URL parameters of the clouds.
QUERY: dict[str, str] = {
    "sig": "signature", "signature": "signature", "x-amz-signature": "signature",
    "x-amz-credential": "aws", "x-amz-security-token": "aws", "x-goog-signature": "signature",
    "x-goog-credential": "google", "awsaccesskeyid": "aws",
}  # fmt: skip

# In a query string, these are a secret if their value looks like one: `?key=AIza…`, `&code=4/0A…`.
OPAQUE_QUERY: dict[str, str] = {
    "key": "api_key", "code": "token", "ticket": "token", "appid": "api_key",
    "sign": "signature", "hmac": "signature",
}  # fmt: skip

# A key that ends so tells about a secret and is none.
DENY_LAST = frozenset(
    "count counts type types length len size name names expires expired expire expiry expiration"
    " at ttl enabled disabled required policy policies changed reset resets requested method"
    " methods provider providers limit limits budget used usage algorithm alg algo format"
    " strength duration ms seconds secs sec us ns version versions status state present provided"
    " consent started ended url urls uri uris endpoint endpoints path paths file files filename"
    " latency brand last4 bin index idx score rate rates band minute minutes hour hours day days"
    " week weeks month months year years age max min avg mean sum total totals quota remaining"
    " per date time timestamp timestamps timeout timeouts delay retries retry attempts attempt"
    " failures failure failed succeeded success ok valid invalid validity verified verify"
    " verification validation validator hashed encrypted missing exists exist supported"
    " cost price rounds bits bytes chars characters words table column columns schema model"
    " models class factory pool engine maker manager service services store stores storage"
    " backend backends handler handlers helper middleware dependency dependencies generator"
    " issuer audience realm domain samesite secure httponly prefix suffix source sources kind"
    " kinds category mode modes level levels rotation rotated rotate created updated issued"
    " deleted revoked saved sent seen hint help label field fields placeholder error errors"
    " message messages msg reason description doc docs comment note notes title text group"
    " groups role roles scope scopes plan feature features flag flags host hostname port region"
    " bucket user username users email owner event events action step page screen view form"
    " button banner preferences preference notice arn locale language country currency plugin"
    " module package py js ts go rb java html txt log md json yaml yml toml sql conf config cfg"
    " cfgs settings setting options option rule rules strategy start end begin change update"
    " detected detector logic flow context client clients server provider_id bucket_name queue"
    " broker cache protocol library lib test tests spec example examples template templates"
    " ref refs santa through over book books law in out stdin stdout check checks checked result results outcome"
    " warning warnings info information details support required needed tips"
    " parser encoder decoder hasher checker verifier loader builder resolver getter setter fetcher"
    " refresher signer serializer encoding parsing hashing handling refreshing location collection"
    " extraction generation injection invalidation stuffing spraying caching hijacking fixation"
    " sharing storage symbol symbols decimals address supply standard holder holders contract".split()
)
DENY_FIRST = frozenset(
    "has is num max min total n no avg require required requires use uses using enable enables"
    " enabled disable disabled allow allows skip show hide should can needs supports with without"
    " invalid missing unexpected".split()
)
# Of those, what says nothing about a value below a sensitive key: `{"password": {"text": …}}`.
TELLING_BELOW = frozenset("exp iat nbf aud iss azp typ kid".split()) | DENY_LAST - frozenset(
    "text title message messages msg note notes comment word words bits bytes chars characters"
    " hashed encrypted saved sent seen prefix suffix model page view form field fields".split()
)
# One of these anywhere says something about a secret.
DENY_ANY = frozenset(
    "expires expire expired expiry expiration expiring invalid missing ttl".split()
)
# Twilio's ids of things.
SID_OF = frozenset(
    "account message call service conversation room workspace verify participant chat sms".split()
)
# `token_id` and `auth_id` point at a thing; `session_id` and `access_key_id` are the thing.
ID_DENIED = frozenset(
    "auth token credential credentials secret_name api key password authorization jwt".split()
)

# What a gate must find in lowered text before a key can be one of the above, with what must
# follow or precede it. `card` needs its `number` and `key` its first word, or half of all text
# would be read closely.
_GAPS = ("", "[^a-z]", "[^a-z]{2}", "[^a-z]{3}")
ANCHORS: tuple[Anchor, ...] = (
    *map(
        Anchor,
        "pass pwd pw secret token auth cookie sess jwt bearer csrf xsrf cred ssn cvv cvc otp"
        " security signature x-amz- x-goog- psk mnemonic".split(),
    ),
    Anchor("sid", "(?![a-z])"),
    Anchor("phrase", before=("seed", "seed.", "recovery", "recovery.", "secret.", "backup.")),
    Anchor("hash", before=("api", "api.")),
    Anchor("key", r"[\"']?\s{0,2}[=:]?>?\s{0,2}[\"'(]?[\w+/-]{32}"),
    Anchor("card", "[^a-z]{0,3}n"),
    Anchor("cc", "[^a-z]{0,3}n"),
    Anchor("credit", "[^a-z]{0,3}card"),
    Anchor("sig", "(?:=|%3d|%253d|[^a-z]{1,3}:)"),
    Anchor("code=", r"[\w/.~%-]{16}"),
    *(Anchor(f"{mark}{name}=") for mark in "?&" for name in OPAQUE_QUERY),
    Anchor("keep", before=("spine-", "spine_")),
    Anchor("key", before=tuple(word + gap for word in (*_KEYED, *_ALSO_KEYED) for gap in _GAPS)),
    Anchor("code", before=tuple(word + gap for word in _CODED for gap in _GAPS)),
)

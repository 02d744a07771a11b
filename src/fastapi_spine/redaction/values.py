"""The value beside a sensitive key in text: where it ends, and whether it is a secret at all.

Text is full of ``password: required``, ``token=token,`` and ``auth = (user, pw)``: prose and code
that name a secret and hold none. What is skipped here is what a reader can see to be a word, a
mask, a placeholder or an expression.
"""

# ruff: noqa: SIM905 -- word lists are read as text

from __future__ import annotations

import re

from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import MARK, mark
from fastapi_spine.redaction.words import HARD

# Values that say something about a secret. Lower-cased comparison.
STOP_WORDS = frozenset(
    "none null nil true false undefined nan empty blank unset set not required optional missing"
    " invalid valid expired expires enabled disabled changed change unchanged present absent"
    " provided unknown hidden masked redacted removed filtered scrubbed omitted secret_here str"
    " string int integer number float bool boolean bytes any object list dict array text type"
    " ok yes no on off n/a na tbd ... must should shall may can cannot could would will is are was"
    " were be been has have had does do did the a an this that these those it its in at of to for"
    " from by with without and or but if when while as than then there here too very only also"
    " failed failure fails success successful successfully succeeded error errors denied refused"
    " rejected accepted allowed forbidden revoked revoke refresh refreshed rotate rotated rotation"
    " renew renewed create created creating update updated updating delete deleted read write"
    " admin list manage all user users client clients server servers request requests response"
    " header headers cookie cookies body query param params login logged logging logout signin"
    " signup started starting start stopped stop closed close opened open ended end active"
    " inactive pending waiting done using used use uses uninitialized loading loaded load found"
    " checking checked check verify verified verification mismatch match matches matched incorrect"
    " correct wrong weak strong short long auto automatic default basic bearer digest jwt oauth"
    " oauth2 openid oidc saml ldap apikey api_key code implicit field fields value values key keys"
    " input output expected got unexpected unauthorized unauthenticated unavailable reset"
    " requested sent received timeout retry retrying skipped ignored new old same different"
    " await async self cls lambda yield return raise depends annotated literal secretstr get post"
    " put patch head options delete path id name names bad stale fresh lost email username final classvar"
    " phone address trim choose enter type add remove ensure make set avoid store hash validate"
    " handle support deny fix never always please see try keep let first last only once both each"
    " every more less than strip encode decode parse limit rename move improve prevent hide show"
    " drop bump clean test document log mask redact escape quote expose leak see such what which"
    " who how why where needs need needed provide auth obj data info args kwargs uuid varchar jsonb bytea bigint timestamp datetime confirmed changeme pending accepted ident".split()
) | frozenset(HARD)

# At least two of these make a sentence about a field rather than a passphrase.
_PROSE = frozenset(
    "must should required invalid field blank characters character cannot is are missing expired"
    " may not least most contain contains match incorrect wrong this your the has have least"
    " please choose be too short long common value string".split()
)

_MASKED = LazyPattern(r"[*xX\W_]{1,256}+|<[^<>]{0,64}>|\[[A-Za-z ]{1,20}\]")
_PLACEHOLDER = LazyPattern(
    r"\$?\{[^{}\"']{0,80}\}|\$[A-Z_][A-Z0-9_]{0,60}|\$\([^()]{0,80}\)|%[srdif]|%\(\w{1,60}\)[srd]"
    r"|/[a-z][a-z0-9_./-]{1,100}|:[a-z_]{1,40}|\$?\{\{.{0,80}\}\}|\$\d{1,3}"
    r"|\$\{\w{1,60}(?::?[-?=+][a-z ]{0,40})?\}|%%?\w{1,20}\([\w.:-]{1,60}\)%%?"
    r"|(?:file|env|vault|op|ref|ssm|keyring|doppler|sops|secretsmanager|awssm|gcpsm|azurekeyvault)(?:\+\w{1,20})?:/{0,3}[\w./#{}@-]{1,200}"
    r"|(?i:your|replace|insert|enter)[-_ ][\w -]{0,60}|[\w-]{1,60}(?i:[-_]here)|(?i:change|replace)[-_]?me"
    r"|[a-z_]{2,40}(?::[\w,.-]{1,40})?(?:\|[a-z_]{2,40}(?::[\w,.-]{1,40})?){1,12}"
    r"|[a-z_]{2,20}\(\d{1,4}\)|!(?:vault|secret|ref|sub|env|env_var|include|reference|Ref|Sub|GetAtt|ImportValue|Join)|[a-z_-]{2,40}(?:/[a-z_-]{2,40}){1,5}"
)
_CODE = LazyPattern(
    r"[A-Za-z_][\w.:]{0,120}+[(\[]|[A-Za-z_]{1,40}(?:\.[A-Za-z_]{1,40}[0-9]{0,3}){1,6}[,)\]:]{0,3}$|<\w"
    r"|[A-Z]{2,20}(?:_[A-Z]{2,20}){1,4}$|_?(?:[A-Z][a-z]{1,20}){1,3}(?:Type|Str|Bool|Int|Bytes|Text|Session|Field|Model|Schema|Path|Protocol)$"
)
_JOINED = LazyPattern(r"\s*(?:[+%)\]},]+(?:\s|$)|\.format\b|$)")
_ALPHABETIC = LazyPattern(r"[A-Za-z]{1,24}[-:/]?(?:[A-Za-z]{0,24})")
_CLASS_NAME = LazyPattern(r"(?:[A-Z][a-z]{2,20}){2,4}")
_SENTENCE = LazyPattern(r"[A-Za-z']{1,20}(?:[ ,.:;-]{1,2}(?:[A-Za-z']{1,20}|\d{1,4})){1,40}[.!?]?")
_MECHANISM = LazyPattern(
    r"[A-Z]{2,12}\d{0,3}(?:-[A-Z]{0,12}\d{0,3}){0,4}"
)  # RFC 4422: SCRAM-SHA-256
_SMALL = LazyPattern(
    r"\d{1,4}(?:\.\d{1,6})?(?:ms|us|s|m|h|d|%|kb|mb)?|\d{2,5}(?:/\S{0,200})?|v?\d+(?:\.\d+){1,3}"
)
_CHATTY = frozenset({"authorization", "session", "cookie", "credentials"})
_NUMERIC = frozenset({"password", "secret", "ssn", "card", "otp"})
_TOKENS = frozenset({"token", "api_key", "jwt", "session", "cookie", "signature"})
# No issuer draws words: `token = next_token`, `session: ClientSession`.
_IDENTIFIER = LazyPattern(
    r"[a-z]{1,20}(?:_[a-z]{1,20}){0,4}|[A-Z]{1,20}(?:_[A-Z]{1,20}){0,4}|_{0,2}(?:[a-z]{3,16}|[A-Z][a-z]{2,16})(?:[A-Z][a-z]{2,16}){0,3}"
)
_SHORTEST_TOKEN = 3
_LONGEST_COUNT = 4


def is_innocent(value: str, kind: str, key: str, *, quoted: bool) -> bool:
    """Say whether `value`, found in text beside `key`, is visibly no secret.

    Args:
        value: the text of the value, without its quotes.
        kind: the kind of secret that the key announces.
        key: the key as it stands in the text.
        quoted: whether the value stood in quotes.
    """
    if is_blank(value):
        return True
    if quoted:
        return _JOINED.match(value) is not None
    if key.endswith("s") and value.isdigit() and len(value) <= _LONGEST_COUNT:
        return True
    return _is_code(value, key) or _is_chatter(value, kind)


def is_blank(value: str) -> bool:
    """Say whether `value` is a stop word, a mask, a placeholder or a sentence about a field."""
    return value.lower() in STOP_WORDS or is_masked(value) or (" " in value and _is_prose(value))


def is_masked(value: str) -> bool:
    """Say whether `value` was masked by somebody else, or is a placeholder."""
    return _MASKED.fullmatch(value) is not None or _PLACEHOLDER.fullmatch(value) is not None


def is_sentence(value: str) -> bool:
    """Say whether `value` is made of at least two plain words, or short numbers."""
    return _SENTENCE.fullmatch(value) is not None


def _is_prose(value: str) -> bool:
    words = value.lower().replace(".", " ").replace(",", " ").split()
    return len(words) > 2 and sum(word in _PROSE for word in words) > 1  # noqa: PLR2004 -- a sentence


def _is_code(value: str, key: str) -> bool:
    bare = value.rstrip(":,")
    if _CODE.match(value) or bare.lower() in STOP_WORDS:
        return True
    own, other = key.lower(), bare.lower()
    if not bare.replace("_", "").replace(".", "").isalpha():
        return False
    tail = own.replace("-", "_").rpartition("_")[2].rpartition(".")[2]
    return other == tail or (("_" in other or own == other) and other.endswith(tail))


def _is_chatter(value: str, kind: str) -> bool:
    if kind in _NUMERIC:
        return False
    if kind == "authorization" and _MECHANISM.fullmatch(value):
        return True
    if kind in _TOKENS and _IDENTIFIER.fullmatch(value):
        return True
    if len(value) < _SHORTEST_TOKEN or _SMALL.fullmatch(value) or _CLASS_NAME.fullmatch(value):
        return True
    return kind in _CHATTY and _ALPHABETIC.fullmatch(value) is not None


# What other languages put around a literal: Some("x"), Optional('x'), <<"x">>.
_WRAPPER = r"(?:(?:Some|Optional|Just|Ok|New|Secret\w{0,10}|Password|Token|ApiKey|String|str|bytes|Bytes|Buffer\.from|encode)\(|<<)"
# A call is code whatever its arguments; asked first, because it needs no more than the name.
CALL = LazyPattern(rf"(?!{_WRAPPER}\\{{0,3}}[\"'`])[A-Za-z_][\w.:]{{0,120}}+[(\[]")
# What is filled in later: {name!r}, ${NAME:-}, {{ name }}, $(command).
_HOLDER = r"\$?\{[\w.!:]{0,60}\}|\$\{\w{1,60}:?[-?=+][a-z ]{0,40}\}|\$?\{\{|\$\("
HOLDER = LazyPattern(_HOLDER)
# `password: Available when the address contains one`
SAYING = LazyPattern(r"[A-Z][a-z]{1,20} [a-z]{1,20} [a-z]{1,20}[ .,]")
_BARE = r"""[^\s,;&"'<>\\%|]|\\(?![nrt"'\\/])|\|(?![\w.-]{0,40}+[=:|])"""

VALUE = LazyPattern(
    rf"""
    (?P<mark>{MARK})
    |(?P<esc>(?P<slashes>\\{{1,7}})
        (?:"(?P<e2>(?:[^"\\\n]|\\+(?!["\\])|(?P=slashes)\\+["]){{0,4000}})
          |'(?P<e1>(?:[^'\\\n]|\\+(?!['\\])|(?P=slashes)\\+[']){{0,4000}})))
    |(?P<prefix>(?:[bBuUrRfF]{{1,2}}|{_WRAPPER})?)
        (?:"(?:"")?(?P<q2>(?:[^"\\\n]|\\.){{0,4000}})"?|'(?:'')?(?P<q1>(?:[^'\\\n]|\\.){{0,4000}})'?
          |`(?P<q3>(?:[^`\\\n]|\\.){{0,4000}})`)
    |%(?:25)?22(?P<pct>(?:[^\s%&"'<>]|%(?!(?:25)?22)){{0,4000}})
    |&(?:quot|\#34|\#39);(?P<html>[^&<>\n]{{0,4000}}+)
    |(?P<holder>{_HOLDER})
    |(?P<open>[\[{{(])
    |(?P<bare>(?:{_BARE}|%){{1,4000}})
    """,
    re.VERBOSE,
)
CONTENT_GROUPS = ("e2", "e1", "q2", "q1", "q3", "pct", "html")

# In a percent-encoded query (after %3D) the value ends at an encoded ampersand, quote or brace.
ENCODED = LazyPattern(rf"(?:{_BARE}|%(?!(?:25)?(?:26|22|27|7[dD]|2[cC]))){{1,4000}}")
# A password may hold , ; & when what follows is not the next pair.
REST_OF_PASSWORD = LazyPattern(r"(?:[,;&](?![\w.%\[\]-]{0,64}+[=:])[^\s,;&\"'<>\\]{1,200}+){1,8}")
PHRASE = LazyPattern(r"[A-Za-z]{2,16}(?:[ -][a-z]{2,16}){1,23}(?=[\n,;.\"')]|$)")
DIGIT_GROUPS = LazyPattern(r"\d[\d -]{6,22}\d")
COOKIES = LazyPattern(
    r"[^\s=;,\"'<>\\]{1,128}+=(?:[^\s;,\"'<>\\]{1,4000}+|\"[^\"\n]{0,4000}+\"?|'[^'\n]{0,4000}+'?)?"
    r"(?:;[ \t]{0,2}+[^\s=;,\"'<>\\]{1,128}+(?:=[^\s;,\"'<>\\]{0,4000}+)?){0,60}"
)
SCHEME = LazyPattern(
    r"(?P<scheme>(?:bearer|basic|token|apikey|api-key|key|jwt|digest|negotiate|ntlm|hawk|oauth|mac"
    r"|hmac|signature|aws4-hmac-sha256|bot|sso-key|genie-?key|googlelogin|splunk|dpop|custom)"
    r"(?:[ \t]{1,3}|%20|\+))(?P<rest>[^\s,;\"'<>\\]{1,4000}+)?",
    re.IGNORECASE,
)
PARAMETERS = LazyPattern(
    r"(?:[\w-]{1,40}+=(?:\\{0,3}\"[^\"\r\n]{0,1000}+\"?|[^\s,\"']{0,2000}+)[ \t]{0,2}+,?[ \t]{0,2}+){1,20}"
)


def redact_content(content: str, kind: str, key: str) -> str | None:
    """Return what to write for the whole value `content` of `key`, None if it is no secret."""
    if is_innocent(content, kind, key, quoted=True) or content == mark(kind):
        return None
    if kind != "authorization":
        return mark(kind)
    scheme = SCHEME.match(content)
    if scheme is None:
        return mark(kind)
    rest = content[scheme.end("scheme") :]
    if is_blank(rest) or not rest.strip() or re.fullmatch(MARK, rest):
        return None
    return scheme["scheme"] + mark(kind)

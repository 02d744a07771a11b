"""Secrets that their own shape gives away: PEM blocks, credentials in URLs, bearer and basic."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import URL_MARK, mark
from fastapi_spine.redaction.values import is_masked

# The end of the block is optional: logs are cut. The body may not run into the next armour.
PEM = LazyPattern(
    r"-----BEGIN[ +%][A-Z0-9 +%]{0,60}PRIVATE(?:[ +]|%20)KEY(?:[ +]BLOCK)?-----"
    r"(?:[^-]|-(?!----)){0,20000}(?:-----END[A-Z0-9 +%]{0,80}-----)?"
)
PEM_ANCHOR = Anchor("-----begin")
# The same in base64, as in Kubernetes secrets; certificates and public keys (BDRVJ, BQVUJM) stay.
PEM_BASE64 = LazyPattern(r"LS0tLS1CRUdJTi(?!BDRVJ|BQVUJM)[A-Za-z0-9+/=]{20,20000}+")
PEM_BASE64_ANCHOR = Anchor("ls0tls1crudjti")

# RFC 3986 userinfo. People leave @ and / unencoded in passwords; a port is no password.
_HOST = r"(?=[\w\[./-])"
USERINFO = LazyPattern(
    r"/\\?/(?:(?P<user>[^\s/?#@:'\"<>\[\\]{0,128}):"
    r"(?:(?P<password>(?!REDACTED@)[^\s/'\"<>]{1,256}@)" + _HOST
    + r"|(?P<slashed>(?![0-9]{1,5}(?:[/?#]|$))[^\s'\"<>@]{1,256}@)(?=[\w.-]{1,80}(?::[0-9]{1,5})?(?:/|$|\s)))"
    r"|(?P<token>(?=[^@]{0,200}[0-9])[A-Za-z0-9_-]{20,256}@)(?=[\w.-]{1,80}))"
)  # fmt: skip
USERINFO_ANCHORS = (
    *(
        Anchor(slashes, r"(?:[^\s/'\"<>@:]{0,128}:[^\s'\"<>@]{1,256}+|[a-z0-9_-]{20,256}+)@")
        for slashes in ("//", "/\\/")
    ),
)
BARE_DSN = LazyPattern(
    r"(?<![\w/@:.%\[-])[\w.-]{1,64}:(?P<password>[^\s/@:'\"<>,;()]{1,128}+@)"
    r"(?=(?:tcp|unix)\(|[A-Za-z0-9.-]{1,80}+:[0-9]{2,5}(?![0-9.]))"
)
BARE_DSN_ANCHORS = (Anchor("@", r"[a-z0-9.-]{1,80}+:[0-9]"), Anchor("@tcp("), Anchor("@unix("))
QUOTED_USERINFO = LazyPattern(
    r"(?<=%3[Aa]%2[Ff]%2[Ff])(?P<user>(?:[^\s%/@:'\"&]|%(?!2[Ff]|3[AaFf]|40|26)){0,128})%3[Aa]"
    r"(?P<password>(?:[^\s/@'\"&%]|%(?!2[Ff]|26|40)){1,256}(?:%40(?:[^\s/@'\"&%]|%(?!2[Ff]|26|40)){1,256}?(?=%40))?)%40"
)
QUOTED_USERINFO_ANCHOR = Anchor("%3a%2f%2f")

_BLANK = r"(?:[ \t]{1,3}|%20|\+)"
BEARER = LazyPattern(
    rf"\b(?P<scheme>[Bb]earer{_BLANK}|BEARER{_BLANK})(?P<token>(?!\[REDACTED)(?=[A-Za-z._~+/=%-]{{0,400}}[0-9]|[^\s]{{24}})"
    r"[A-Za-z0-9._~+/=%-]{8,4000}+)(?!\()"
)
BEARER_ANCHOR = Anchor("bearer")
BASIC = LazyPattern(
    rf"\b(?P<scheme>[Bb]asic{_BLANK}|BASIC{_BLANK})(?P<token>[A-Za-z0-9+/_-]{{4,4000}}+={{0,2}}(?:%3[Dd]){{0,2}})"
)
BASIC_ANCHOR = Anchor("basic")

Found = Callable[[str], None]


def userinfo(text: str, found: Found) -> str:
    """Replace the credentials of URLs in `text` by ``REDACTED:REDACTED@`` (OpenTelemetry)."""

    def replace(match: re.Match[str]) -> str:
        if is_masked(match[0].rpartition("@")[0].partition(":")[2]):
            return match[0]
        found("url_credentials")
        slashes = match[0][: match[0].index("/", 1) + 1]
        return slashes + (f"{URL_MARK}@" if match["token"] else f"{URL_MARK}:{URL_MARK}@")

    return USERINFO.sub(replace, text)


def bare_dsn(text: str, found: Found) -> str:
    """Replace the password of ``user:password@host:port`` and ``user:password@tcp(…)``."""

    def replace(match: re.Match[str]) -> str:
        if match["password"] == f"{URL_MARK}@":
            return match[0]
        found("url_credentials")
        return f"{match[0][: match.start('password') - match.start()]}{URL_MARK}@"

    return BARE_DSN.sub(replace, text)


def quoted_userinfo(text: str, found: Found) -> str:
    """Replace the credentials of percent-encoded URLs."""

    def replace(match: re.Match[str]) -> str:
        if match["password"] == URL_MARK:
            return match[0]
        found("url_credentials")
        return f"{URL_MARK}%3A{URL_MARK}%40"

    return QUOTED_USERINFO.sub(replace, text)


def bearer(text: str, found: Found) -> str:
    """Replace what follows ``Bearer``: with a digit, or 24 characters long; prose stays."""

    def replace(match: re.Match[str]) -> str:
        if "=" in match["token"].rstrip("="):  # the next pair, not a token
            return match[0]
        found("authorization")
        return match["scheme"] + mark("authorization")

    return BEARER.sub(replace, text)


def basic(text: str, found: Found) -> str:
    """Replace what follows ``Basic`` if it is base64 of something with a colon (RFC 7617)."""

    def replace(match: re.Match[str]) -> str:
        if not _holds_colon(match["token"]):
            return match[0]
        found("authorization")
        return match["scheme"] + mark("authorization")

    return BASIC.sub(replace, text)


def _holds_colon(token: str) -> bool:
    body = (
        token.replace("%3D", "").replace("%3d", "").rstrip("=").replace("-", "+").replace("_", "/")
    )
    whole = body[: len(body) - len(body) % 4] if len(body) % 4 == 1 else body
    try:
        plain = base64.b64decode(whole + "=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return False
    return b":" in plain and all(byte >= 32 for byte in plain)  # noqa: PLR2004 -- control characters

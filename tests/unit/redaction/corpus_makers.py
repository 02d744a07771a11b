"""Fresh random secrets and innocent look-alikes for the redaction corpora.

A template is any record whose strings hold ``<<kind>>`` (a secret that must not survive) and
``((kind))`` (innocent context that must survive). ``<<kind|enc>>`` plants the secret encoded.
"""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 -- a corpus is drawn from a fixed seed
from typing import Any
from urllib.parse import quote, quote_plus

from tests.unit.redaction.corpus_tokens import INNOCENT_SHAPES, SHAPES, VENDORS

ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
B64 = ALNUM + "+/"
UPPER = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
WORDS = [
    "swordfish", "dragon", "monkey", "sunshine", "princess", "football", "shadow", "master",
    "trustno", "letmein", "mustang", "hunter", "winter", "orange", "banana", "purple",
]  # fmt: skip
NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"]


def pick(rng: Random, alphabet: str, length: int) -> str:
    """Draw `length` characters of `alphabet`."""
    return "".join(rng.choice(alphabet) for _ in range(length))


def mixed(rng: Random, length: int, alphabet: str = ALNUM) -> str:
    """Draw a token that has at least one digit, one capital and one small letter."""
    body = pick(rng, alphabet, length - 3)
    return body + rng.choice("ABCDEFGH") + rng.choice("23456789") + rng.choice("abcdefgh")


def password(rng: Random) -> str:
    """Draw a password as people choose them: word and digits, leet, or generated."""
    word = rng.choice(WORDS)
    return rng.choice(
        [
            word + pick(rng, string.digits, rng.randint(1, 4)),
            word.capitalize() + pick(rng, string.digits, 2) + rng.choice("!?#*$"),
            mixed(rng, rng.randint(10, 24)),
            mixed(rng, rng.randint(12, 20), ALNUM + "!#$%^*_-+=?.~@"),
            word.replace("o", "0").replace("e", "3") + "_" + rng.choice(WORDS).upper() + "7",
            pick(rng, string.digits, 8),
        ]
    )


def jwt(rng: Random) -> str:
    """Draw a signed JSON web token."""

    def part(value: object) -> str:
        raw = json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    head = part({"alg": rng.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"})
    body = part({"sub": str(rng.randint(1, 10**9)), "iat": 1700000000 + rng.randint(0, 10**7)})
    return f"{head}.{body}.{pick(rng, URLSAFE, 43)}"


def pem(rng: Random) -> str:
    """Draw a private key in PEM armour."""
    label = rng.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"])
    lines = "\n".join(pick(rng, B64, 64) for _ in range(rng.randint(3, 12)))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----"


def luhn(body: str) -> str:
    """Append the check digit to `body`."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def card(rng: Random) -> str:
    """Draw a payment card number, solid, spaced or dashed."""
    head, length = rng.choice(
        [("4", 16), ("52", 16), ("2223", 16), ("37", 15), ("6011", 16), ("3530", 16)]
    )
    number = luhn(head + pick(rng, string.digits, length - 1 - len(head)))
    gap = rng.choice(["", " ", "-"])
    cuts = [number[:4], number[4:10], number[10:]] if length == 15 else re.findall(".{4}", number)
    return gap.join(cuts)


def ssn(rng: Random) -> str:
    """Draw a US social security number in its dashed form."""
    return f"{rng.randint(100, 665)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"


def vendor(rng: Random) -> str:
    """Draw a token whose issuer marks it with a prefix."""
    make: list[Callable[[], str]] = [
        lambda: "AKIA" + pick(rng, UPPER, 16),
        lambda: "ASIA" + pick(rng, UPPER, 16),
        lambda: rng.choice(["ghp_", "gho_", "ghs_", "ghu_", "ghr_"]) + mixed(rng, 36),
        lambda: "github_pat_" + mixed(rng, 22) + "_" + mixed(rng, 59),
        lambda: "glpat-" + mixed(rng, 20, URLSAFE),
        lambda: "glptt-" + pick(rng, HEX, 40),
        lambda: (
            f"xoxb-{pick(rng, string.digits, 12)}-{pick(rng, string.digits, 12)}-{mixed(rng, 24)}"
        ),
        lambda: f"xoxp-{pick(rng, string.digits, 11)}-{pick(rng, HEX, 32)}",
        lambda: rng.choice(["sk_live_", "sk_test_", "rk_live_"]) + mixed(rng, 24),
        lambda: "whsec_" + mixed(rng, 32),
        lambda: "AIza" + mixed(rng, 35, URLSAFE),
        lambda: "ya29." + mixed(rng, 68, URLSAFE),
        lambda: "sk-ant-api03-" + mixed(rng, 95, URLSAFE),
        lambda: "sk-proj-" + mixed(rng, 60, URLSAFE),
        lambda: "sk-" + mixed(rng, 48),
        lambda: "npm_" + mixed(rng, 36),
        lambda: "pypi-AgEIcHlwaS5vcmc" + mixed(rng, 80, URLSAFE),
        lambda: f"SG.{mixed(rng, 22, URLSAFE)}.{mixed(rng, 43, URLSAFE)}",
        lambda: "hf_" + pick(rng, string.ascii_letters, 34),
        lambda: "dop_v1_" + pick(rng, HEX, 64),
        lambda: "hvs." + mixed(rng, 90, URLSAFE),
        lambda: "glsa_" + mixed(rng, 32) + "_" + pick(rng, HEX, 8),
        lambda: "shpat_" + pick(rng, HEX, 32),
        lambda: "dapi" + pick(rng, HEX, 32),
        lambda: "lin_api_" + mixed(rng, 40),
        lambda: "PMAK-" + pick(rng, HEX, 24) + "-" + pick(rng, HEX, 34),
        lambda: "dp.pt." + mixed(rng, 43),
        lambda: "gsk_" + mixed(rng, 52),
        lambda: "r8_" + mixed(rng, 37),
        lambda: "pplx-" + mixed(rng, 48),
        lambda: "EAAB" + mixed(rng, 120),
        lambda: "sntrys_eyJ" + mixed(rng, 90),
        lambda: "AGE-SECRET-KEY-1" + pick(rng, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
        lambda: "sq0csp-" + mixed(rng, 43, URLSAFE),
        lambda: "rubygems_" + pick(rng, HEX, 48),
        lambda: "NRAK-" + pick(rng, UPPER, 27),
        lambda: "ops_eyJ" + mixed(rng, 200),
        lambda: "$2b$12$" + pick(rng, ALNUM + "./", 53),
    ]
    return rng.choice(make)()


_DRAWN = re.compile(r"\[([a-zA-Z])(\d+)\]")
_ALPHABETS = {
    "a": ALNUM, "h": HEX, "H": HEX.upper(), "d": string.digits, "l": string.ascii_letters, "u": UPPER,
    "U": string.ascii_uppercase + string.digits, "w": URLSAFE, "b": B64,
}  # fmt: skip


def draw(rng: Random, shape: str) -> str:
    """Draw a token of a shape of `corpus_tokens`."""

    def part(match: re.Match[str]) -> str:
        alphabet, length = _ALPHABETS[match[1]], int(match[2])
        return (mixed if match[1] in "awb" and length > 3 else pick_of)(rng, length, alphabet)

    return _DRAWN.sub(part, shape)


def pick_of(rng: Random, length: int, alphabet: str) -> str:
    """Draw `length` characters of `alphabet`."""
    return pick(rng, alphabet, length)


def _shaped(shapes: dict[str, str]) -> dict[str, Callable[[Random], str]]:
    def maker(shape: str) -> Callable[[Random], str]:
        return lambda rng: draw(rng, shape)

    return {name: maker(shape) for name, shape in shapes.items()}


SECRETS: dict[str, Callable[[Random], str]] = {
    **_shaped(SHAPES),
    "vendor2": lambda rng: draw(rng, rng.choice(VENDORS)),
    "pw": password,
    "word": lambda rng: rng.choice(WORDS) + rng.choice(WORDS),
    "phrase": lambda rng: " ".join(rng.choice(WORDS) for _ in range(4)),
    "phrase12": lambda rng: " ".join(rng.choice(WORDS) for _ in range(12)),
    "nulpass": lambda rng: f"\0{rng.choice(NAMES)}\0{mixed(rng, 12)}",
    "cardsolid": lambda rng: luhn("4" + pick(rng, string.digits, 14)),
    "hex": lambda rng: pick(rng, HEX, rng.choice([24, 32, 40, 64])),
    "opaque": lambda rng: mixed(rng, rng.randint(18, 48), URLSAFE),
    "short": lambda rng: mixed(rng, rng.randint(8, 12)),
    "b64": lambda rng: mixed(rng, 43, B64) + "=",
    "aws": lambda rng: mixed(rng, 40, B64),
    "jwt": jwt,
    "jwtcut": lambda rng: jwt(rng)[: rng.randint(60, 110)],
    "vendor": vendor,
    "vendorcut": lambda rng: mixed(rng, 20).join([rng.choice(["ghp_", "sk_live_", "glpat-", "whsec_"]), ""]),
    "pem": pem,
    "pemcut": lambda rng: pem(rng)[: rng.randint(90, 200)],
    "card": card,
    "ssn": ssn,
    "digits": lambda rng: pick(rng, "123456789", 9),
    "cvv": lambda rng: pick(rng, string.digits, 3),
    "otp": lambda rng: pick(rng, string.digits, 6),
    "userpass": lambda rng: f"{rng.choice(NAMES)}:{mixed(rng, 14)}",
    "sid": lambda rng: rng.choice([pick(rng, HEX, 32), mixed(rng, 26), "s%3A" + mixed(rng, 32)]),
}  # fmt: skip


def ulid(rng: Random) -> str:
    """Draw an ULID."""
    return "01" + pick(rng, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24)


def uuid(rng: Random) -> str:
    """Draw a random UUID."""
    return "-".join(pick(rng, HEX, n) for n in (8, 4, 4, 4, 12))


def order_id(rng: Random) -> str:
    """Draw a 15 or 16 digit id that no card scheme would accept."""
    body = rng.choice(["4", "52", "37", "9", "8", "6011"]) + pick(rng, string.digits, 12)
    bad = luhn(body[:-1])
    return body[:-1] + str((int(bad[-1]) + rng.randint(1, 9)) % 10)


INNOCENT: dict[str, Callable[[Random], str]] = {
    **_shaped(INNOCENT_SHAPES),
    "user": lambda rng: rng.choice(NAMES),
    "n": lambda rng: str(rng.randint(2, 9999)),
    "uuid": uuid,
    "ulid": ulid,
    "sha": lambda rng: pick(rng, HEX, 40),
    "sha256": lambda rng: pick(rng, HEX, 64),
    "short_sha": lambda rng: pick(rng, HEX, 7),
    "etag": lambda rng: f'W/"{pick(rng, HEX, 32)}"',
    "order": order_id,
    "micros": lambda rng: str(1_700_000_000_000_000 + rng.randint(0, 10**14)),
    "nanos": lambda rng: str(1_700_000_000_000_000_000 + rng.randint(0, 10**17)),
    "decimal": lambda rng: f"0.{pick(rng, string.digits, 16)}",
    "image": lambda rng: "iVBORw0KGgo" + pick(rng, B64, 200) + "==",
    "cursor": lambda rng: base64.urlsafe_b64encode(
        json.dumps({"id": rng.randint(1, 10**9), "dir": "next"}).encode()
    ).decode(),
    "ip": lambda rng: ".".join(str(rng.randint(1, 254)) for _ in range(4)),
    "email": lambda rng: f"{rng.choice(NAMES)}{rng.randint(1, 99)}@example.com",
    "phone": lambda rng: f"+1-{rng.randint(200, 999)}-555-{rng.randint(1000, 9999)}",
    "when": lambda rng: f"2025-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T1{rng.randint(0, 9)}:42:07.{rng.randint(100000, 999999)}Z",
    "trace": lambda rng: f"00-{pick(rng, HEX, 32)}-{pick(rng, HEX, 16)}-01",
    "ean": lambda rng: "978" + pick(rng, string.digits, 10),
    "kindword": lambda rng: rng.choice(["standard", "primary", "oauth2", "default", "blue", "internal"]),
    "flag": lambda rng: rng.choice(["true", "false", "yes", "no", "on"]),
    "host": lambda rng: f"{rng.choice(NAMES)}.example.com",
    "dotted": lambda rng: f"{rng.randint(1, 9)}.{rng.randint(0, 99)}.{rng.randint(0, 99)}",
    "path": lambda rng: f"/srv/{rng.choice(NAMES)}/{rng.choice(['prod', 'dev'])}",
    "addr": lambda rng: "0x7f" + pick(rng, HEX, 10),
}  # fmt: skip

ENCODE: dict[str, Callable[[str], str]] = {
    "b64": lambda text: base64.b64encode(text.encode()).decode(),
    "quote": lambda text: quote(text, safe=""),
    "plus": quote_plus,
    "json": lambda text: json.dumps(text)[1:-1],
    "json2": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
}


@dataclass(frozen=True, slots=True)
class Json:
    """A part of a template that is filled and then turned to JSON text, `times` times."""

    value: object
    times: int = 1


@dataclass(frozen=True, slots=True)
class Quoted:
    """A part of a template that is filled and then percent-encoded."""

    value: str


@dataclass(frozen=True, slots=True)
class Case:
    """One record with what must vanish and what must stay."""

    name: str
    record: dict[str, object]
    secrets: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)


_SLOT = re.compile(r"<<(?P<secret>\w+)(?:\|(?P<enc>\w+))?>>|\(\((?P<plain>\w+)\)\)")


def _fill_text(template: str, rng: Random, case: Case) -> str:
    def slot(match: re.Match[str]) -> str:
        if match["plain"]:
            value = INNOCENT[match["plain"]](rng)
            case.keep.append(value)
            return value
        value = SECRETS[match["secret"]](rng)
        case.secrets.append(value)
        if match["enc"]:
            value = ENCODE[match["enc"]](value)
            case.secrets.append(value)
        return value

    return _SLOT.sub(slot, template)


def fill(template: Any, rng: Random, case: Case) -> Any:
    """Replace every slot below `template`, noting in `case` what was planted."""
    if isinstance(template, str):
        return _fill_text(template, rng, case)
    if isinstance(template, bytes):
        return _fill_text(template.decode("latin-1"), rng, case).encode("latin-1")
    if isinstance(template, Json):
        text = fill(template.value, rng, case)
        for _ in range(template.times):
            text = json.dumps(text)
        return text
    if isinstance(template, Quoted):
        return quote(fill(template.value, rng, case), safe="")
    if isinstance(template, dict):
        return {fill(k, rng, case): fill(v, rng, case) for k, v in template.items()}
    if isinstance(template, (list, tuple)):
        return type(template)(fill(item, rng, case) for item in template)
    return template


def make(templates: list[Any], *, seed: int, each: int) -> list[Case]:
    """Fill every template `each` times; a bare string becomes the message of an ordinary record."""
    rng = Random(seed)  # noqa: S311 -- a corpus, not a key
    cases = []
    for number, template in enumerate(templates):
        shape = template if isinstance(template, dict) else {"msg": template}
        for turn in range(each):
            case = Case(f"{number}.{turn}", {"level": "INFO", "logger": "shop.api"})
            case.record.update(fill(shape, rng, case))
            cases.append(case)
    return cases

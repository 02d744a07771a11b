"""Tokens whose issuer marks them with a prefix, each row with a match and a look-alike.

Prefixes are facts from the issuers' documentation and the gitleaks rule list. No row needs the
end of its token: logs cut secrets in half.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark

# A token begins where no letter or digit stands before it, or after an escaped line break of a
# JSON string, or after a percent-encoded character.
BOUND = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"

_A = "[A-Za-z0-9]"
_W = r"[A-Za-z0-9_-]"
_H = "[0-9a-f]"
_GATE_TAIL = r"[\w.=+/$-]{8}"
_SAMPLE = "a1B2c3D4" * 12
_HEX = "0a1b2c3d" * 12


@dataclass(frozen=True, slots=True)
class TokenRule:
    """One issuer's token.

    Args:
        kind: the name in the mark.
        literal: the prefix, as written.
        tail: what follows the prefix, as a regular expression.
        match: an end that makes the prefix a token.
        miss: an end that does not.
        gate_tail: what the gate may ask for behind the lower-cased prefix, for short prefixes.
    """

    kind: str
    literal: str
    tail: str
    match: str = _SAMPLE
    miss: str = "-"
    gate_tail: str = ""

    def anchor(self) -> Anchor:
        """Return what lowered text must hold before this rule can match."""
        return Anchor(self.literal.lower(), self.gate_tail)

    def compile(self) -> re.Pattern[str]:
        """Compile the rule; its match is the token and nothing else."""
        return re.compile(BOUND + re.escape(self.literal) + self.tail)


def _rows(
    kind: str,
    tail: str,
    *literals: str,
    match: str = _SAMPLE,
    miss: str = "-",
    gate_tail: str = _GATE_TAIL,
) -> list[TokenRule]:
    return [TokenRule(kind, literal, tail, match, miss, gate_tail) for literal in literals]


_AWS = {
    "tail": "[A-Z0-9]{12,16}(?![A-Za-z0-9])",
    "match": "ABCDEFGH23456777",
    "miss": "n markets",
    "gate_tail": "[a-z0-9]{12}",
}

TOKEN_RULES: tuple[TokenRule, ...] = (
    *(TokenRule("aws", prefix, **_AWS) for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),
    TokenRule("aws", "ABSK", f"{_A}{{40,400}}[+/=]{{0,2}}", miss="short"),
    *_rows("github", f"{_A}{{8,400}}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *_rows("github", r"\w{12,400}", "github_pat_"),
    *_rows("gitlab", rf"{_W}{{12,400}}(?:\.{_W}{{1,60}}){{0,3}}", "glpat-", "gldt-", "glrt-", "glrtr-", "glptt-",
           "glcbt-", "glsoat-", "glft-", "glimt-", "glagent-", "gloas-", "glffct-", "glwt-"),
    *_rows("slack", rf"(?:{_W}|\.){{10,400}}", "xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-",
           "xoxd-", "xoxc-", "xoxe.", "xapp-"),
    *_rows("stripe", f"{_A}{{8,400}}", "sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_"),
    *_rows("stripe", f"{_A}{{12,400}}", "whsec_"),
    TokenRule("google", "AIza", rf"{_W}{{20,400}}"),
    TokenRule("google", "ya29.", rf"(?:{_W}|\.){{12,2000}}", gate_tail=""),
    TokenRule("google", "GOCSPX-", rf"{_W}{{12,400}}"),
    TokenRule("google", "1//0", rf"{_W}{{20,400}}"),
    *_rows("anthropic", rf"{_W}{{12,400}}", "sk-ant-"),
    *_rows("openai", rf"{_W}{{12,400}}", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"),
    *_rows("token", rf"{_W}{{12,400}}", "sk-or-", "sk-lf-", "pk-lf-"),
    TokenRule("openai", "sk-", rf"(?=[A-Za-z_-]{{0,60}}[0-9])(?:{_A}{{20,400}}|(?=[a-z0-9_-]{{0,60}}[A-Z]){_W}{{32,400}})",
              miss="learn-model-without-digits-at-all", gate_tail="[a-z0-9_-]{20}"),
    *_rows("npm", f"{_A}{{24,400}}", "npm_"),
    *_rows("pypi", rf"{_W}{{30,400}}", "pypi-"),
    TokenRule("sendgrid", "SG.", rf"{_W}{{12,400}}(?:\.{_W}{{0,80}})?", match=_SAMPLE[:22] + "." + _SAMPLE[:43],
              miss="x", gate_tail="[a-z0-9_-]{12}"),
    TokenRule("huggingface", "hf_", "[A-Za-z]{30,400}", match="aBcDeFgH" * 5, miss="cache_dir_of_the_models_in_home",
              gate_tail="[a-z]{30}"),
    *_rows("digitalocean", f"{_H}{{16,400}}", "dop_v1_", "doo_v1_", "dor_v1_", match=_HEX[:64]),
    *_rows("vault", rf"{_W}{{20,400}}", "hvs.", "hvb.", "hvr."),
    *_rows("1password", rf"{_A}{{20,2000}}", "ops_ey"),
    TokenRule("1password", "A3-", r"[A-Z0-9]{6}-[A-Z0-9-]{6,60}", match="ABC123-ABCDEF12345-ABCDE", miss="paper",
              gate_tail="[a-z0-9]{6}-"),
    TokenRule("facebook", "EAA", rf"[A-Z0-9](?=[A-Za-z_-]{{0,60}}[0-9]){_W}{{30,400}}", match="B" + _SAMPLE, miss="Conference",
              gate_tail="[a-z0-9_-]{31}"),
    *_rows("fly", "[A-Za-z0-9+/_=-]{20,2000}", "fm1_", "fm2_", "fm1r_", "fm1a_", "fo1_", match=_SAMPLE),
    *_rows("grafana", r"[A-Za-z0-9+/_=]{20,500}", "glc_", "glsa_"),
    *_rows("heroku", rf"{_W}{{20,400}}", "HRKU-"),
    *_rows("huggingface", "[A-Za-z]{20,400}", "api_org_", match="aBcDeFgH" * 5),
    *_rows("notion", f"{_A}{{20,400}}", "ntn_"),
    *_rows("sentry", "[A-Za-z0-9+/=_-]{20,800}", "sntrys_", "sntryu_"),
    *_rows("sourcegraph", rf"{_W}{{20,400}}", "sgp_", match="_" + _HEX[:40]),
    *_rows("sonar", f"{_A}{{20,400}}", "squ_", "sqp_", "sqa_", "sqb_"),
    *_rows("square", rf"{_W}{{20,400}}", "sq0csp-", "sq0atp-", "sq0idp-"),
    TokenRule("databricks", "dapi", f"{_H}{{32}}(?:-[0-9])?", match=_HEX[:32], miss="cture", gate_tail=f"{_H}{{32}}"),
    *_rows("shopify", f"{_A}{{16,400}}", "shpat_", "shpca_", "shppa_", "shpss_"),
    *_rows("pulumi", f"{_H}{{20,400}}", "pul-", match=_HEX[:40], miss="monary"),
    *_rows("linear", f"{_A}{{20,400}}", "lin_api_", "lin_oauth_"),
    *_rows("postman", f"{_H}{{20,400}}(?:-{_H}{{0,60}})?", "PMAK-", match=_HEX[:24] + "-" + _HEX[:34]),
    *_rows("rubygems", f"{_H}{{20,400}}", "rubygems_", match=_HEX[:48], miss="mirror"),
    *_rows("doppler", rf"(?:{_A}{{2,35}}\.)?{_A}{{20,400}}", "dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim."),
    *_rows("planetscale", r"(?:tkn|pw|oauth)_[\w.=-]{16,400}", "pscale_", match="tkn_" + _SAMPLE[:43]),
    *_rows("newrelic", "[A-Z0-9]{20,400}", "NRAK-", "NRII-", "NRJS-", match="ABCD1234" * 4),
    *_rows("perplexity", f"{_A}{{20,400}}", "pplx-"),
    *_rows("groq", f"{_A}{{20,400}}", "gsk_"),
    *_rows("xai", f"{_A}{{20,400}}", "xai-"),
    TokenRule("replicate", "r8_", f"{_A}{{20,400}}", gate_tail="[a-z0-9]{20}"),
    *_rows("age", "[A-Z0-9]{20,400}", "AGE-SECRET-KEY-1", match="QPZRY9X8" * 7),
    *_rows("dynatrace", r"[A-Z0-9]{16,400}(?:\.[A-Z0-9]{0,100})?", "dt0c01.", "dt0s01.", match="ABCD1234" * 3),
    *_rows("typeform", rf"(?:{_W}|\.){{20,400}}", "tfp_"),
    *_rows("mailchimp", f"{_A}{{20,400}}", "xkeysib-"),
    *_rows("docker", rf"{_W}{{16,400}}", "dckr_pat_", "dckr_oat_"),
    *_rows("atlassian", r"[A-Za-z0-9_=-]{20,400}", "ATATT3", "ATCTT3", "ATBB"),
    *_rows("figma", rf"{_W}{{20,400}}", "figd_"),
    *_rows("supabase", rf"{_W}{{20,400}}", "sbp_", "sb_secret_"),
    *_rows("netlify", f"{_A}{{20,400}}", "nfp_"),
    *_rows("tailscale", rf"{_W}{{12,400}}", "tskey-auth-", "tskey-api-", "tskey-client-"),
    *_rows("langsmith", rf"{_W}{{20,400}}", "lsv2_pt_", "lsv2_sk_"),
    *_rows("pinecone", rf"{_W}{{20,400}}", "pcsk_"),
    *_rows("razorpay", f"{_A}{{10,400}}", "rzp_live_", "rzp_test_"),
    *_rows("buildkite", f"{_A}{{16,400}}", "bkua_"),
    *_rows("circleci", rf"{_W}{{20,400}}", "CCIPAT_"),
    *_rows("contentful", rf"{_W}{{20,400}}", "CFPAT-"),
    *_rows("prefect", f"{_A}{{20,400}}", "pnu_"),
    *_rows("flutterwave", rf"{_W}{{12,400}}", "FLWSECK-", "FLWSECK_TEST-"),
    *_rows("plaid", r"[0-9a-f-]{20,400}", "access-sandbox-", "access-development-", "access-production-", match=_HEX[:36]),
    TokenRule("airtable", "pat", rf"{_A}{{14}}\.[0-9a-f]{{20,400}}", match="a1B2c3D4e5F6g7." + _HEX[:64], miss="tern",
              gate_tail=r"[a-z0-9]{14}\.[0-9a-f]{20}"),
    TokenRule("notion", "secret_", rf"(?=[A-Za-z]{{0,40}}[0-9])(?=[0-9a-z]{{0,40}}[A-Z]){_A}{{40,400}}", match=_SAMPLE[:43],
              miss="of_the_old_well", gate_tail="[a-z0-9]{40}"),
    *_rows("readme", f"{_H}{{40,400}}", "rdme_", match=_HEX[:70]),
    *_rows("easypost", f"{_A}{{40,400}}", "EZAK", "EZTK"),
    *_rows("token", rf"(?:live|test|prod|sandbox)_{_W}{{20,400}}", "duffel_", "shippo_", "lob_", "gocardless_", "mollie_", "paystack_",
           match="live_" + _SAMPLE[:40]),
    *_rows("lob", f"{_H}{{35}}", "live_pub_", match=_HEX[:35]),
    TokenRule("lob", "live_", f"(?=[a-z]{{0,60}}[0-9]){_H}{{35}}", match=_HEX[:35], gate_tail=f"{_H}{{35}}"),
    *_rows("clojars", "[a-z0-9]{40,400}", "CLOJARS_", match=_HEX[:60]),
    *_rows("artifactory", f"{_A}{{50,400}}", "AKCp"),
    *_rows("alibaba", f"{_A}{{16,24}}(?!{_A})", "LTAI", match=_SAMPLE[:20]),
    *_rows("privateai", f"{_A}{{24,400}}", "p8e-"),
    *_rows("nvidia", rf"{_W}{{40,400}}", "nvapi-"),
    *_rows("tavily", rf"(?:dev-|prod-)?{_A}{{24,400}}", "tvly-"),
    TokenRule("firecrawl", "fc-", f"{_H}{{32}}(?!{_A})", match=_HEX[:32], miss="cache", gate_tail=f"{_H}{{32}}"),
    TokenRule("resend", "re_", f"{_A}{{8}}_{_A}{{20,40}}", match=_SAMPLE[:8] + "_" + _SAMPLE[:24], miss="try_after",
              gate_tail="[a-z0-9]{8}_[a-z0-9]{20}"),
    *_rows("vercel", f"{_A}{{24,400}}", "vcp_", "vck_", "vci_"),
    *_rows("posthog", rf"{_W}{{32,400}}", "phx_"),
    TokenRule("nuget", "oy2", "[a-z0-9]{43}(?![A-Za-z0-9])", match=_HEX[:43], miss="s", gate_tail="[a-z0-9]{43}"),
    *_rows("openshift", rf"{_W}{{40,50}}", "sha256~", match=_SAMPLE[:43]),
    *_rows("cloudflare", f"{_H}{{24}}-{_H}{{60,200}}", "v1.0-", match=_HEX[:24] + "-" + (_HEX * 2)[:146], miss="rc1"),
    *_rows("infracost", f"{_A}{{32,400}}", "ico-", miss="n"),
    *_rows("hubspot", "[0-9a-f-]{32,40}", "pat-na1-", "pat-eu1-", "pat-na2-", match="0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"),
    TokenRule("mailgun", "key-", f"{_H}{{32}}(?!{_A})", match=_HEX[:32], miss="value", gate_tail=f"{_H}{{32}}"),
    TokenRule("twilio", "SK", f"{_H}{{32}}(?!{_A})", match=_HEX[:32], miss="U-17", gate_tail=f"{_H}{{32}}"),
    *_rows("adafruit", f"{_A}{{24,400}}", "aio_"),
    *_rows("cerebras", f"{_A}{{32,400}}", "csk-"),
    *_rows("frameio", rf"{_W}{{48,400}}", "fio-u-"),
    *_rows("token", rf"(?=[A-Za-z_-]{{0,60}}[0-9]){_W}{{24,400}}", "figo_", "flb_live_", "ghe_", "fw_", "jina_", "e2b_", "vtwn_", "polar_oat_", "polar_pat_",
           "tr_dev_", "tr_prod_", "signkey-prod-", "signkey-test-", "csb_v1_", "gdc_", "rnd_", "wandb_v1_", "napi_", "tgp_v1_", "AQVN", "hcp.", "apify_api_", "ubi_"),
    TokenRule("jwt", "eyJ", rf"{_W}{{6,4000}}+\.{_W}{{4,8000}}+(?:\.{_W}{{0,8000}}+){{0,3}}",
              match="hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.a1B2c3D4", miss="pZCI6MTJ9", gate_tail="[a-z0-9_-]{6}"),
    TokenRule("password_hash", "$2", r"[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{16,400}", match="b$12$" + _SAMPLE[:53], miss="0",
              gate_tail=r"[abxy]\$"),
    *_rows("password_hash", r"(?:i|d|id)\$[^\s\"'<>]{10,400}", "$argon2", match="id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA",
           gate_tail=""),
    *_rows("password_hash", r"[./A-Za-z0-9=$]{20,400}", "$6$", "$5$", "$1$", "$apr1$"),
    *_rows("password_hash", r"[0-9]{1,8}\$[^\s\"'<>]{16,400}", "pbkdf2_sha256$", "pbkdf2_sha1$",
           match="600000$abcdefghijkl$" + _SAMPLE[:43], gate_tail="[0-9]"),
)  # fmt: skip

# Azure AD client secrets have their mark in the middle: three characters, a digit, Q~.
AZURE = LazyPattern(r"(?<![\w~.-])[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{20,400}")
AZURE_ANCHOR = Anchor("q~")
# Terraform's and Mailchimp's stand in the middle or at the end.
TERRAFORM = LazyPattern(r"(?<![\w.-])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{20,100}")
TERRAFORM_ANCHOR = Anchor(".atlasv1.")
MAILCHIMP = LazyPattern(r"(?<![0-9A-Za-z])[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])")
MAILCHIMP_ANCHOR = Anchor("-us", "[0-9]{1,2}(?![0-9a-z])")
TELEGRAM = LazyPattern(r"(?<![\w-])(?:bot)?[0-9]{8,400}:AA[A-Za-z0-9_-]{30,400}")
TELEGRAM_ANCHOR = Anchor(":aa", "[a-z0-9_-]{30}")


class TokenRules:
    """Replaces every token of `TOKEN_RULES` whose kind is not disabled."""

    def __init__(self, disabled: frozenset[str], found: Callable[[str], None]) -> None:
        self._found = found
        self.rules = [rule for rule in TOKEN_RULES if rule.kind not in disabled]
        self._patterns: dict[str, re.Pattern[str]] = {}

    def __call__(self, text: str) -> str:
        """Return `text` with each issuer's token replaced by the mark of its kind."""
        for rule in self.rules:
            if rule.literal in text:
                text, count = self._pattern(rule).subn(mark(rule.kind), text)
                for _ in range(count):
                    self._found(rule.kind)
        return text

    def _pattern(self, rule: TokenRule) -> re.Pattern[str]:
        # Compiled when first needed: a hundred patterns would cost 30 ms at start-up.
        pattern = self._patterns.get(rule.literal)
        if pattern is None:
            pattern = self._patterns[rule.literal] = rule.compile()
        return pattern

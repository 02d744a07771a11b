"""Passwords in the arguments of commands that take them without a telling name.

``--password x`` is a pair like any other; ``mysql -px``, ``curl -u user:x`` and
``htpasswd -b file user x`` can only be read by who knows the program. One search finds the
programs; the arguments of each are read up to the next program, so the cost is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark
from fastapi_spine.redaction.shapes import is_opaque
from fastapi_spine.redaction.spans import Span, splice
from fastapi_spine.redaction.values import is_blank

# Between two arguments: blanks, a continued line, or the quotes of a printed list.
_GAP = r"""(?:[ \t]{1,4}+(?:\\{1,2}\n[ \t]{0,8}+)?|\\{0,3}["'],[ ]{0,2}\\{0,3}["'])"""
_SET = rf"(?:{_GAP}|=)?"
_OPEN = r"""\\{0,3}["']?"""
_WORD = r"""[^\s'"\\|;]"""
_PASSWORD = rf"{_OPEN}(?P<password>{_WORD}{{1,256}}+)"
_FLAG = r"""(?<=[\s"'])"""
_USER_PASSWORD = rf"{_OPEN}(?P<user>[^\s:'\"]{{0,64}}+):(?P<password>[^\s'\"\\]{{1,256}}+)"


def _flag(flags: str) -> str:
    return rf"{_FLAG}-(?:{flags}){_GAP}{_PASSWORD}"


_LOGIN = rf"\blogin\b(?=.{{0,200}}?{_flag('p')})"
_MYSQL = rf"{_FLAG}-p{_OPEN}(?P<password>{_WORD}{{1,256}}+)"
_PROGRAMS: dict[str, str] = {
    "curl": rf"(?:{_FLAG}-[a-zA-Z]{{0,6}}[uU]|--user|--proxy-user){_SET}{_USER_PASSWORD}",
    "docker podman nerdctl buildah skopeo oras crane helm az": _LOGIN,
    "mysql mysqldump mysqladmin mysqlimport mariadb mariadb-dump mariadb-admin": _MYSQL,
    "sshpass": rf"{_FLAG}-p{_SET}{_PASSWORD}",
    "mongo mongosh mongodump mongorestore mongoimport mongoexport cqlsh twine beeline": _flag("p"),
    "redis-cli valkey-cli": _flag("a|-pass"),
    "sqlcmd bcp isql mosquitto_pub mosquitto_sub ipmitool": _flag("P"),
    "ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd": _flag("w"),
    "plink pscp psftp": _flag("pw"),
    "keytool jarsigner": _flag("storepass|keypass|srcstorepass|deststorepass"),
    "snmpwalk snmpget snmpset": _flag("[AXa]"),
    "openssl": rf"{_flag('[kK]')}|-pass(?:in|out)?{_GAP}pass:(?P<passed>{_WORD}{{1,256}}+)",
    "htpasswd": rf"{_FLAG}-[A-Za-z]{{0,6}}b[A-Za-z]{{0,6}}(?:{_GAP}{_WORD}{{1,128}}+){{2}}{_GAP}{_PASSWORD}",
    "rabbitmqctl": rf"(?:add_user|change_password|authenticate_user){_GAP}{_WORD}{{1,128}}+{_GAP}{_PASSWORD}",
    "smbclient": rf"{_FLAG}-U{_SET}{_OPEN}[^\s%'\"]{{1,64}}+%(?P<password>{_WORD}{{1,256}}+)",
    "lftp": rf"{_FLAG}-u{_SET}{_OPEN}[^\s,'\"]{{1,64}}+,(?P<password>{_WORD}{{1,256}}+)",
    "wpa_passphrase": rf"{_GAP}{_WORD}{{1,64}}+{_GAP}{_PASSWORD}",
    "sqlplus expdp impdp sqlldr rman": r"(?<=[\s\"'])[\w$]{1,60}+/(?P<password>[^\s'\"/@]{1,128}+)(?=@|[\s'\"]|$)",
}  # fmt: skip
_BY_NAME = {
    name: LazyPattern(pattern) for names, pattern in _PROGRAMS.items() for name in names.split()
}
PROGRAMS = frozenset(_BY_NAME)
_PROGRAM = LazyPattern(
    r"(?<![\w.-])(?P<name>{})(?:\.exe)?(?=[\s'\"\\])".format(
        "|".join(sorted(_BY_NAME, reverse=True))
    )
)
_END = LazyPattern(r"(?<!\\)\n|[|;]|&&")
_LONGEST_COMMAND = 400
_SHORTEST_SPOKEN = 6

# `jdbc:oracle:thin:user/password@host`, and what is piped into a program that asks.
_ORACLE = LazyPattern(r"jdbc:oracle:\w{1,8}:[\w$]{1,60}+/(?P<password>[^\s'\"/@]{1,128}+)(?=@)")
_PIPED = LazyPattern(
    r"\b(?:echo|printf|<<<)(?: -[a-zA-Z]{1,3})? {1,3}\\{0,3}[\"']?(?:%s\\{0,2}n?[\"'] [\"']?)?(?P<password>[^\s'\"\\|]{1,256}+)\\{0,3}[\"']? {0,3}\|"
    r" {0,3}[^|\n]{0,100}?(?:--\w{0,20}-?stdin|sudo (?:-\w )?-S|chpasswd|--with-token|cryptsetup|kinit)"
)
# Lines of protocols: Redis AUTH and requirepass, FTP and IRC PASS, IMAP LOGIN, SMTP AUTH (RFC 4954).
_VERB = LazyPattern(
    r"(?:(?:\A|(?<=[\n>:'\"\]])|(?<=[>:\]] ))(?:AUTH(?: [\w.@-]{1,60}+(?= \S))?|PASS|[Pp]asscode|[A-Za-z]?[0-9]{1,4} LOGIN [\"']?[^\s\"']{1,64}+[\"']?)"
    r"|\bAUTH (?:PLAIN|LOGIN|XOAUTH2|default)|\b(?:requirepass|masterauth|IDENTIFY))"
    r" {1,2}[\"']?(?P<password>[^\s'\"]{6,400}+)"
)
_SMTP = LazyPattern(r"334 UGFzc3dvcmQ6\s{1,3}(?:[A-Z]: )?(?P<password>[A-Za-z0-9+/]{4,400}={0,2})")
# .pgpass: host:port:database:user:password
_PGPASS = LazyPattern(
    r":(?:5432|6432|\*):[\w*-]{1,60}+:[\w*.-]{1,60}+:(?P<password>[^\s:'\"]{1,256}+)"
)
# Calls that take user and password, or key material, without names.
_CALL = LazyPattern(
    r"(?:[Aa]uth|[Ll]ogin|[Bb]ind(?:_s)?|[Cc]redentials?)\(\s{0,2}[bru]?\\{0,3}[\"'][^\"'\n\\]{0,80}\\{0,3}[\"'],\s{0,3}[bru]?\\{0,3}[\"'](?P<password>[^\"'\n\\]{1,256})"
    r"|jwt\.(?:en|de)code\([^,()\"']{1,80},\s{0,3}b?[\"'](?P<key>[^\"'\n]{1,256})"
    r"|(?:Fernet|hmac\.new|AESGCM|ChaCha20Poly1305)\(b?[\"'](?P<material>[^\"'\n]{1,256})"
)
_REDIS = LazyPattern(
    r"(?:AUTH|auth|HELLO)\W{1,3}with args beginning with: (?P<password>[^\n]{1,200})"
)
# SQL: ALTER USER x PASSWORD 'y', SET PASSWORD FOR x = 'y', IDENTIFIED BY 'y'.
_STATEMENT = LazyPattern(
    r"\b(?i:pass(?:word|phrase|code)|passwd|pwd|identified\s{1,4}(?:with\s\w{1,40}\s)?(?:by|as))(?:\s{1,4}(?i:for)\s[^\n=;]{1,80}=)?"
    r"(?:\s{1,4}(?:=\s?)?|\s{0,2}\()['\"](?P<password>[^'\"\n]{1,256}+)['\"]"
)
COMMAND_ANCHORS = (
    *(Anchor(name, r"[\s'\"\\.]") for name in _BY_NAME if name != "az"),
    *map(Anchor, ("az login", "jdbc:oracle:", "identified", "-stdin", "sudo -", "chpasswd")),
    *map(Anchor, ("requirepass", "masterauth", "identify ", "ugfzc3dvcmq6", "passcode")),
    *(Anchor(f"{name}(", r"\s{0,2}[bru]?\\{0,3}[\"']") for name in ("auth", "login", "bind", "bind_s", "credential", "credentials", "fernet", "hmac.new", "aesgcm", "chacha20poly1305")),
    *map(Anchor, ("jwt.encode(", "jwt.decode(", "with args beginning with")),
    Anchor("auth ", r"[\"']?\S{5}"),
    Anchor("pass ", r"[\"']?\S{6}"),
    Anchor("login ", r"[\"']?[^\s\"']{1,64}[\"']? {1,2}[\"']?\S{6}"),
    *map(Anchor, ("--with-token", "cryptsetup", "kinit", ":5432:", ":6432:", ":*:")),
    *(Anchor(word, r"\s{1,4}(?:['\"=]|for\s)") for word in ("password", "passphrase", "passcode", "passwd", "pwd")),
    *(Anchor(word, r"\s{0,2}\(['\"]") for word in ("password", "passphrase", "passcode", "passwd", "pwd")),
)  # fmt: skip


class CommandRule:
    """Replaces passwords in command lines and in statements that set one."""

    def __init__(self, disabled: frozenset[str], found: Callable[[str], None]) -> None:
        self._off = "password" in disabled
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` without the passwords of its commands."""
        if self._off:
            return text
        text = splice(text, self.spans(text))
        for pattern in (_VERB, _CALL, _ORACLE, _PGPASS, _SMTP, _REDIS, _PIPED, _STATEMENT):
            spans = [
                self._span(*match.span(match.lastgroup or 0))
                for match in pattern.finditer(text)
                if _is_password(match[match.lastgroup or 0], spoken=pattern is _VERB)
            ]
            text = splice(text, spans)
        return text

    def spans(self, text: str) -> list[Span]:
        """Return where the arguments of programs in `text` hold a password."""
        if self._off:
            return []
        programs = list(_PROGRAM.finditer(text))
        limits = [program.start() for program in programs[1:]] + [len(text)]
        spans: list[Span] = []
        for program, limit in zip(programs, limits, strict=False):
            start = program.end()
            end = min(limit, start + _LONGEST_COMMAND)
            stop = _END.search(text, start, end)
            end = stop.start() if stop else end
            for match in _BY_NAME[program["name"]].finditer(text, start, end):
                spans += self._of(match)
        return spans

    def _of(self, match: re.Match[str]) -> list[Span]:
        group = match.lastgroup or "password"
        password = match[group]
        if not _is_password(password, spoken=False):
            return []
        if password.isdigit() and "user" in match.re.groupindex and not match["user"].isalpha():
            return []  # `-u 1000:1000` names a user and a group
        return [self._span(*match.span(group))]

    def _span(self, start: int, end: int) -> Span:
        self._found("password")
        return start, end, mark("password")


def _is_password(word: str, *, spoken: bool) -> bool:
    """Say whether `word` is no mark, mask or plain word; a spoken one must look like a secret."""
    if spoken:
        return is_opaque(word, _SHORTEST_SPOKEN)
    return not word.startswith("[REDACTED") and not is_blank(word)

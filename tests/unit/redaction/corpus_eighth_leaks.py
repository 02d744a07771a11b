"""An eighth batch of leaks: every style of key in every format, crossed, and what does not cross."""

from __future__ import annotations

from typing import Any

from tests.unit.redaction.corpus_makers import Json, Quoted

# A key and the kind of value that stands beside it.
_KEYS = """
password:word Password:pw PASSWORD:pw passwd:short pwd:short user_password:word userPassword:word db-password:pw
DB_PASSWORD:pw spring.mail.password:short admin_pass:short newPassword:pw old_password:word passwordConfirmation:word
PGPASSWORD:short mysql_root_password:short passphrase:short secret:opaque client_secret:opaque clientSecret:opaque
CLIENT_SECRET:opaque app-secret:hex SECRET_KEY:opaque secretKey:b64 webhook_secret:opaque signing_secret:hex
jwtSecret:word token:opaque access_token:opaque accessToken:opaque ACCESS_TOKEN:hex refresh_token:opaque refreshToken:opaque
id_token:jwt auth_token:hex authToken:opaque X-Auth-Token:hex bot_token:opaque api_key:hex apiKey:opaque API_KEY:opaque
x-api-key:hex apikey:opaque api.key:opaque private_key:b64 privateKey:b64 encryption_key:b64 signingKey:b64 master_key:hex
access_key:mixed20 aws_secret_access_key:aws secretAccessKey:aws account_key:b64 session_id:hex32 sessionId:mixed26
PHPSESSID:hex32 session_token:opaque csrf_token:opaque csrfmiddlewaretoken:opaque credentials:opaque ssn:ssn cvv:cvv
card_number:card cardNumber:cardsolid creditCard:cardsolid otp:otp reset_token:hex bearer_token:opaque jwt:jwt
""".split()  # noqa: SIM905 -- read as a table
FORMATS: list[Any] = [
    "%K=%V",
    "%K: %V",
    "%K = %V, retry=3",
    "started with %K=%V for tenant ((n))",
    'level=info user=((user)) %K="%V" path=/a',
    "{'user': '((user))', '%K': '%V', 'n': ((n))}",
    '{"user":"((user))","%K":"%V","n":((n))}',
    '{"outer":{"%K": "%V"},"id":"((uuid))"}',
    '{\\"user\\":\\"((user))\\",\\"%K\\":\\"%V\\"}',
    '"{\\\\\\"%K\\\\\\": \\\\\\"%V\\\\\\"}"',
    "GET /x?%K=%V&page=((n)) HTTP/1.1",
    "https://api.example.com/x?a=1&%K=%V#top",
    "user=((user))&%K=%V&x=1",
    "Config(user='((user))', %K='%V', debug=False)",
    "Config(user=((user)), %K=%V)",
    "<%K>%V</%K>",
    "%K: '%V'\nuser: ((user))\n",
    "db:\n  user: ((user))\n  %K: %V\n  port: 5432",
    "[db]\nuser = ((user))\n%K = %V\n",
    "export %K='%V'",
    "tool --%K=%V --verbose ((n))",
    "tool --%K %V --verbose",
    "['tool', '--%K', '%V', '-v']",
    "[('user', '((user))'), ('%K', '%V')]",
    "map[%K:%V user:((user))]",
    "user=((user));%K=%V;host=db",
    "%K => '%V'",
    "-H '%K: %V'",
    "POST / HTTP/1.1\r\nHost: a\r\n%K: %V\r\nAccept: */*\r\n\r\n",
    "ValueError: cannot use {'%K': '%V'}",
    '  File "a.py", line ((n)), in f\n    connect(%K="%V")\nOSError: [Errno 111]',
    '--b\r\nContent-Disposition: form-data; name="%K"\r\n\r\n%V\r\n--b--',
    "%%7B%%22%K%%22%%3A%%22%V%%22%%7D".replace("%%", "%"),
    {"extra": {"user": "((user))", "%K": "%V"}},
    {"a": [{"b": {"%K": "%V", "n": 1}}]},
    {"%K": "%V", "user": "((user))"},
    {"headers": [("%K", "%V"), ("host", "a")]},
    {"argv": ["tool", "--%K", "%V", "-v"]},
    {"env": ["A=1", "%K=%V"]},
    {"item": {"name": "%K", "value": "%V"}},
    {"body": Json({"user": "((user))", "%K": "%V"})},
    {"body": Json(Json({"%K": "%V"}))},
    Quoted("a=1&%K=%V&b=2"),
    "1 validation error for Form\n%K\n  Input is bad [type=x, input_value='%V', input_type=str]",
    "[{'type': 'x', 'loc': ('body', '%K'), 'msg': 'bad', 'input': '%V'}]",
    "insert failed [SQL: INSERT INTO t (id, %K) VALUES (?, ?)]\n[parameters: (((n)), '%V')]",
    "SET %K = '%V' WHERE id = ((n))",
    "((user))@host:~$ %K=%V ./run.sh",
    "%K (%V) was rejected",
    "the %K is '%V'",
]


def put(shape: Any, key: str, slot: str) -> Any:
    """Put `key` and `slot` into a format, at any depth."""
    if isinstance(shape, str):
        return shape.replace("%K", key).replace("%V", slot)
    if isinstance(shape, Json):
        return Json(put(shape.value, key, slot), shape.times)
    if isinstance(shape, Quoted):
        return Quoted(put(shape.value, key, slot))
    if isinstance(shape, dict):
        return {put(name, key, slot): put(item, key, slot) for name, item in shape.items()}
    if isinstance(shape, (list, tuple)):
        return type(shape)(put(item, key, slot) for item in shape)
    return shape


def cross(keys: list[str], formats: list[Any], brackets: str, *, shift: int) -> list[Any]:
    """Cross keys and formats so that each key meets a tenth of the formats."""
    return [
        put(shape, key, brackets.replace("kind", kind))
        for row, (key, _, kind) in enumerate(pair.partition(":") for pair in keys)
        for column, shape in enumerate(formats)
        if (row * 7 + column) % 10 == shift
    ]


# Prose tells a word from a secret by its digits: only the last two formats are prose.
PROSE = 2
EIGHTH_LEAKS: list[Any] = [
    *cross(_KEYS, FORMATS[:-PROSE], "<<kind>>", shift=0),
    *cross([pair for pair in _KEYS if pair.endswith(("opaque", "hex"))], FORMATS[-PROSE:], "<<kind>>", shift=0),
]  # fmt: skip

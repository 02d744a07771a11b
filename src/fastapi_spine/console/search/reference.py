"""The reference page of the search language, written from the table of keys.

`python -m fastapi_spine.console.search.reference > docs/reference/search.md` renews it; a test fails when the committed
page differs, and reads every example of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from fastapi_spine.console.search.keys import KEYS, Key
from fastapi_spine.console.search.read import LONGEST, MOST_TERMS

_INTRODUCTION: Final = f"""\
# The search language

<!-- Written by `python -m fastapi_spine.console.search.reference`; change the table of keys, not this page. -->

The console's pages, its API (`q=…`) and `spine requests`, `spine logs` and `spine tail` understand the same searches.
A search is terms with blanks between them; all of them must hold.

```search
route:/orders/{{order_id}} status>=500 slower:300ms service:orders user_id:42 "pool exhausted"
```

- Bare words are looked for in log lines, whole and in any case; a request fits if a line of its trace does.
  `"pool exhausted"` looks for the words together, in this order.
- `key:value` looks at a field, `key:a,b` for one of several values, `key:start*` for a beginning, `key:*` for having it at all.
- `-term` leaves out what fits the term.
- `key>=10`, `key>10`, `key<=10`, `key<10` and `key:10..20` (both included) compare numbers.
- Any key that is not in the table below is an attribute of the span or a field of the line: `user_id:42`, `http.route:*`, `retries>3`.
  One that looks like a slip of a key is refused; write `@servce:x` if it really is an attribute.
- Values with blanks, commas or quotes stand in quotes: `path:"/a, b"`; in quotes `\\"` is a quote and `\\\\` a backslash.
- A pasted UUID is a request id, 32 pasted hex digits are a trace id; in quotes they are words.
- At most {LONGEST:,} characters and {MOST_TERMS} terms. There is no `OR` between terms, and there are no brackets.

## Keys

| Key | Finds | Examples |
|---|---|---|
"""

_MORE: Final = """
## More examples

```search
failed:yes -error:HTTPException
-"GET /healthz" level:warn
service:orders -route:/orders* duration:200ms..1s
http.request.method:POST retries>=2
https://stock.example/free
```

## When a search cannot be read

The answer says where it is wrong and what to write instead:

```
failed:yes servce:orders
           ^^^^^^
There is no key servce. Write service, or @servce for an attribute of that name.
```

## Moments

`since` and `until` beside a search are `15m`, `2h`, `7d`, `1w` ago, a moment of RFC 3339 (`2026-01-31T12:00:00Z`; UTC without a
zone), or microseconds since the epoch.
"""


def page() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + "\n".join(_rows()) + "\n" + _MORE


def _rows() -> Iterator[str]:
    for key in KEYS:
        examples = ", ".join(f"`{example}`" for example in key.examples)
        yield f"| `{key.name}`{_also(key)} | {key.sentence} | {examples} |"


def _also(key: Key) -> str:
    return "".join(f", `{name}`" for name in key.also)


if __name__ == "__main__":
    sys.stdout.write(page())

"""A search that cannot be read says where, and what to write instead."""

from __future__ import annotations

import pytest

from fastapi_spine.console.search import SearchError, parse


def mistake(text: str) -> tuple[str, str, str]:
    """Return what is wrong: the characters, the message, the hint."""
    with pytest.raises(SearchError) as caught:
        parse(text)
    error = caught.value
    return text[error.position : error.position + error.length], error.message, error.hint


@pytest.mark.parametrize(
    ("text", "wrong", "message", "hint"),
    [
        ("a servce:orders", "servce", "There is no key servce.", "Write service, or @servce for an attribute of that name."),
        ("-Status:500", "Status", "There is no key Status.", "Write status, or @Status for an attribute of that name."),
        ("@status:500", "@status", "status is a key.", "Write status without @; it is never an attribute."),
        ('a "b c', '"b c', "The quote is not closed.", 'Write " at its end.'),
        ("slower:300", "300", "The unit is missing.", "Write 300ms or 300s."),
        ("slower:fast", "fast", "This is no duration.", "Write a number with its unit, 300ms, 1.5s or 2m."),
        ("slower>300ms", ">", "slower compares already.", "Write slower:300ms."),
        ("duration:300ms", "duration", "No request takes exactly as long.", "Write slower:300ms or faster:300ms."),
        ("status:5x", "5x", "This is no status.", "Write a code, 404, or a class, 5xx."),
        ("status:404,abc", "abc", "This is no status.", "Write a code, 404, or a class, 5xx."),
        ("status>=5xx", "5xx", "A class cannot be compared.", "Write status>=500, or status:5xx."),
        ("status>999", "999", "There is no status beyond 999.", "Write a bound from 100 to 999."),
        ("status=>500", "=>", "=> is not known.", "Write >=."),
        ("status!=500", "!=", "!= is not known.", "Write -status:500."),
        ("service>3", "service", "service has no size.", "Write service:3."),
        ("service:", ":", "Nothing follows service:", "Write it: service:…"),
        ("service: orders", ":", "Nothing follows service:", "Write service:orders without a blank."),
        ("service:a, b", ",", "A value is missing at a comma.", "Write values without blanks between them, a,b, or leave the last comma out."),
        ('error:""', '""', "An empty value finds nothing.", "To find what has no error write -error:*."),
        ("level:loud", "loud", "There is no level loud.", "Write trace, debug, info, warn, error or fatal."),
        ("level:warn,error", "error", "level takes one value here.", "Leave one."),
        ("severity:99", "99", "This is no severity.", "Write 1 to 24, or level:warn."),
        ("failed:maybe", "maybe", "failed is yes or no.", "Write failed:yes or failed:no."),
        ("failed:yes failed:no", "failed:no", "failed: stands here twice, and no request fits both.", "Leave one out."),
        ("trace:abc", "abc", "A trace id has 32 hex digits.", "For a request id write id:abc."),
        ("-id:abc", "-id:abc", "An id cannot be left out.", "Leave the minus out."),
        ("size>big", "big", "This is no number.", "Write a number, 42 or 0.5."),
        ("size:2..1", "2..1", "From is more than to.", "Write 1..2."),
        ("a OR b", "OR", "OR joins nothing here.", 'Several values of one key stand with commas: key:a,b. To find the word in lines write "OR".'),
        ("a - b", "-", "Nothing follows the minus.", "Write what to leave out: -service:orders."),
        ("pool*", "*", "Words in lines are found whole.", "Beginnings work after a key: path:/orders*."),
        ("a ...", "...", "There is no letter or digit to look for.", "Write a word that stands in a line."),
        ('"a"b', "b", "Two terms stand together.", "Write a blank before b."),
        ("a\N{NO-BREAK SPACE}b", "\N{NO-BREAK SPACE}", "There is a character that cannot be seen (no-break space).", "Remove it, or write a plain blank."),
        ("a\x00", "\x00", "There is a character that cannot be seen (u+0000).", "Remove it, or write a plain blank."),
        (" ".join(["a"] * 41), "a", "These are too many terms.", "Keep to 40."),
        ("a" * 1001, "a", "The search is too long.", "Keep to 1,000 characters."),
    ],
)  # fmt: skip
def test_a_mistake_is_explained(text: str, wrong: str, message: str, hint: str) -> None:
    """The very characters, one sentence, and one way out."""
    assert mistake(text) == (wrong, message, hint)


def test_a_caret_stands_below_the_mistake() -> None:
    """Two lines that a terminal shows as they are."""
    with pytest.raises(SearchError) as caught:
        parse("failed:yes servce:orders")
    assert caught.value.caret() == "failed:yes servce:orders\n           ^^^^^^"


def test_a_caret_finds_its_place_in_a_long_and_hostile_search() -> None:
    """A window around the mistake; characters that would move the cursor are dots."""
    with pytest.raises(SearchError) as caught:
        parse("a" * 300 + " \x1b[31m " + "b" * 300)
    shown, carets = caught.value.caret().splitlines()
    assert shown == "…" + "a" * 59 + " ·[31m " + "b" * 34 + "…"
    assert carets == " " * 61 + "^"

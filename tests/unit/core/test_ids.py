"""Identifiers: well-formed, sorted by time, never repeated, not even after a fork."""

from __future__ import annotations

import os
import uuid

from fastapi_spine.core.ids import RandomIds
from fastapi_spine.testing import FrozenClock


def test_a_request_id_is_a_uuid_of_version_7_that_tells_its_time() -> None:
    """RFC 9562: version and variant bits, 48 bits of milliseconds."""
    clock = FrozenClock()
    parsed = uuid.UUID(RandomIds().request_id(clock.wall_ns()))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == clock.wall_ns() // 1_000_000


def test_request_ids_sort_by_time_and_do_not_repeat() -> None:
    """10,000 ids over 10 ms: all different, in order of their milliseconds."""
    clock = FrozenClock()
    ids = RandomIds()
    made = []
    for _ in range(10):
        made.append(sorted(ids.request_id(clock.wall_ns()) for _ in range(1000)))
        clock.advance(0.001)
    flat = [one for batch in made for one in batch]
    assert flat == sorted(flat)
    assert len(set(flat)) == len(flat)


def test_trace_and_span_ids_are_lower_case_hex() -> None:
    """W3C Trace Context: 32 and 16 digits."""
    ids = RandomIds()
    for _ in range(1000):
        _, trace_id, span_id = ids.fresh(0)
        assert (len(trace_id), len(span_id), len(ids.span_id())) == (32, 16, 16)
        assert set(trace_id + span_id) <= set("0123456789abcdef")


def test_a_forked_child_draws_other_ids() -> None:
    """Workers that are forked after set-up never repeat each other, nor what was drawn in advance."""
    ids = RandomIds()
    ids.request_id(0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "".join(ids.request_id(0) for _ in range(40)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    read = os.read(reader, 40 * 36).decode()
    os.close(reader)
    os.close(writer)
    theirs = {read[at : at + 36] for at in range(0, 40 * 36, 36)}
    ours = {ids.request_id(0) for _ in range(40)}
    assert (len(theirs), len(ours), theirs & ours) == (40, 40, set())

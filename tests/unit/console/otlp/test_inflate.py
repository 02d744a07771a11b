"""Content encodings: every member, never more than the limit, damage told."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest

from fastapi_spine.console.otlp.faults import BadBodyError, TooLargeError
from fastapi_spine.console.otlp.inflate import UnknownEncodingError, inflate

TEXT = b"telemetry " * 1000
LIMIT = 1 << 20


def zipped(text: bytes) -> bytes:
    """Compress without the time of day: what is tested has the same name in every process."""
    return gzip.compress(text, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", zipped(TEXT)),
        ("GZip ", zipped(TEXT)),
        ("x-gzip", zipped(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT, wbits=-15)),
        ("gzip", zipped(TEXT[:500]) + zipped(TEXT[500:])),
        ("gzip", zipped(b"") + zipped(TEXT)),
    ],
)
def test_what_was_compressed_comes_out(encoding: str, body: bytes) -> None:
    """Of gzip with one and with several members, of deflate with zlib's two bytes and without."""
    assert inflate(body, encoding, LIMIT) == TEXT


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b""),
        ("gzip", TEXT),
        ("gzip", zipped(TEXT)[:-1]),
        ("gzip", zipped(TEXT)[:-8]),
        ("gzip", zipped(TEXT)[:-5] + b"\0" + zipped(TEXT)[-4:]),
        ("gzip", zipped(TEXT) + b"rest"),
        ("deflate", b""),
        ("deflate", zlib.compress(TEXT)[:-2]),
        ("deflate", zlib.compress(TEXT) + b"rest"),
    ],
)
def test_what_is_damaged_is_never_half_taken(encoding: str, body: bytes) -> None:
    """A missing checksum, a wrong one, something behind the end."""
    with pytest.raises(BadBodyError):
        inflate(body, encoding, LIMIT)


def bomb(size: int) -> bytes:
    """So many zeros, compressed."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        bomb(200 << 20),
        bomb(1 << 20) * 4,
        zipped(b"x") * 100_000,
        bytes(LIMIT + 1),
    ],
    ids=["one member", "several members", "many members", "plain"],
)
def test_more_than_the_limit_is_too_large(body: bytes) -> None:
    """Over all members; what lies beyond is not even decompressed."""
    encoding = "" if body[:2] == b"\0\0" else "gzip"
    with pytest.raises(TooLargeError, match="send smaller batches"):
        inflate(body, encoding, LIMIT)


@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT])
@pytest.mark.parametrize("window", [31, 15, -15])
def test_up_to_the_limit_everything_comes_out(size: int, window: int) -> None:
    """Also where the last input fills the last piece of output exactly."""
    body = zlib.compress(bytes(size), wbits=window)
    assert inflate(body, "gzip" if window > 15 else "deflate", LIMIT) == bytes(size)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 10_000])
def test_an_encoding_that_nobody_knows_is_415(encoding: str) -> None:
    """The message does not repeat it."""
    with pytest.raises(UnknownEncodingError, match="send gzip") as caught:
        inflate(b"", encoding, LIMIT)
    assert (caught.value.status, encoding in str(caught.value)) == (415, False)

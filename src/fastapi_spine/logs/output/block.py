"""Several whole lines as one piece of bytes, so that a busy process pays for pieces and not for lines."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi_spine.logs.output.target import PIPE_BUF


class Block(bytes):
    """Whole lines, one behind the other; written and dropped line by line all the same.

    Attributes:
        sizes: how long each line is, in bytes.
    """

    sizes: tuple[int, ...]

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> Block:
        """Join lines."""
        made = cls(b"".join(lines))
        made.sizes = tuple(map(len, lines))
        return made

    def after(self, written: int) -> tuple[Block, int]:
        """Return what is left once so many bytes are out, and how many bytes of its first line are."""
        start = count = 0
        for size in self.sizes:
            if start + size > written:
                break
            start += size
            count += 1
        left = Block(self[start:])
        left.sizes = self.sizes[count:]
        return left, written - start


def blocks_of(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Return lines in blocks that a pipe takes whole, as far as a line by itself is not longer than that; a line alone as it is."""
    if len(lines) == 1:
        return lines
    each = max(1, PIPE_BUF // max(map(len, lines)))
    return [Block.of(lines[at : at + each]) for at in range(0, len(lines), each)]


def lines_in(piece: bytes) -> int:
    """Return how many lines a piece of the queue is."""
    return len(piece.sizes) if isinstance(piece, Block) else 1

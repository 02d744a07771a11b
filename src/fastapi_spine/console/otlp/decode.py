"""From a body to rows: the one face of this room towards those who receive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from fastapi_spine.console.otlp.faults import BadBodyError, Budget, Reject
from fastapi_spine.console.otlp.inflate import inflate
from fastapi_spine.console.otlp.json_bodies import JsonReader
from fastapi_spine.console.otlp.limits import DEFAULT_LIMITS, Limits
from fastapi_spine.console.otlp.protobuf import ProtobufReader
from fastapi_spine.console.otlp.protobuf_metrics import MetricsReader
from fastapi_spine.console.otlp.sources import Sources
from fastapi_spine.console.rows import Batch

Signal = Literal["traces", "logs", "metrics"]


class Decoded(NamedTuple):
    """What a body held.

    Attributes:
        batch: what can be kept.
        rejected: how many items cannot, by reason.
    """

    batch: Batch
    rejected: Mapping[str, int]

    @property
    def items(self) -> int:
        """How many rows there are."""
        return len(self.batch.spans) + len(self.batch.logs) + len(self.batch.points)


class Decoder:
    """Reads bodies. Not for several threads at once: it remembers what repeats from body to body."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        sources = Sources()
        self._limits = limits
        self._protobuf = ProtobufReader(limits, sources)
        self._metrics = MetricsReader(self._protobuf)
        self._json = JsonReader(limits, sources)

    def decode(
        self, signal: Signal, body: bytes, *, json: bool, encoding: str, now_ns: int
    ) -> Decoded:
        """Read a body.

        Args:
            signal: which of the three requests it is.
            body: as it came.
            json: whether it is JSON; else protobuf.
            encoding: its content encoding.
            now_ns: when it came, since the epoch; for log lines that do not say their time.

        Returns:
            Its rows, and what was not taken.

        Raises:
            BodyError: it cannot be taken as a whole, with the status and the reason; nothing else is raised, whatever
                the body holds.
        """
        content = inflate(body, encoding, self._limits.inflated)
        budget = Budget(self._limits.items, self._limits.values)
        try:
            batch = self._batch(signal, content, json, now_ns, budget)
        except IndexError:
            raise BadBodyError("the body ends in the middle of a field") from None
        except Reject as reject:  # in a resource: it belongs to every item below it
            raise BadBodyError(f"the resource cannot be taken: {reject.reason}") from None
        return Decoded(batch, budget.rejected)

    def _batch(
        self, signal: Signal, content: bytes, json: bool, now_ns: int, budget: Budget
    ) -> Batch:
        if json:
            return self._json_batch(signal, content, now_ns, budget)
        if signal == "traces":
            return Batch(self._protobuf.spans(content, now_ns, budget), [], [])
        if signal == "logs":
            return Batch([], self._protobuf.logs(content, now_ns, budget), [])
        return Batch([], [], self._metrics.points(content, now_ns, budget))

    def _json_batch(self, signal: Signal, content: bytes, now_ns: int, budget: Budget) -> Batch:
        if signal == "traces":
            return Batch(self._json.spans(content, budget), [], [])
        if signal == "logs":
            return Batch([], self._json.logs(content, now_ns, budget), [])
        return Batch([], [], self._json.points(content, budget))

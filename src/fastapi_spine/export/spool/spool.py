"""What waits on disk: this process's files, the oldest first, bounded in bytes over all processes of the service, and in age.

Only the process whose folder a file lies in sends it and books it; to keep the bound any process of the service may remove
the oldest, and the owner finds out when it wants to send it. Nothing is forced onto the disk (fsync): what the system had
not written yet is gone after a power cut, and half a file is told from a whole one.
"""

from __future__ import annotations

import errno
import heapq
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import DROP_EXPIRED
from fastapi_spine.core.health import Health
from fastapi_spine.core.spool_names import DROP_SPOOL_FULL, DROP_SPOOL_UNREADABLE
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Chunk
from fastapi_spine.export.spool.files import content
from fastapi_spine.export.spool.parcel import Parcel, Unreadable, pack, unpack
from fastapi_spine.export.spool.places import Entry, service_folder, weight_of
from fastapi_spine.export.spool.shelf import Shelf
from fastapi_spine.export.spool.terms import SpoolTerms

_LOOK_S: Final = 60.0
"""How often it is looked for files that others left behind, and for those that are too old."""
_STEP: Final = "spool"
_OFF_S: Final = 60.0
_ROOM: Final = 16
"""One part in so many is made free when the bound is reached, so that not every file has the whole folder looked at."""
_PASSING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What is wrong with this process or machine just now, and not with the file."""


class Member(NamedTuple):
    """A signal that takes part: the queue whose books are kept, and what wakes its thread."""

    queue: Queue
    wake: Callable[[], None]


class Spool:
    """The spool as one process sees it. Threads of signals come here, requests never.

    Args:
        terms: what was asked for.
        wall_ns: tells wall time.
        health: counts faults.
        off: told why nothing can be kept; called once for each time that it begins.
        found: told how many items of ended processes were found, by signal.

    Attributes:
        shelf: where files lie.
    """

    def __init__(
        self,
        terms: SpoolTerms,
        *,
        wall_ns: Callable[[], int],
        health: Health,
        off: Callable[[str], None],
        found: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._terms = terms
        home = service_folder(terms.folder, terms.service)
        self.shelf = Shelf(home, wall_ns, partial(health.fault, _STEP))
        self._wall_ns = wall_ns
        self._tell_off = off
        self._tell_found = found
        self._members: dict[str, Member] = {}
        self._begin_anew()

    def _begin_anew(self) -> None:
        # One that the same thread may take twice: a destructor may flush in the middle.
        self._lock = threading.RLock()
        self._waiting: dict[str, list[Entry]] = {signal: [] for signal in self._members}
        self._found: Counter[str] = Counter()
        self._used = 0
        self._begun = False
        self._next_look = float("-inf")
        self._off_until = float("-inf")
        self._unread_until = float("-inf")
        self._told = False
        self._closed = False

    def join(self, signal: str, queue: Queue, wake: Callable[[], None]) -> None:
        """Let a signal take part."""
        self._members[signal] = Member(queue, wake)
        self._waiting[signal] = []

    def begin(self) -> None:
        """Look for what others left behind, from now on: not in a script that only imports the application."""
        self._begun = True
        self._next_look = float("-inf")

    def waits(self, signal: str) -> bool:
        """Tell whether there is a file to be sent."""
        return bool(self._waiting[signal]) and self._is_open()

    def usable(self) -> bool:
        """Tell whether anything could be kept, as far as is known."""
        return not self._closed and monotonic() >= self._off_until

    def _is_open(self) -> bool:
        return not self._closed and monotonic() >= self._unread_until

    def put(self, signal: str, resource: bytes, chunks: Sequence[Chunk]) -> bool:
        """Keep a batch; it is booked as on disk.

        Returns:
            Whether it is kept. If not, that is told once, and tried again a minute later.
        """
        if not self.usable():
            return False
        try:
            data = pack(resource, chunks)
        except ValueError:
            return False
        count = sum(items for _, _, items in chunks)
        why: str | None = None
        with self._lock:
            if self._closed or weight_of(len(data)) > self._terms.bound:
                return False
            try:
                entry = self._put(signal, count, data)
            except OSError as error:
                why = self._turn_off(error)
            else:
                heapq.heappush(self._waiting[signal], entry)
                self._used += entry.weight
                self._members[signal].queue.account.spool(count)
                self._told = False
        self._say(why)
        return why is None

    def take(self, signal: str) -> tuple[Entry, Parcel] | None:
        """Take the oldest batch, to send it and to say `done` or `back`; None if there is none.

        On the way those are booked as lost that are too old, damaged, or not there any more.
        """
        with self._lock:
            self._expire(signal)
            waiting = self._waiting[signal]
            while waiting and self._is_open():
                entry = heapq.heappop(waiting)
                parcel = self._read(signal, entry)
                if parcel is not None:
                    return entry, parcel
        return None

    def back(self, signal: str, entry: Entry) -> None:
        """Put a batch back that could not be sent: its file lies where it was."""
        with self._lock:
            heapq.heappush(self._waiting[signal], entry)

    def done(self, entry: Entry) -> None:
        """Remove a batch whose items are booked. Until then a crash has it sent a second time."""
        with self._lock:
            self._remove(entry)

    def look(self) -> None:
        """Once a minute, from `begin` on: book what is too old, and take over what ended processes of the service left behind."""
        why: str | None = None
        with self._lock:
            if self.until_look() > 0:
                return
            self._next_look = monotonic() + _LOOK_S
            for signal in self._waiting:
                self._expire(signal)
            try:
                self._take_over()
            except OSError as error:
                why = self._turn_off(error)
        self._say(why)

    def until_look(self) -> float:
        """Return after how many seconds `look` has something to do."""
        if not self._begun or self._closed:
            return _LOOK_S
        return max(self._next_look - monotonic(), 0.0)

    def close(self) -> None:
        """Leave what is there to another process."""
        with self._lock:
            self._closed = True
            self.shelf.leave()

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        self.shelf.forget()
        self._begin_anew()

    def _put(self, signal: str, count: int, data: bytes) -> Entry:
        weight = weight_of(len(data))
        if self._used + self.shelf.others_weight() + weight > self._terms.bound:
            self._make_room(weight)
        return self.shelf.add(signal, count, data)

    def _make_room(self, weight: int) -> None:
        """Remove the oldest files, whoever's they are: this process books its own, others will miss theirs."""
        self._take_over()  # so that what nobody would miss is booked, too
        others = self.shelf.others()[::-1]
        theirs = sum(entry.weight for _, entry in others)
        most = self._terms.bound - max(weight, self._terms.bound // _ROOM)
        while self._used + theirs > most:
            signal = min(
                (signal for signal, waiting in self._waiting.items() if waiting),
                key=lambda signal: self._waiting[signal][0],
                default=None,
            )
            if others and (signal is None or others[-1][1] < self._waiting[signal][0]):
                path, entry = others.pop()
                theirs -= entry.weight
                path.unlink(missing_ok=True)
            elif signal is not None:
                self._lose(signal, heapq.heappop(self._waiting[signal]), DROP_SPOOL_FULL)
            else:
                break
        self.shelf.others_have(theirs)

    def _expire(self, signal: str) -> None:
        oldest_ns = self._oldest_ns()
        waiting = self._waiting[signal]
        while waiting and waiting[0].at_ns < oldest_ns:
            self._lose(signal, heapq.heappop(waiting), DROP_EXPIRED)

    def _oldest_ns(self) -> int:
        return self._wall_ns() - int(self._terms.age_s * 1e9)

    def _lose(self, signal: str, entry: Entry, reason: str) -> None:
        account = self._members[signal].queue.account
        account.drop(reason, entry.items)
        account.leave(entry.items)
        self._remove(entry)

    def _remove(self, entry: Entry) -> None:
        self._used -= entry.weight
        self.shelf.remove(entry)

    def _read(self, signal: str, entry: Entry) -> Parcel | None:
        """Read a file; None if its items are lost, which is booked then, or if there may be another try later."""
        path = self.shelf.path(entry)
        try:
            return unpack(content(path), entry.items)
        except FileNotFoundError:
            self._lose(signal, entry, DROP_SPOOL_FULL)
        except (OSError, Unreadable) as error:
            passing = getattr(error, "errno", None) in _PASSING
            if passing or not self.shelf.set_aside(path, error):
                self._unread_until = monotonic() + _OFF_S
                heapq.heappush(self._waiting[signal], entry)
            else:
                self._lose(signal, entry, DROP_SPOOL_UNREADABLE)
        return None

    def _take_over(self) -> None:
        """Have the files of ended processes here, and book them."""
        for signal, entry in self.shelf.inherit(self._members, self._oldest_ns()):
            heapq.heappush(self._waiting[signal], entry)
            self._used += entry.weight
            self._members[signal].queue.account.recover(entry.items)
            self._found[signal] += entry.items

    def _say(self, why: str | None) -> None:
        """Tell what is to be told, when the lock is not held any more; wake those that have something to send."""
        if why:
            self._tell_off(why)
        with self._lock:
            found, self._found = self._found, Counter()
        if found:
            self._tell_found(found)
        for signal in found:
            self._members[signal].wake()

    def _turn_off(self, error: OSError) -> str:
        """Try nothing for a minute; return what is to be told, if it was not told yet."""
        self._off_until = monotonic() + _OFF_S
        told, self._told = self._told, True
        return "" if told else f"{type(error).__name__}: {error.strerror or error}"

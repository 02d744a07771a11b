"""Giving disk space back beside the writing: a file system frees a large file's blocks one by one."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from fastapi_spine.console.store.folder import Folder, unlinked_parts
from fastapi_spine.core.console_names import THREAD_CONSOLE_DISCARD


class Discard:
    """Takes slices away at once, and deletes them on a thread of its own; that thread lives only as long.

    A process that ends in between leaves renamed files, which the next writer of the folder deletes.

    Args:
        folder: where slices are.
    """

    def __init__(self, folder: Folder) -> None:
        self._waiting = folder.discarded()
        self._thread: threading.Thread | None = None
        self.begin()

    def take(self, path: Path) -> None:
        """Take a slice out of the folder's list; its bytes go with the next `begin`.

        Raises:
            OSError: it is open in another process, on systems where that keeps a file; it is tried again later.
        """
        self._waiting.append(unlinked_parts(path))

    def begin(self) -> None:
        """Delete what was taken, unless the thread is busy with what was taken before."""
        if not self._waiting or (self._thread is not None and self._thread.is_alive()):
            return
        paths, self._waiting = self._waiting, []
        self._thread = threading.Thread(
            target=_delete, args=(paths,), name=THREAD_CONSOLE_DISCARD, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Delete everything that was taken."""
        if self._thread is not None:
            self._thread.join()
        _delete(self._waiting)
        self._waiting = []


def _delete(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # the next start tries again
            path.unlink(missing_ok=True)

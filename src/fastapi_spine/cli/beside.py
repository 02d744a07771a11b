"""A console in a process of its own beside the application: what happens to it does not happen to the application."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from fastapi_spine.console.door.access import Access, login_url, read_access

PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 0.05
_END_S: Final = 10.0
_SHOWN: Final = 6
_COMPLAINT: Final = "spine console: "


class ConsoleBeside:
    """A console for one application.

    Args:
        folder: its data folder. A console that runs there already is used, and left running.
        say: tells people what it has to say, a line at a time.
        more: more arguments of `spine console`.
    """

    def __init__(
        self, folder: Path, say: Callable[[str], None], more: tuple[str, ...] = ()
    ) -> None:
        self._folder = folder
        self._say = say
        self._more = more
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._last: deque[str] = deque(maxlen=_SHOWN)
        self._ready = self._ending = False

    def start(self) -> Access | None:
        """Find or start it, and wait until it answers.

        Returns:
            Where it is; None if it could not be started, which was told then.
        """
        running = read_access(self._folder)
        if running is not None and login_url(running) is not None:
            return running
        process = subprocess.Popen(
            [sys.executable, "-m", "fastapi_spine", "console", "--data", str(self._folder), *self._more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the application first: it shall still be heard while it ends
        )  # fmt: skip
        self._process = process
        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listener.start()
        access = self._answering(process)
        self._ready = access is not None
        if access is None:
            self._listener.join(_PAUSE_S)  # its last words may be on their way
            self._say("the console did not start; the application goes on without it:")
            for line in self._last:
                self._say(f"  {line}")
        return access

    def end(self) -> None:
        """End the one that was started here; it commits what it has."""
        self._ending = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._listener is not None:
            self._listener.join(_END_S)

    def _answering(self, process: subprocess.Popen[str]) -> Access | None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None:
            access = read_access(self._folder)
            if access is not None and access.pid == process.pid and login_url(access) is not None:
                return access
            time.sleep(_PAUSE_S)
        return None

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Pass its complaints on; and its end, which nobody asked for."""
        stream: IO[str] | None = process.stderr
        if stream is not None:
            with contextlib.suppress(ValueError, OSError), stream:
                for line in stream:
                    self._heard(line.rstrip())
        code = process.wait()
        if self._ready and not self._ending:
            self._say(f"the console ended with code {code}; the application goes on without it")

    def _heard(self, line: str) -> None:
        """Take a line: why it does not start, or what it has to say; its greeting is told in other words."""
        self._last.append(line)
        if self._ready and line.startswith(_COMPLAINT):
            self._say(line)

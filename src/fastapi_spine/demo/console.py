"""The console as a user asks it: the `spine` command, run beside the shop."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

_PATIENCE_S: Final = 30.0
_ACCESS: Final = "console.json"
"""In the data folder, for its user: what lets in."""
FOUND: Final = 0


@dataclass(frozen=True, slots=True)
class Spine:
    """The `spine` command on the demo's data folder.

    Attributes:
        folder: what the console keeps its data in.
        pages: the address of its pages.
    """

    folder: Path
    pages: str

    def page(self, key: str) -> str:
        """The address of a request's page, for whoever has followed the login link."""
        return f"{self.pages}/requests/{key}"

    async def shown(self, *arguments: str) -> int:
        """Run a verb on this terminal, in its colours and its width; answers the exit code."""
        sys.stdout.flush()
        process = await self._started(*arguments, stdout=None)
        return await asyncio.wait_for(process.wait(), _PATIENCE_S)

    async def told(self, *arguments: str) -> str:
        """Run a verb and take what it prints; empty if it found nothing."""
        process = await self._started(*arguments, stdout=asyncio.subprocess.PIPE)
        said, _ = await asyncio.wait_for(process.communicate(), _PATIENCE_S)
        return said.decode() if process.returncode == FOUND else ""

    async def trace(self, key: str) -> Mapping[str, Any]:
        """Everything about a request as the console's API has it; empty as long as nothing has come."""
        return await self.api(f"/traces/{key}")

    async def api(self, path: str) -> Mapping[str, Any]:
        """An answer of the console's API; empty as long as there is none.

        Asked again and again while the shop opens, when a command a question would cost more than the shop itself.
        """
        try:
            access = json.loads((self.folder / _ACCESS).read_text("utf-8"))
            headers = {"authorization": f"Bearer {access['token']}"}
            async with httpx.AsyncClient(timeout=_PATIENCE_S, headers=headers) as client:
                answer = await client.get(f"{self.pages}/api/v1{path}")
        except (OSError, ValueError, KeyError, httpx.TransportError):
            return {}
        found: dict[str, Any] = answer.json() if answer.is_success else {}
        return found

    async def _started(self, *arguments: str, stdout: int | None) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fastapi_spine", *arguments, "--data", str(self.folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=None if stdout is None else asyncio.subprocess.DEVNULL,
            env={
                name: value for name, value in os.environ.items() if not name.startswith("SPINE_")
            },
        )

"""What the tests of the pages share: how a page is opened."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Page


class Open(Protocol):
    """Opens a page of a console; the made-up shop's unless `origin` names another."""

    def __call__(
        self, path: str, *, origin: str = ..., width: int = ..., height: int = ..., theme: str = ...
    ) -> Page:
        """Go there and give the page."""

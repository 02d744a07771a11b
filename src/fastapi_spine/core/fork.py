"""What a child after a fork does anew: its parent's locks may be held, its parent's counts are not its own."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TypeVar

Owner = TypeVar("Owner")


def in_child(owner: Owner, renew: Callable[[Owner], object]) -> None:
    """Have something done in every child that is forked from now on, for as long as its owner lives.

    Windows has no fork, and nothing is done there.

    Args:
        owner: what is renewed; not kept alive by this.
        renew: called with the owner in the child, before anything else runs there.
    """
    if not hasattr(os, "register_at_fork"):
        return
    alive = weakref.ref(owner)

    def child() -> None:
        one = alive()
        if one is not None:
            renew(one)

    os.register_at_fork(after_in_child=child)

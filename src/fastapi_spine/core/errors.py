"""Every error a user can see.

SpineError
├── SettingsError      a setting is unknown, malformed or contradicts another (also a ValueError)
├── PlacementError     the spine was set up twice, too late, or on something that is not an application
└── MissingExtraError  an optional package is needed and absent (also an ImportError)
"""

from __future__ import annotations


class SpineError(Exception):
    """The root of all errors raised on purpose; its message says what, where and what to do."""


class SettingsError(SpineError, ValueError):
    """A setting is unknown, malformed or contradicts another one."""


class PlacementError(SpineError, RuntimeError):
    """The spine was set up twice, too late, or around something that is not an application."""


class MissingExtraError(SpineError, ImportError):
    """An optional package is needed and absent; the message names the extra to install."""

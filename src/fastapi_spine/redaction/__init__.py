"""Keeps secrets out of everything that leaves the process."""

from __future__ import annotations

from fastapi_spine.redaction.marks import Public, Secret
from fastapi_spine.redaction.policy import ExtraPattern, Policy
from fastapi_spine.redaction.redactor import Redactor, redact

__all__ = ["ExtraPattern", "Policy", "Public", "Redactor", "Secret", "redact"]

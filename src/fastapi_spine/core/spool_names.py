"""The names that the exporter's spool says: in books, log lines and numbers; its files are nobody else's."""

from __future__ import annotations

from typing import Final

DROP_SPOOL_FULL: Final = "spool_full"
"""The oldest on disk, where there was no room for more; or somebody removed the file."""
DROP_SPOOL_UNREADABLE: Final = "spool_unreadable"
"""It was kept on disk, and the file is damaged."""
METRIC_RECOVERED: Final = "spine_recovered"
MSG_SPOOL_OFF: Final = "telemetry that cannot be delivered is not kept on disk"
MSG_SPOOL_FOUND: Final = "telemetry of an earlier process was found on disk"
MSG_SPOOL_LEFT: Final = "telemetry waits on disk"
KEY_FOLDER: Final = "folder"
KEY_RECOVERED: Final = "recovered"
KEY_SPOOLED: Final = "spooled"

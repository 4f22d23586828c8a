"""What ``--log-json`` prints: events as they happen, for machines."""

from __future__ import annotations

import datetime
import time
from typing import Any

from .summary import as_json
from .terminal import say


class EventLog:
    """Writes events as JSON objects, one a line, to standard output.

    Parameters
    ----------
    enabled : bool
    """

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._start = time.monotonic()

    def write(self, event: str, **facts: Any) -> None:
        """Write an event, at once."""
        if not self._enabled:
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = {"event": event, "time": now, **facts}
        say(as_json(line), flush=True)

    def end(self, exit_code: int, **facts: Any) -> None:
        """Write the last event."""
        seconds = round(time.monotonic() - self._start, 3)
        self.write("end", exit_code=exit_code, seconds=seconds, **facts)

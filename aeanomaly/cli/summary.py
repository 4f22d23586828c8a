"""What ``--json`` prints: the summary of a command for programs."""

from __future__ import annotations

import json
from typing import Any

from .terminal import say


def say_json(summary: dict[str, Any]) -> None:
    """Write a summary as one JSON object to standard output."""
    say(json.dumps(summary, ensure_ascii=False, indent=2, default=str))

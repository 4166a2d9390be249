"""The wall clock, called in wiring only; pure functions take `now` as an argument."""

import time
from datetime import UTC, datetime


def now() -> int:
    """Return the current time as epoch milliseconds, UTC."""
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC with milliseconds, e.g. 2026-11-22T08:00:00.000Z."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

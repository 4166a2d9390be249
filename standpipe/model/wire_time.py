"""Times as JSON devices write them, turned into epoch milliseconds. Reads no clock."""

import math
from datetime import UTC, datetime, timedelta, timezone

from standpipe.model.errors import DecodeError

_SECONDS_END = 100_000_000_000
"""Numbers under this are seconds (until the year 5138), from it on milliseconds (from 1973)."""


def epoch_ms(value: float | str | None, *, utc_offset: int, field: str = "ts") -> int | None:
    """Return epoch ms, UTC, of a number (seconds or milliseconds) or of ISO 8601 text; None stays None.

    Text without a zone is site-local, `utc_offset` seconds east of UTC. Raises DecodeError naming `field`.
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                at = at.replace(tzinfo=timezone(timedelta(seconds=utc_offset)))
            return round(at.astimezone(UTC).timestamp() * 1000)
        except (ValueError, OverflowError):
            raise DecodeError(f"{field} is {value[:40]!r}, expected ISO 8601 or an epoch number") from None
    if not math.isfinite(value) or not 0 < value < 1e15:
        raise DecodeError(f"{field} is {value!r}, expected epoch seconds or milliseconds")
    return round(value * 1000 if value < _SECONDS_END else value)

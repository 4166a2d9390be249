"""Whether a device's time stamps can be believed, and which event time a reading has. Pure; never reads a clock.

A sample that is late can be old (a battery device sends yesterday's in one batch) or its sender's clock can be wrong
(set to UTC, or to the year 2000 after a power cut). Old alarms ring nobody, so the second must not pass for the first:
a lateness that stays the same, one beyond belief, or one of a device that never sent a fresh stamp, is a wrong clock.
"""

import msgspec

BEYOND_BELIEF = 48 * 3_600_000
"""No batch is this old, ms."""
_PROVEN_FOR = 7 * 86_400_000
_STEADY = 30_000
_STEADY_SPAN = 60_000
_STEADY_COUNT = 3


class DeviceClock(msgspec.Struct, array_like=True, gc=False):
    """What was seen of one device's clock."""

    fresh_at: int = -1
    """Receive time of the last reading with a fresh stamp; -1 if there was none."""
    offset: int = 0
    """Lateness that the last late readings share, ms."""
    since: int = 0
    """Receive time of the first of them."""
    last: int = 0
    """Receive time of the last of them."""
    count: int = 0


class EventTime(msgspec.Struct, frozen=True):
    """When a sample was taken, and whether that is long ago."""

    at: int
    historic: bool


def event_time(
    clock: DeviceClock, *, observed_at: int, received_at: int, historic_after: int, urgent: bool
) -> EventTime:
    """Return the event time of a reading and learn from it.

    All ms. A stamp in the future, or from a clock taken to be wrong, gives way to the time of receipt. For `urgent`
    readings a clock that was never proven counts as wrong: a false ring is a nuisance, a missed one is not.
    """
    late = received_at - observed_at
    if late <= historic_after:
        clock.fresh_at = received_at
        clock.count = 0
        return EventTime(min(observed_at, received_at), False)
    if _wrong(clock, late, received_at):
        return EventTime(received_at, False)
    if urgent and (clock.fresh_at < 0 or received_at - clock.fresh_at > _PROVEN_FOR):
        return EventTime(received_at, False)
    return EventTime(observed_at, True)


def _wrong(clock: DeviceClock, late: int, received_at: int) -> bool:
    """Learn a late stamp; return whether lateness now looks like a clock set wrong."""
    if late > BEYOND_BELIEF:
        return True
    if clock.count and abs(late - clock.offset) <= _STEADY:
        if received_at > clock.last:
            clock.count += 1
            clock.last = received_at
    else:
        clock.offset, clock.since, clock.last, clock.count = late, received_at, received_at, 1
    return clock.count >= _STEADY_COUNT and clock.last - clock.since >= _STEADY_SPAN

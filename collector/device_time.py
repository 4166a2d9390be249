"""Decides when a reading happened: the device's clock where it can be right. Pure; every time is an argument."""

from enum import StrEnum

FUTURE_LIMIT = 5_000
"""A stamp further ahead of the collector's clock than this, in ms, is not believed."""
AGE_LIMIT = 31 * 86_400_000
"""A stamp further back than this, in ms, is a clock that was never set rather than a sample kept that long."""
CLOCK_LIMIT = 60_000
"""A device whose own clock is off by more than this, in ms, has its stamps moved by the difference."""


class Clock(StrEnum):
    """What became of a stamp; also the name of its counter."""

    GOOD = ""
    FUTURE = "clock_future"
    OLD = "clock_old"
    SHIFTED = "clock_shifted"


def observed_at(stamp: int | None, *, received_at: int, sent_at: int | None) -> tuple[int, Clock]:
    """Return the epoch ms to store and how far the stamp was believed.

    `stamp` is the message's own time, `sent_at` the device's clock when it sent. A wrong clock must not make a fire
    look old: where both are off alike, the stamp is moved to the collector's clock.
    """
    if stamp is None:
        return received_at, Clock.GOOD
    believed = Clock.GOOD
    if sent_at is not None and abs(received_at - sent_at) > CLOCK_LIMIT:
        stamp += received_at - sent_at
        believed = Clock.SHIFTED
    if stamp > received_at + FUTURE_LIMIT:
        return received_at, Clock.FUTURE
    if stamp < received_at - AGE_LIMIT:
        return received_at, Clock.OLD
    return stamp, believed

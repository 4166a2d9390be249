"""What a fire-alarm device can say, in the trade's words (GB/T 26875.3-2011 8.2, GB 25506)."""

from enum import StrEnum


class Signal(StrEnum):
    """One state bit of a device. A reading carries the set of those that are on."""

    FIRE = "fire"
    GAS = "gas"
    MANUAL_ALARM = "manual_alarm"
    DELAY = "delay"
    SUPERVISORY = "supervisory"
    FAULT = "fault"
    SHIELDED = "shielded"
    STARTED = "started"
    FEEDBACK = "feedback"
    TEST = "test"


class Lane(StrEnum):
    """Which queue a reading travels in. Fire goes ahead of whatever waits, everywhere."""

    FIRE = "fire"
    NORMAL = "normal"


class Quality(StrEnum):
    """Whether a reading is inside its declared range and its clock believable."""

    GOOD = "good"
    SUSPECT = "suspect"


URGENT = frozenset({Signal.FIRE, Signal.GAS, Signal.MANUAL_ALARM, Signal.DELAY})
"""Signals that put a reading in the fire lane."""

"""What the two models of the town's water have in common: units, and the sum of all flows. Computes nothing."""

import msgspec

KPA_PER_METRE = 9.80665
RATED_HEAD = 100.0 / KPA_PER_METRE
"""Metres: flows are given at 100 kPa left in the main, the head at which hydrants are rated."""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Water through the whole network at one moment, L/s."""

    supplied: float
    """Out of the works."""
    stored: float
    """Into the tanks; negative while they drain."""
    used: float
    """Drawn at nodes, open hydrants and bursts included."""

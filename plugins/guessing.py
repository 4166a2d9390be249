"""Guesses what an undocumented field is: its unit by its name, its type by its values. Says when it is only a guess."""

import re

import msgspec

from standpipe.model.json_table import Scalar

_SURE: tuple[tuple[str, str, float], ...] = (
    (r"(^|_)(degc|celsius|deg_c)$", "Cel", 1.0),
    (r"_(pct|percent|percentage)$", "%", 1.0),
    (r"(_mv|_millivolts?)$", "V", 0.001),
    (r"(_volts?|_v)$", "V", 1.0),
    (r"_kpa$", "kPa", 1.0),
    (r"_(hpa|mbar)$", "kPa", 0.1),
    (r"_mpa$", "kPa", 1000.0),
    (r"_bar$", "kPa", 100.0),
    (r"_psi$", "kPa", 6.894757),
    (r"_(ma|milliamps?)$", "mA", 1.0),
    (r"_mm$", "m", 0.001),
    (r"_cm$", "m", 0.01),
    (r"_(m3|cubic_metres?|cubic_meters?)$", "m3", 1.0),
    (r"_(ppm)$", "[ppm]", 1.0),
    (r"_dbm$", "dBm", 1.0),
    (r"_(degrees|deg)$", "deg", 1.0),
    (r"_(seconds|secs?)$", "s", 1.0),
)
"""Names that say their unit: pattern, our unit, factor into it."""
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"temp", "Cel"),
    (r"humid|battery_level|battery$|soc", "%"),
    (r"volt|vbat|batv", "V"),
    (r"press", "kPa"),
    (r"rssi|rsrp", "dBm"),
    (r"snr", "dB"),
    (r"level|distance|depth|height", "m"),
    (r"current", "mA"),
    (r"flow", "L/s"),
    (r"volume", "m3"),
    (r"co2?$|ppm|tvoc", "[ppm]"),
    (r"angle|tilt|pitch|roll", "deg"),
    (r"speed", "m/s"),
    (r"duration|interval|uptime", "s"),
)
"""Names that make one think of a quantity and leave the unit open."""


class Guess(msgspec.Struct, frozen=True):
    """What a field is taken to be."""

    unit: str
    factor: float
    assumed: bool


def snake(name: str) -> str:
    """Return any name as snake_case; one that begins with a digit gets a letter before it."""
    name = re.sub(r"_?(kPa|MPa|hPa|mV|mA|dBm|degC)(?![a-z])", lambda unit: f"_{unit[1].lower()}", name)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    made = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", words.lower())).strip("_") or "x"
    return made if made[0].isalpha() else f"x{made}"


def guess(name: str, values: list[Scalar]) -> Guess:
    """Return what the values of a snake_case name are. Words and yes-or-no have no unit, so they are sure."""
    if any(isinstance(value, str) for value in values):
        return Guess("text", 1.0, assumed=False)
    if all(isinstance(value, bool) for value in values):
        return Guess("bool", 1.0, assumed=False)
    for pattern, unit, factor in _SURE:
        if re.search(pattern, name):
            return Guess(unit, factor, assumed=False)
    for pattern, likely in _LIKELY:
        if re.search(pattern, name):
            return Guess(likely, 1.0, assumed=True)
    return Guess("1", 1.0, assumed=True)

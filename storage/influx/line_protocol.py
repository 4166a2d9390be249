"""Readings to InfluxDB line protocol bytes, fast. Never sends them anywhere and never looks at a clock."""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from standpipe.model.device_type import DeviceType
from standpipe.model.reading import Reading, Value
from standpipe.model.signal import Quality, Signal

PRECISION = "ms"
"""Unit of the timestamps that `LineEncoder` writes."""

_INT64 = 1 << 63
_CONTROL = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": " ", "\r": " "})
_MEASUREMENT = re.compile(r"(\\*)([, ]|$)")
_KEY = re.compile(r"(\\*)([,= ]|$)")
_ALL_SIGNALS = tuple(Signal)


def signals_by_kind(types: Iterable[DeviceType]) -> dict[str, tuple[Signal, ...]]:
    """Return, for each measurement, the signals that some device type of that kind declares."""
    kinds: dict[str, set[Signal]] = {}
    for type_ in types:
        for kind in (type_.kind, type_.component_kind):
            kinds.setdefault(kind, set()).update(type_.signals)
    return {kind: tuple(signal for signal in Signal if signal in found) for kind, found in kinds.items()}


class LineEncoder:
    """Encodes readings; remembers the escaped prefix of each series, which is most of a line.

    One point per reading: measurement = kind; tags device, district, site, zone without the empty ones; the reading's
    fields; `signal_<name>` booleans where the reading reports signals; `suspect` when its quality is so.
    """

    def __init__(self, signals: Mapping[str, Collection[Signal]] | None = None, *, max_series: int = 200_000) -> None:
        """Take the signals declared by kind (`signals_by_kind`); an unknown kind reports the whole vocabulary."""
        self._signals = dict(signals or {})
        self._max_series = max_series
        self._series: dict[tuple[str, str, str, str, str], str] = {}
        self._names: dict[str, str] = {}

    def declare(self, signals: Mapping[str, Collection[Signal]]) -> None:
        """Take other signals from the next reading on, while another thread may be encoding."""
        self._signals = dict(signals)

    def encode(self, readings: Sequence[Reading]) -> bytes:
        """Return one line per reading, newline after each and never inside (a space stands for it), times in ms.

        NaN, infinities and integers beyond 64 bits have no form in line protocol and are left out; a reading with
        nothing left yields no line.
        """
        return "".join(map(self._line, readings)).encode("utf-8", "replace")

    def _line(self, reading: Reading) -> str:
        key = (reading.kind, reading.device, reading.district, reading.site, reading.zone)
        prefix = self._series.get(key)
        if prefix is None:
            if len(self._series) >= self._max_series:
                self._series.clear()
            prefix = self._series[key] = _series_prefix(reading)
        fields = [
            self._name(name) + text
            for name, value in reading.fields.items()
            if (text := _field_value(value)) is not None
        ]
        if reading.reports_signals or reading.signals:
            fields.extend(self._signal_fields(reading))
        if fields and reading.quality is Quality.SUSPECT:
            fields.append("suspect=true")
        return f"{prefix}{','.join(fields)} {reading.observed_at}\n" if fields else ""

    def _name(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = _escape_key(name) + "="
        return found

    def _signal_fields(self, reading: Reading) -> Iterable[str]:
        """Yield each signal that is on, and each declared one that is known to be off."""
        declared = self._signals.get(reading.kind, _ALL_SIGNALS) if reading.reports_signals else ()
        for signal in _ALL_SIGNALS:
            if signal in reading.signals:
                yield f"signal_{signal}=true"
            elif signal in declared:
                yield f"signal_{signal}=false"


def _series_prefix(reading: Reading) -> str:
    """Return `measurement,tag=value… ` with tags in the order in which InfluxDB keeps them."""
    tags = (
        ("device", reading.device),
        ("district", reading.district),
        ("site", reading.site),
        ("zone", reading.zone),
    )
    measurement = _escape(_MEASUREMENT, reading.kind)
    return measurement + "".join(f",{name}={_escape_key(value)}" for name, value in tags if value) + " "


def _escape_key(text: str) -> str:
    """Escape a tag value or a field name."""
    return _escape(_KEY, text)


def _escape(special: re.Pattern[str], text: str) -> str:
    """Put a backslash before each special character; backslashes already there are doubled so that none can eat it."""
    return special.sub(lambda found: found[1] * 2 + ("\\" + found[2] if found[2] else ""), text.translate(_CONTROL))


def _field_value(value: Value) -> str | None:
    """Return a field's value in line protocol, None where it has no form there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return f"{value}i" if -_INT64 <= value < _INT64 else None
    return '"' + value.translate(_QUOTED) + '"'

"""Turns what a codec saw into values that may be stored: place allowed for, types as declared, ranges judged. Pure."""

import math
from typing import Literal, TypeAlias

import msgspec

from standpipe.model.device_type import DeviceType, Metric
from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Value
from standpipe.model.signal import Quality

TEXT_LIMIT = 256
"""Longest text kept in a field, in characters. A device is not trusted with more."""
_TOO_LARGE = 1 << 63
"""What a 64-bit integer field cannot hold; no float of ours comes near it either."""

_LARGEST = float(1 << 62)
_Usual: TypeAlias = dict[str, tuple[type, float, float]]
_seen: dict[int, tuple[DeviceType, _Usual]] = {}
"""By identity of the device type, which is kept beside it so that the identity stays its own."""

Checked: TypeAlias = tuple[dict[str, Value], Quality, list[str]]
"""Fields ready to store, their quality, and what was wrong in words (`pressure 2600 kPa is over 2500`)."""


def check(observation: Observation, device_type: DeviceType) -> Checked:
    """Return the observation's fields with each value of its metric's type.

    A value outside its range is kept and makes the reading suspect; one that is no value (not a number, infinite) is
    left out and makes it suspect, so that the signals beside it are never lost. Raises DecodeError for a field that
    the manifest does not declare or a value of another kind: that is a mistake of the codec.
    """
    fields: dict[str, Value] = {}
    faults: list[str] = []
    usual = _usual(device_type)
    for name, raw in observation.fields.items():
        expected = usual.get(name)
        if expected is not None and type(raw) is expected[0] and expected[1] <= raw <= expected[2]:  # type: ignore[operator]
            fields[name] = raw
            continue
        metric = device_type.metrics.get(name)
        if metric is None:
            known = ", ".join(device_type.metrics)
            raise DecodeError(f"{device_type.id}: field {name!r} is not declared; declared: {known}")
        value = _coerce(name, raw, metric, faults)
        if value is not None:
            fields[name] = value
            _judge(name, value, metric, faults)
    return fields, Quality.SUSPECT if faults else Quality.GOOD, faults


def _usual(device_type: DeviceType) -> _Usual:
    """Return, for each number or yes-or-no metric, the type and range of values that need no second look."""
    known = _seen.get(id(device_type))
    if known is None or known[0] is not device_type:
        usual: _Usual = {}
        for name, metric in device_type.metrics.items():
            wanted = metric.field_type
            if wanted is not str:
                low = -_LARGEST if metric.low is None else metric.low
                high = _LARGEST if metric.high is None else metric.high
                usual[name] = (wanted, low, high)
        known = _seen[id(device_type)] = (device_type, usual)
    return known[1]


def _coerce(name: str, raw: Value, metric: Metric, faults: list[str]) -> Value | None:
    """Return the value as its declared type, or None (and a fault) where it is none."""
    wanted = metric.field_type
    number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if isinstance(raw, float) and not math.isfinite(raw):
        faults.append(f"{name} is {raw}, not a number")
        return None
    if number and wanted in (int, float) and abs(raw) >= _TOO_LARGE:  # type: ignore[arg-type]
        faults.append(f"{name} is too large to be stored")
        return None
    fits = {
        float: number,
        int: number and raw == int(raw),
        bool: isinstance(raw, bool) or raw in (0, 1),
        str: isinstance(raw, str),
    }
    if not fits[wanted]:
        raise DecodeError(f"{name} is {raw!r}, expected {wanted.__name__} ({metric.unit})")
    return raw[:TEXT_LIMIT] if isinstance(raw, str) else wanted(raw)


def _judge(name: str, value: Value, metric: Metric, faults: list[str]) -> None:
    """Add a fault for a value outside the metric's range or list."""
    if isinstance(value, str):
        if metric.values and value not in metric.values:
            faults.append(f"{name} is {value!r}, expected one of {', '.join(metric.values)}")
        return
    if metric.low is not None and value < metric.low:
        faults.append(f"{name} {value:g} {metric.unit} is under {metric.low:g}")
    if metric.high is not None and value > metric.high:
        faults.append(f"{name} {value:g} {metric.unit} is over {metric.high:g}")


class SiteFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the place does to a pressure: how high it lies, what the sensor measures against, where it is screwed in."""

    altitude: float = 0.0
    """Metres above sea level."""
    reference: Literal["gauge", "absolute", "sealed"] = "gauge"
    """`absolute`: sends pressure above vacuum. `sealed`: above the air of sea level, whatever the air is here."""
    mounting: Literal["main", "barrel"] = "main"
    """A sensor on the barrel side of a dry hydrant reads nothing while it is closed: that is no low pressure."""


SEA_LEVEL = 101.325
"""Air pressure of the standard atmosphere at sea level, kPa."""


def air_pressure(altitude: float) -> float:
    """Return the standard atmosphere's pressure in kPa at an altitude in metres (ISO 2533, below 11 km)."""
    return float(SEA_LEVEL * (1 - 2.25577e-5 * min(altitude, 11_000.0)) ** 5.25588)


def at_site(observation: Observation, device_type: DeviceType, site: SiteFacts) -> Observation:
    """Return the observation with its pressures as gauge pressures of the place, rounded to 0.01 kPa.

    Of a sensor on the barrel side, `pressure` becomes `barrel_pressure` where the device type has such a metric: no
    rule about the main looks at it. Differential pressures stay as they are.
    """
    if site.reference == "gauge" and site.mounting == "main":
        return observation
    offset = {"gauge": 0.0, "absolute": 0.0, "sealed": SEA_LEVEL}[site.reference]
    offset -= 0.0 if site.reference == "gauge" else air_pressure(site.altitude)
    rename = {"pressure": "barrel_pressure"} if site.mounting == "barrel" else {}
    fields: dict[str, Value] = {}
    for name, value in observation.fields.items():
        metric = device_type.metrics.get(name)
        gauge = metric is not None and metric.unit == "kPa" and metric.reference == "gauge"
        moved = rename.get(name, name)
        corrected = round(value + offset, 2) if gauge and isinstance(value, float) else value
        fields[moved if moved in device_type.metrics else name] = corrected
    return msgspec.structs.replace(observation, fields=fields)

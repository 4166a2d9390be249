"""Makes a codec out of the `[json]` table of a manifest: for devices that need no code of their own. Pure."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from plugins.purity import Decode
from standpipe.model.device_type import DeviceType, Metric
from standpipe.model.errors import DecodeError
from standpipe.model.json_table import FieldSpec, JsonTable, SignalSpec
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.signal import Signal
from standpipe.model.wire_time import epoch_ms

YES_NO = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
"""How devices say yes and no; 1 and 0 are equal to True and False."""
_ABSENT: Any = object()


def table_codec(device_type: DeviceType, table: JsonTable) -> Decode:
    """Return the codec of a device type that has a `[json]` table."""
    reader = TableReader(device_type, table)

    def decode(uplink: Uplink) -> list[Observation]:
        try:
            message = msgspec.json.decode(uplink.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise DecodeError(str(err)) from None
        return reader.read(message, utc_offset=uplink.utc_offset)

    return decode


class TableReader:
    """Reads objects by one table."""

    def __init__(self, device_type: DeviceType, table: JsonTable) -> None:
        """Take the device type, for the types of its metrics, and the table."""
        self._table = table
        self._fields = [(name, table.field(name), device_type.metrics[name]) for name in table.fields]
        self._signals = [(Signal(name), table.signal(name)) for name in table.signals]
        keys = [spec.key for _, spec, _ in self._fields] + [spec.key for _, spec in self._signals]
        self._nothing = f"holds none of {', '.join(dict.fromkeys(keys))}"

    def read(self, message: Any, *, utc_offset: int) -> list[Observation]:
        """Return the object's observation, and one for each element of its list. Raises DecodeError naming the key."""
        if not isinstance(message, Mapping):
            raise DecodeError(f"expected an object, got {type(message).__name__}")
        elements: list[Any] = [message]
        if self._table.list:
            inner = _find(message, self._table.list)
            if inner is not _ABSENT:
                if not isinstance(inner, list) or not all(isinstance(one, Mapping) for one in inner):
                    raise DecodeError(f"{self._table.list} is no list of objects")
                elements.extend(inner)
        found = [self._observe(one, utc_offset) for one in elements]
        seen = [one for one in found if one.fields or one.signals or one.reports_signals]
        if not seen:
            raise DecodeError(self._nothing)
        return seen

    def _observe(self, message: Mapping[str, Any], utc_offset: int) -> Observation:
        fields: dict[str, Value] = {}
        for name, spec, metric in self._fields:
            raw = _find(message, spec.key)
            if raw is not _ABSENT and raw is not None and raw not in spec.missing:
                fields[name] = _value(raw, spec, metric)
        states = [(signal, _is_on(_find(message, spec.key), spec)) for signal, spec in self._signals]
        at = _find(message, self._table.time)
        if at is not _ABSENT and not isinstance(at, (str, int, float, type(None))):
            raise DecodeError(f"{self._table.time} is {_shown(at)}, expected a time")
        return Observation(
            fields=fields,
            signals=frozenset(signal for signal, on in states if on),
            reports_signals=bool(states) and all(on is not None for _, on in states),
            observed_at=epoch_ms(None if at is _ABSENT else at, utc_offset=utc_offset, field=self._table.time),
        )


def _find(message: Any, path: str) -> Any:
    """Return what stands at a dotted path, or _ABSENT."""
    for part in path.split("."):
        if isinstance(message, Mapping) and part in message:
            message = message[part]
        elif isinstance(message, list) and part.isdecimal() and int(part) < len(message):
            message = message[int(part)]
        else:
            return _ABSENT
    return message


def _shown(raw: Any) -> str:
    return repr(raw)[:60]


def _value(raw: Any, spec: FieldSpec, metric: Metric) -> Value:
    """Return one value in the metric's unit. Raises DecodeError naming the key and what was expected."""
    if spec.names:
        named = spec.names.get(str(raw).lower() if isinstance(raw, bool) else str(raw), _ABSENT)
        if named is _ABSENT:
            raise DecodeError(f"{spec.key} is {_shown(raw)}, expected one of {', '.join(spec.names)}")
        raw = named
    wanted = metric.field_type
    if wanted is bool:
        if isinstance(raw, (bool, int, str)) and raw in YES_NO:
            return YES_NO[raw]
        raise DecodeError(f"{spec.key} is {_shown(raw)}, expected yes or no")
    if wanted is str:
        if isinstance(raw, (str, int, float)):
            return str(raw)
        raise DecodeError(f"{spec.key} is {_shown(raw)}, expected words")
    return _number(raw, spec)


def _number(raw: Any, spec: FieldSpec) -> float:
    """Return a number, also one written as text, turned into the metric's unit and rounded to a millionth."""
    try:
        number = float(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DecodeError(f"{spec.key} is {_shown(raw)}, expected a number")
    return round(number * spec.factor + spec.offset, 6)


def _is_on(raw: Any, spec: SignalSpec) -> bool | None:
    """Return whether a signal is on, or None where the message does not say. Raises DecodeError for nonsense."""
    if raw is _ABSENT or raw is None:
        return None
    if spec.on:
        return raw in spec.on or str(raw) in map(str, spec.on)
    if isinstance(raw, (bool, int, str)) and raw in YES_NO:
        return YES_NO[raw]
    raise DecodeError(f"{spec.key} is {_shown(raw)}, expected yes or no")

"""Independent smoke detectors that send one JSON object; a message that has `alarm` states all their signals."""

import msgspec

from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.signal import Signal
from standpipe.model.wire_time import epoch_ms


class Message(msgspec.Struct, frozen=True):
    """The object. A message with `alarm` states all signals; one without it leaves them as they were."""

    ts: int | float | str | None = None
    alarm: bool | None = None
    fault: bool = False
    test: bool = False
    smoke: float | None = None
    temperature: float | None = None
    battery: float | None = None
    rsrp: float | None = None
    tamper: bool | None = None
    muted: bool | None = None


def decode(uplink: Uplink) -> list[Observation]:
    """Return one observation. A detector taken off its base is a fault as well as a field."""
    try:
        message = msgspec.json.decode(uplink.payload, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(str(err)) from None
    states = {
        Signal.FIRE: bool(message.alarm),
        Signal.FAULT: message.fault or bool(message.tamper),
        Signal.TEST: message.test,
    }
    signals = frozenset(signal for signal, on in states.items() if on)
    values: dict[str, Value | None] = {
        name: getattr(message, name) for name in ("smoke", "temperature", "battery", "rsrp", "tamper", "muted")
    }
    fields = {name: value for name, value in values.items() if value is not None}
    if not fields and not signals and message.alarm is None:
        raise DecodeError("holds none of alarm, fault, test, smoke, temperature, battery, rsrp, tamper, muted")
    return [
        Observation(
            fields=fields,
            signals=signals,
            reports_signals=message.alarm is not None,
            observed_at=epoch_ms(message.ts, utc_offset=uplink.utc_offset),
        )
    ]

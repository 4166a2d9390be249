"""Smoke detectors behind the CTWing platform: its push message, with the object model that such detectors use.

The platform answers for the envelope; what a state code means is the maker's choice. Here 1 is an alarm.
"""

import msgspec

from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.signal import Signal
from standpipe.model.wire_time import epoch_ms

ALARM = 1


class Service(msgspec.Struct, frozen=True):
    """The detector's own data. RSRP comes with or without its sign."""

    rsrp: float | None = msgspec.field(default=None, name="RSRP")
    snr: float | None = msgspec.field(default=None, name="SNR")
    battery: float | None = msgspec.field(default=None, name="Battery_Level")
    state: int | None = msgspec.field(default=None, name="Alarm_Status")
    smoke_state: int | None = None


class Payload(Service, frozen=True):
    """The payload of an object-model product."""

    service: Service | None = msgspec.field(default=None, name="serviceData")


class Envelope(Service, frozen=True):
    """What is pushed: the data in `payload`, in `payload.serviceData`, or in `serviceData`."""

    timestamp: int | None = None
    message: str = msgspec.field(default="", name="messageType")
    service: Service | None = msgspec.field(default=None, name="serviceData")
    payload: Payload | None = None


def decode(uplink: Uplink) -> list[Observation]:
    """Return one observation; a notice that a device went on line or off is none."""
    try:
        envelope = msgspec.json.decode(uplink.payload, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(str(err)) from None
    if envelope.message == "deviceOnlineOfflineReport":
        return []
    inner = envelope.payload
    service = envelope.service or (inner and (inner.service or inner)) or envelope
    code = service.state if service.state is not None else service.smoke_state
    values: dict[str, Value | None] = {
        "rsrp": None if service.rsrp is None else -abs(service.rsrp),
        "snr": service.snr,
        "battery": service.battery,
        "state_code": code,
    }
    fields = {name: value for name, value in values.items() if value is not None}
    if not fields:
        raise DecodeError("holds none of RSRP, SNR, Battery_Level, Alarm_Status, smoke_state")
    return [
        Observation(
            fields=fields,
            signals=frozenset({Signal.FIRE} if code == ALARM else ()),
            reports_signals=code is not None,
            observed_at=epoch_ms(envelope.timestamp, utc_offset=uplink.utc_offset, field="timestamp"),
        )
    ]

"""Hydrant pressure sensors that send one JSON object: what the object may hold, and nothing about how it came."""

import msgspec

from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.wire_time import epoch_ms


class Sample(msgspec.Struct, frozen=True):
    """One measurement. Every key may be missing; keys that are not named here are ignored."""

    ts: int | float | str | None = None
    pressure_mpa: float | None = None
    pressure_kpa: float | None = None
    battery: float | None = None
    cap_open: bool | None = None
    rsrp: float | None = None


class Message(Sample, frozen=True):
    """The object itself: a measurement, or a batch of them in `samples`, each with its own `ts`."""

    samples: list[Sample] = []


def decode(uplink: Uplink) -> list[Observation]:
    """Return one observation per measurement."""
    try:
        message = msgspec.json.decode(uplink.payload, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(str(err)) from None
    found = [_observe(sample, uplink) for sample in (message, *message.samples)]
    seen = [observation for observation in found if observation.fields]
    if not seen:
        raise DecodeError("holds none of pressure_mpa, pressure_kpa, battery, cap_open, rsrp")
    return seen


def _observe(sample: Sample, uplink: Uplink) -> Observation:
    pressure = sample.pressure_kpa
    if sample.pressure_mpa is not None:
        pressure = round(sample.pressure_mpa * 1000, 3)
    values: dict[str, Value | None] = {
        "pressure": pressure,
        "battery": sample.battery,
        "cap_open": sample.cap_open,
        "rsrp": sample.rsrp,
    }
    fields = {name: value for name, value in values.items() if value is not None}
    return Observation(fields=fields, observed_at=epoch_ms(sample.ts, utc_offset=uplink.utc_offset))

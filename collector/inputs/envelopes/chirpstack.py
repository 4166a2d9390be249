"""ChirpStack v4 uplink events (topic `application/+/device/+/event/up`). A field of value zero is left out there."""

from typing import Any

import msgspec

from collector.arrival import Arrival, Repeats
from collector.inputs.envelopes.fields import deveui, from_base64, iso_time
from standpipe.model.errors import DecodeError

SUBSCRIPTION = "application/+/device/+/event/up"


class _DeviceInfo(msgspec.Struct, rename="camel"):
    dev_eui: str


class _Up(msgspec.Struct, rename="camel"):
    device_info: _DeviceInfo
    deduplication_id: str = ""
    time: str | None = None
    f_port: int = 0
    f_cnt: int = 0
    data: str = ""
    object: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Up)


def opened(body: bytes, *, source: str, received_at: int) -> list[Arrival]:
    """Return the uplink of one event. Raises DecodeError naming what is missing."""
    try:
        up = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(f"ChirpStack event: {err}") from None
    return [
        Arrival(
            source=source,
            address=deveui(up.device_info.dev_eui, "deviceInfo.devEui"),
            payload=from_base64(up.data, "data"),
            decoded=msgspec.json.encode(up.object) if up.object else b"",
            port=up.f_port,
            stamp=iso_time(up.time),
            received_at=received_at,
            identity=f"{up.deduplication_id}\0{up.f_cnt}".encode(),
            repeats=Repeats.NUMBERED if up.deduplication_id else Repeats.NEVER,
        )
    ]

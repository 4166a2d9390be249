"""The Things Stack v3 uplinks (topic `v3/+/devices/+/up`). Simulated ones say nothing about the world: none is kept."""

from typing import Any

import msgspec

from collector.arrival import Arrival, Repeats
from collector.inputs.envelopes.fields import deveui, from_base64, iso_time
from standpipe.model.errors import DecodeError

SUBSCRIPTION = "v3/+/devices/+/up"


class _Ids(msgspec.Struct):
    dev_eui: str


class _Message(msgspec.Struct):
    session_key_id: str = ""
    f_cnt: int = 0
    f_port: int = 0
    frm_payload: str = ""
    decoded_payload: dict[str, Any] | None = None
    received_at: str | None = None


class _Up(msgspec.Struct):
    end_device_ids: _Ids
    uplink_message: _Message
    received_at: str | None = None
    simulated: bool = False


_decoder = msgspec.json.Decoder(_Up)


def opened(body: bytes, *, source: str, received_at: int) -> list[Arrival]:
    """Return the uplink of one message, none for a simulated one. Raises DecodeError naming what is missing."""
    try:
        up = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(f"Things Stack message: {err}") from None
    if up.simulated:
        return []
    message = up.uplink_message
    return [
        Arrival(
            source=source,
            address=deveui(up.end_device_ids.dev_eui, "end_device_ids.dev_eui"),
            payload=from_base64(message.frm_payload, "uplink_message.frm_payload"),
            decoded=msgspec.json.encode(message.decoded_payload) if message.decoded_payload else b"",
            port=message.f_port,
            stamp=iso_time(message.received_at or up.received_at),
            received_at=received_at,
            identity=f"{message.session_key_id}\0{message.f_cnt}".encode(),
            repeats=Repeats.NUMBERED if message.session_key_id else Repeats.NEVER,
        )
    ]

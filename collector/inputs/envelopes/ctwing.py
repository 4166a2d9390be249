"""CTWing (AEP, China Telecom) data pushes. Events without data, like online and offline, are no uplinks."""

from typing import Any

import msgspec

from collector.arrival import Arrival, Repeats
from collector.inputs.envelopes.fields import from_base64, imei_or
from standpipe.model.errors import DecodeError


class _Push(msgspec.Struct):
    messageType: str = ""  # noqa: N815 - the platform's name
    deviceId: str = ""  # noqa: N815 - as above
    IMEI: str = ""
    timestamp: int | None = None
    upPacketSN: int | str = ""  # noqa: N815 - as above
    upDataSN: int | str = ""  # noqa: N815 - as above
    payload: dict[str, Any] | None = None
    serviceData: dict[str, Any] | None = None  # noqa: N815 - as above


_decoder = msgspec.json.Decoder(_Push)


def opened(body: bytes, *, source: str, received_at: int) -> list[Arrival]:
    """Return the uplink of one push, none for a push without data. Raises DecodeError naming what is wrong."""
    try:
        push = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(f"CTWing push: {err}") from None
    data = push.payload or push.serviceData
    if not data or not (push.messageType.startswith("dataReport") or push.messageType == "event"):
        return []
    transparent = data.get("APPdata")
    values = data.get("serviceData", data)
    payload = from_base64(transparent, "payload.APPdata") if isinstance(transparent, str) else b""
    return [
        Arrival(
            source=source,
            address=imei_or(push.IMEI, "ctwing", "IMEI") if push.IMEI else imei_or(push.deviceId, "ctwing", "deviceId"),
            payload=payload or msgspec.json.encode(values),
            stamp=push.timestamp,
            received_at=received_at,
            identity=f"{push.upPacketSN}\0{push.upDataSN}\0{push.timestamp}".encode() + msgspec.json.encode(data),
            repeats=Repeats.NUMBERED if push.timestamp is not None else Repeats.NEVER,
        )
    ]

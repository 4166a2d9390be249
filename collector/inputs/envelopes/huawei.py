"""Huawei IoTDA property reports: one push, many services, each with its own time."""

from datetime import UTC, datetime

import msgspec

from collector.arrival import Arrival, Repeats
from collector.inputs.envelopes.fields import imei_or
from standpipe.model.errors import DecodeError


class _Header(msgspec.Struct):
    node_id: str = ""
    device_id: str = ""


class _Service(msgspec.Struct):
    service_id: str = ""
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    event_time: str | None = None


class _Body(msgspec.Struct):
    services: list[_Service] = []


class _Data(msgspec.Struct):
    header: _Header
    body: _Body = msgspec.field(default_factory=_Body)


class _Push(msgspec.Struct):
    resource: str
    event: str
    notify_data: _Data
    event_time: str | None = None
    request_id: str = ""


_decoder = msgspec.json.Decoder(_Push)


def opened(body: bytes, *, source: str, received_at: int) -> list[Arrival]:
    """Return one uplink for each service, none for another kind of event. Raises DecodeError naming what is wrong."""
    try:
        push = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(f"IoTDA push: {err}") from None
    if (push.resource, push.event) != ("device.property", "report"):
        return []
    header = push.notify_data.header
    address = imei_or(header.node_id or header.device_id, "huawei", "notify_data.header.node_id")
    found = []
    for service in push.notify_data.body.services:
        said_at = service.event_time or push.event_time
        properties = bytes(service.properties)
        found.append(
            Arrival(
                source=source,
                address=address,
                payload=properties,
                stamp=basic_time(said_at) if said_at else None,
                received_at=received_at,
                identity=f"{service.service_id}\0{said_at}\0".encode() + properties,
                repeats=Repeats.NUMBERED if said_at else Repeats.NEVER,
            )
        )
    return found


def basic_time(text: str) -> int:
    """Return epoch ms of `yyyyMMdd'T'HHmmss'Z'`. Raises DecodeError for anything else."""
    try:
        return int(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise DecodeError(f"event_time: expected yyyyMMddTHHmmssZ, got {text[:40]!r}") from None

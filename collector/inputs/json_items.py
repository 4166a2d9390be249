"""Takes a JSON body apart into one payload per device, without reading what a payload says."""

from typing import TypeAlias

import msgspec

from standpipe.model.errors import DecodeError

Item: TypeAlias = tuple[str, bytes]
"""(device id, the bytes of its JSON object)."""
ID_LIMIT = 128
"""Longest device id, in characters."""


class _Named(msgspec.Struct):
    device: str


_objects = msgspec.json.Decoder(list[msgspec.Raw])
_named = msgspec.json.Decoder(_Named)


def split(body: bytes) -> list[bytes]:
    """Return the bytes of each object of a list, or of the one object. Raises DecodeError when it is not JSON."""
    try:
        if body.lstrip()[:1] == b"[":
            return [bytes(raw) for raw in _objects.decode(body)]
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise DecodeError(f"body: {err}") from None
    return [body]


def device_of(payload: bytes) -> str:
    """Return the `device` of one JSON object. Raises DecodeError naming the field."""
    try:
        device = _named.decode(payload).device
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(f"device: {err}") from None
    return checked_id(device)


def checked_id(device: str) -> str:
    """Return a device id that can stand in an address. Raises DecodeError naming the field."""
    if not device or len(device) > ID_LIMIT or not device.isprintable() or " " in device:
        raise DecodeError(f"device: expected 1 to {ID_LIMIT} printable characters without blanks")
    return device

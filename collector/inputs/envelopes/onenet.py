"""OneNET (China Mobile) pushes, old and new platform, and the signature over them. Encrypted pushes are refused."""

import base64
import hashlib
import hmac
import re
from typing import Any

import msgspec

from collector.arrival import Arrival, Repeats
from collector.inputs.envelopes.fields import imei_or
from standpipe.model.errors import DecodeError

_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){2,}")
DATA_POINT = 1
"""Value of `type` for a data point; 2 is coming online or going."""


class _Push(msgspec.Struct):
    msg: msgspec.Raw
    nonce: str = ""
    msg_signature: str = ""
    signature: str = ""


class _Point(msgspec.Struct):
    type: int = DATA_POINT
    imei: str = ""
    dev_id: int | str = ""
    ds_id: str = ""
    at: int | None = None
    value: Any = None


_push = msgspec.json.Decoder(_Push)
_points = msgspec.json.Decoder(list[_Point] | _Point)


def signature(token: str, nonce: str, msg: str) -> str:
    """Return the signature that OneNET makes: base64 of the MD5 of token, nonce and message."""
    digest = hashlib.md5((token + nonce + msg).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def signed(token: str, *, nonce: str, msg: str, given: str) -> bool:
    """Return whether a signature is right. In a query string a plus sign has become a blank."""
    return hmac.compare_digest(signature(token, nonce, msg).encode(), given.replace(" ", "+").encode())


def opened(body: bytes, *, source: str, received_at: int, token: str = "") -> list[Arrival]:
    """Return the data points of one push. Raises DecodeError naming what is wrong, the signature among it."""
    try:
        push = _push.decode(body)
        text = bytes(push.msg).decode()
        if text.startswith('"'):
            text = msgspec.json.decode(push.msg, type=str)
        if token and not signed(token, nonce=push.nonce, msg=text, given=push.msg_signature or push.signature):
            raise DecodeError("signature: does not fit msg, nonce and our token")
        points = _points.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(f"OneNET push: {err}") from None
    return [
        _arrival(point, source, received_at)
        for point in (points if isinstance(points, list) else [points])
        if point.type == DATA_POINT
    ]


def _arrival(point: _Point, source: str, received_at: int) -> Arrival:
    device = str(point.dev_id)
    return Arrival(
        source=source,
        address=imei_or(point.imei, "onenet", "msg.imei") if point.imei else imei_or(device, "onenet", "msg.dev_id"),
        payload=_payload(point),
        stamp=point.at,
        received_at=received_at,
        identity=f"{device}\0{point.ds_id}\0{point.at}".encode(),
        repeats=Repeats.NUMBERED if point.at is not None else Repeats.NEVER,
    )


def _payload(point: _Point) -> bytes:
    """Return the device's own bytes where the value is hex, the object where it is one, else {stream: value}."""
    if isinstance(point.value, str) and _HEX.fullmatch(point.value):
        return bytes.fromhex(point.value)
    value = point.value if isinstance(point.value, dict) else {point.ds_id or "value": point.value}
    return msgspec.json.encode(value)

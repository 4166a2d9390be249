"""Talking to transmitters over HTTP: who is connected, duty check, requests. Never sends what nobody asked for.

`GET /transmitters`; `POST /transmitters/<device>/duty-check?minutes=5`; `POST /transmitters/<device>/clock`;
`POST /transmitters/<device>/request` with `{"type": 61, "objects": [{"system_type": 1, "system_address": 1}]}`.
"""

from typing import Any

import msgspec

from collector.inputs.gb26875_calls import CLOCK, CONTROLS, Calls
from collector.inputs.http import Answer, Request, Response
from standpipe.model.errors import DecodeError, Rejected, Retryable
from standpipe.model.gb26875 import adu as units
from standpipe.model.gb26875.encode import adu as encode_adu
from standpipe.model.gb26875.frame import Frame
from standpipe.model.gb26875.layouts import LAYOUTS
from standpipe.model.registry import Registry

LONGEST_CHECK = 10
"""Minutes. The sound stays on a transmitter for ten without an answer (GB 26875.1)."""
REQUESTS = frozenset(flag for flag in LAYOUTS if 61 <= flag <= 88) | {89}


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a request."""

    type: int
    objects: list[dict[str, Any]] = []


class Transmitters:
    """The route."""

    def __init__(self, calls: Calls, registry: Registry) -> None:
        """Take who can be called, and what they are called in the registry."""
        self._calls = calls
        self._registry = registry

    async def serve(self, request: Request) -> Response:
        """Answer; 404 for a device that is no transmitter, 502 when it denied, 504 when it did not answer."""
        if request.method == "GET":
            return self._listing()
        device, _, action = request.path.partition("/")
        entry = self._registry.devices.get(device)
        if entry is None or not entry.address.startswith("gb26875:"):
            raise Answer(404, {"error": f"no transmitter {device!r} in the registry"})
        try:
            match action:
                case "duty-check":
                    return await self._check_duty(entry.address, request.query.get("minutes", "5"))
                case "clock":
                    answer = await self._calls.call(entry.address, bytes([CLOCK, 1]) + bytes(6))
                case "request":
                    answer = await self._calls.call(entry.address, _adu(request.body))
                case _:
                    raise Answer(404, {"error": f"no action {action!r}", "known": ["clock", "duty-check", "request"]})
        except Retryable as err:
            raise Answer(504, {"error": str(err)}) from None
        except Rejected as err:
            raise Answer(502, {"error": str(err)}) from None
        return Response(msgspec.json.encode(_told(answer)))

    def _listing(self) -> Response:
        found = [
            {"address": address, "peer": link.wire.peer, "heard_at": link.heard_at}
            for address, link in self._calls.links.items()
        ]
        return Response(msgspec.json.encode(found))

    async def _check_duty(self, address: str, minutes: str) -> Response:
        if not minutes.isdigit() or not 1 <= int(minutes) <= LONGEST_CHECK:
            raise Answer(400, {"error": f"minutes: expected 1 to {LONGEST_CHECK}, got {minutes!r}"})
        at = await self._calls.check_duty(address, int(minutes))
        return Response(msgspec.json.encode({"answered": at is not None, "answered_at": at}))


def _adu(body: bytes) -> bytes:
    """Return the ADU that a JSON body describes. Answers 400 naming what is wrong."""
    try:
        wanted = msgspec.json.decode(body, type=_Body)
        if wanted.type not in REQUESTS or wanted.type in CONTROLS - {89}:
            raise Answer(400, {"error": f"type: expected one of {sorted(REQUESTS)}, got {wanted.type}"})
        kind = LAYOUTS[wanted.type].kind
        objects = msgspec.convert(wanted.objects or [{}], list[kind])  # type: ignore[valid-type]
        return encode_adu(wanted.type, objects)
    except (msgspec.DecodeError, ValueError) as err:
        raise Answer(400, {"error": str(err)}) from None


def _told(answer: Frame) -> dict[str, Any]:
    """Return an answer as JSON: its objects where the ADU can be read, its bytes in any case."""
    told: dict[str, Any] = {"command": answer.command, "adu": answer.adu.hex()}
    if answer.adu:
        try:
            unit = units.decode(answer.adu)
        except DecodeError as err:
            told["error"] = str(err)
        else:
            told |= {"type": unit.type_flag, "objects": [_readable(item) for item in unit.objects]}
    return told


def _readable(item: msgspec.Struct) -> dict[str, Any]:
    """Return an information object with its bytes as hex and its text as words."""
    found = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in msgspec.structs.asdict(item).items()
    }
    if text := getattr(item, "text", ""):
        found["text"] = text
    return found

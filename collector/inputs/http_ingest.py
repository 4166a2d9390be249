"""Generic JSON over HTTP: `POST /ingest/<device type>`, one object or a list. Never reads what an object says."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from collector.arrival import Arrival, Repeats
from collector.inputs.http import NAME, Answer, Request, Response, on_disk
from collector.inputs.json_items import device_of, split
from collector.intake import Duplicate, Intake
from collector.record import Outcome, Quarantined
from standpipe.model import clock
from standpipe.model.errors import DecodeError

TOGETHER = 25
"""Items taken in one go; between them others have a turn, a fire among them."""


class Ingest:
    """The route."""

    def __init__(self, intake: Intake) -> None:
        """Take where uplinks go; its device types are known, those of a reload too."""
        self._intake = intake

    async def serve(self, request: Request) -> Response:
        """Take a body: good items are kept whatever is wrong with the others."""
        now = clock.now()
        device_type = request.path
        types = self._intake.pipeline.directory.types
        if device_type not in types:
            raise Answer(404, {"error": f"no device type {device_type!r}", "known": sorted(types)})
        try:
            payloads = split(request.body)
        except DecodeError as err:
            raise Answer(400, {"error": str(err)}) from None
        key = request.headers.get("idempotency-key", "")
        arrivals: list[Arrival] = []
        places: list[int] = []
        rejected: list[dict[str, Any]] = []
        nameless: list[Quarantined] = []
        for index, payload in enumerate(payloads):
            try:
                address = f"device:{device_of(payload)}"
            except DecodeError as err:
                rejected.append({"item": index, "error": str(err)})
                nameless.append(nameless_item(device_type, str(err), payload, request.peer))
                continue
            arrival = Arrival(
                source=NAME,
                address=address,
                payload=payload,
                received_at=now,
                device_type=device_type,
                peer=request.peer,
                identity=f"{key}\0{index}".encode() if key else b"",
                repeats=Repeats.NUMBERED if key else Repeats.NEVER,
            )
            arrivals.append(arrival)
            places.append(index)
        if nameless:
            await on_disk(self._intake.quarantine(NAME, nameless))
        taken = []
        for start in range(0, len(arrivals), TOGETHER):
            taken.append(self._intake.take(NAME, arrivals[start : start + TOGETHER]))
            await asyncio.sleep(0)
        for part in taken:
            await on_disk(part.durable)
        return reply([outcome for part in taken for outcome in part.outcomes], places, rejected)


def reply(outcomes: Sequence[Outcome | Duplicate], places: Sequence[int], rejected: list[dict[str, Any]]) -> Response:
    """Return 202 when anything was accepted, else 400 with the first reason. `rejected` are items without a sender."""
    accepted = unknown = 0
    for index, outcome in zip(places, outcomes, strict=True):
        if isinstance(outcome, Quarantined) and outcome.cause != "unknown":
            rejected.append({"item": index, "error": outcome.reason})
            continue
        accepted += 1
        unknown += isinstance(outcome, Quarantined)
    rejected.sort(key=lambda item: int(item["item"]))
    if rejected and not accepted:
        return Response(msgspec.json.encode({"error": rejected[0]["error"], "rejected": rejected}), 400)
    said: dict[str, Any] = {"accepted": accepted}
    if unknown:
        said["unknown"] = unknown
    if rejected:
        said["rejected"] = rejected
    return Response(msgspec.json.encode(said), 202)


def nameless_item(device_type: str, reason: str, payload: bytes, peer: str) -> Quarantined:
    """Return the quarantine of an item that does not say whose it is."""
    return Quarantined(
        address=f"http:{peer or 'unknown'}",
        device_type=device_type,
        cause="decode",
        reason=reason,
        payload=payload,
        at=clock.now(),
    )

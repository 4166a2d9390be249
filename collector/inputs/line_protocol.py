"""InfluxDB's write API towards us: whatever writes to InfluxDB, Telegraf first, writes to us. Loses no good line.

A line whose measurement is a registered device's kind, and whose tag `device` is its id or address, becomes a reading:
it is checked and rules see it. Every other line is stored as it came, with its time in ms.
"""

import asyncio
import zlib

import msgspec

from collector.inputs import line_text
from collector.inputs.http import Answer, Request, Response, Route, on_disk
from collector.inputs.line_text import Line
from collector.intake import Intake
from collector.pipeline import Times, lane_of, resend_key
from collector.record import Kept, Quarantined, Record, encode
from standpipe.model import clock
from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Reading
from standpipe.model.signal import Lane, Signal

NAME = "lines"
EXPANSION = 16
"""A gzipped body may grow by this factor over the door's limit and no further."""
_SIGNALS = {f"signal_{signal}": signal for signal in Signal}
_OURS = frozenset({"suspect"})
"""Fields that our own writer adds."""
TOGETHER = 1_000
"""Lines read in one go; between them others have a turn, a fire among them."""
_SHOWN = 5
"""Bad lines told in an answer."""


class LineProtocol:
    """The routes `/write` and `/api/v2/write`."""

    def __init__(self, intake: Intake, *, max_body: int) -> None:
        """Take where lines go, and the door's limit in bytes."""
        self._intake = intake
        self._limit = max_body * EXPANSION
        self._devices: dict[tuple[bytes, bytes], str] = {}
        self._types = intake.pipeline.directory.types

    def routes(self) -> dict[str, Route]:
        """Return the routes by path, and what InfluxDB's clients ask before they write."""
        ping = Route(serve=self._ping, token="", methods=frozenset({"GET", "HEAD"}))
        write = Route(serve=self.serve)
        return {"/write": write, "/api/v2/write": write, "/ping": ping}

    async def serve(self, request: Request) -> Response:
        """Take lines; 204 when all are on disk, 400 naming the bad ones when the others are."""
        precision = request.query.get("precision", "")
        if precision not in line_text.DIVISORS:
            raise _invalid(f"precision {precision!r}; known: {', '.join(filter(None, line_text.DIVISORS))}")
        times, over = line_text.DIVISORS[precision]
        now = clock.now()
        raw: list[bytes] = []
        readings: list[Reading] = []
        bad: list[tuple[int, str, bytes]] = []
        good = 0
        for number, text, line in line_text.lines(self._body(request)):
            if number % TOGETHER == 0:
                await asyncio.sleep(0)
            if line is None:
                bad.append((number, "is no line protocol", text))
                continue
            stamp = now if line.stamp is None else line.stamp * times // over
            address = self._device(line)
            if not address:
                raw.append(b"%b%b %b %d\n" % (line.measurement, line.tags, line.fields, stamp))
                good += 1
                continue
            try:
                readings += self._readings(address, line, None if line.stamp is None else stamp, now)
                good += 1
            except (DecodeError, OverflowError) as err:
                bad.append((number, str(err), text))
        await on_disk(self._intake.keep(NAME, _records(raw, readings), _bad(bad, request.peer, now), good=good))
        if bad:
            told = "; ".join(f"line {number}: {reason}" for number, reason, _ in bad[:_SHOWN])
            raise _invalid(f"partial write: {len(bad)} of {good + len(bad)} lines refused: {told}")
        return Response(status=204)

    async def _ping(self, _: Request) -> Response:
        return Response(status=204)

    def _body(self, request: Request) -> bytes:
        """Return the body, unpacked no further than the limit."""
        if request.headers.get("content-encoding") != "gzip":
            return request.body
        unpack = zlib.decompressobj(wbits=31)
        try:
            body = unpack.decompress(request.body, self._limit)
        except zlib.error as err:
            raise _invalid(f"body: {err}") from None
        if unpack.unconsumed_tail:
            raise Answer(413, {"code": "request too large", "message": f"body unpacks to over {self._limit} bytes"})
        return body

    def _device(self, line: Line) -> str:
        """Return the wire address of the registered device that a line is about; remembered by series."""
        if self._types is not (types := self._intake.pipeline.directory.types):
            self._devices, self._types = {}, types  # after a reload a series may be another's
        key = (line.measurement, line.tags)
        found = self._devices.get(key)
        if found is None:
            if len(self._devices) > 100_000:
                self._devices.clear()
            found = self._devices[key] = self._find(line)
        return found

    def _find(self, line: Line) -> str:
        directory = self._intake.pipeline.directory
        name = line_text.tag(line, b"device")
        address = directory.address_of(name) if name else ""
        sender = directory.find(address) if address else None
        if sender is None:
            return ""
        kinds = (sender.loaded.type.kind, sender.loaded.type.component_kind)
        return address if line_text.text_of(line.measurement) == kinds[0] else ""

    def _readings(self, address: str, line: Line, stamp: int | None, now: int) -> list[Reading]:
        """Return the reading of a registered device's line. Raises DecodeError naming the field."""
        sender = self._intake.pipeline.directory.find(address)
        assert sender is not None
        fields = line_text.values(line)
        signals = {name: bool(fields.pop(name)) for name in _SIGNALS if name in fields}
        seen = Observation(
            fields={name: value for name, value in fields.items() if name not in _OURS},
            signals=frozenset(_SIGNALS[name] for name, on in signals.items() if on),
            reports_signals=bool(signals),
            observed_at=stamp,
        )
        key = resend_key(address, line.fields)
        return self._intake.pipeline.stamp([seen], sender, Times(received_at=now), source=NAME, key=key)


def _records(raw: list[bytes], readings: list[Reading]) -> list[Kept]:
    """Return at most three records: lines as they came, normal readings, urgent readings."""
    found = []
    if raw:
        record = Record(NAME, "", b"", b"", [], b"".join(raw))
        found.append(Kept(Lane.NORMAL, record, encode(record)))
    for lane in Lane:
        if some := [reading for reading in readings if lane_of([reading]) is lane]:
            record = Record(NAME, "", b"", b"", some)
            found.append(Kept(lane, record, encode(record)))
    return found


def _bad(bad: list[tuple[int, str, bytes]], peer: str, now: int) -> list[Quarantined]:
    return [
        Quarantined(
            address=f"{NAME}:{peer or 'unknown'}",
            device_type="",
            cause="decode",
            reason=reason[:300],
            payload=text,
            at=now,
        )
        for _, reason, text in bad
    ]


def _invalid(message: str) -> Answer:
    """Return a refusal as InfluxDB's clients read it: 2.x under `message`, 1.x under `error`."""
    return Answer(400, msgspec.to_builtins({"code": "invalid", "message": message, "error": message}))

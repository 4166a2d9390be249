"""Dead letters over HTTP: `GET /dead-letters`, `POST /dead-letters/retry`. A retry goes through the spool."""

import msgspec

from collector.dead_letters import DeadLetter
from collector.inputs.http import Answer, Request, Response, Route, on_disk
from collector.outputs import alerting, influxdb
from collector.record import Kept, Record, encode
from collector.spool import Spool
from standpipe.model.reading import Reading
from standpipe.model.signal import Lane

NAME = "dead_letters"
MOST = 10_000
"""Letters listed or retried at once."""


def pages(spool: Spool) -> dict[str, Route]:
    """Return the pages by path."""

    async def listing(request: Request) -> Response:
        letters = await spool.dead_letters.listing(output=request.query.get("output", ""), limit=_limit(request))
        told = [{**msgspec.to_builtins(letter), "body": letter.body.decode("utf-8", "replace")} for letter in letters]
        return Response(msgspec.json.encode(told))

    async def retry(request: Request) -> Response:
        letters = await spool.dead_letters.listing(output=request.query.get("output", ""), limit=_limit(request))
        if letters:
            await on_disk(spool.append([_again(letter) for letter in letters]))
            await spool.dead_letters.remove([letter.id for letter in letters])
        return Response(msgspec.json.encode({"retried": len(letters)}))

    return {
        "/dead-letters": Route(serve=listing, methods=frozenset({"GET"})),
        "/dead-letters/retry": Route(serve=retry),
    }


def _again(letter: DeadLetter) -> Kept:
    """Return a letter as a record: lines go to InfluxDB alone, a reading goes where readings go."""
    lane = Lane(letter.lane)
    if letter.output == influxdb.NAME:
        record = Record(NAME, "", b"", b"", [], letter.body)
    elif letter.output == alerting.NAME:
        record = Record(NAME, "", b"", b"", [msgspec.json.decode(letter.body, type=Reading)])
    else:
        raise Answer(400, {"error": f"letter {letter.id} is for {letter.output}, which is no output of ours"})
    return Kept(lane, record, encode(record))


def _limit(request: Request) -> int:
    text = request.query.get("limit", "1000")
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise Answer(400, {"error": f"limit: expected 1 to {MOST}, got {text!r}"})
    return int(text)

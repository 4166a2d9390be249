"""The outputs against counting servers: fire first, a stall hurts only itself, refusals are kept with their words."""

import asyncio
from typing import Any

import msgspec
import pytest

from collector.arrival import Arrival
from collector.dead_letter_pages import pages
from collector.dead_letters import DeadLetters
from collector.inputs.http import Request
from collector.outputs import alerting, influxdb, self_report
from collector.outputs.drain import Pace, cut, drain
from collector.spool import Entry, Spool
from standpipe.model.errors import Retryable
from standpipe.model.reading import Reading
from standpipe.model.settings import Influx, Settings
from standpipe.model.settings import Spool as SpoolSettings
from standpipe.model.signal import Lane
from storage.influx.line_protocol import LineEncoder
from storage.influx.writer import InfluxWriter

NOW = 1_790_000_000_000


def hydrant(number: int) -> Arrival:
    payload = b'{"pressure_kpa": %d, "ts": %d}' % (number % 2000, NOW // 1000 - number)
    return Arrival(source="http", address="device:HY-1", payload=payload, received_at=NOW, device_type="hydrant_json")


SMOKE = Arrival(
    source="http", address="device:SM-1", payload=b'{"alarm": true}', received_at=NOW, device_type="smoke_json"
)


def start_influx(room: Any, url: str, lanes: tuple[Lane, ...] = tuple(Lane)) -> None:
    settings = Settings(influx=Influx(url=url, version="1", bucket="b", batch_age_ms=20))
    for lane in lanes:
        output = influxdb.InfluxOutput(
            lane, InfluxWriter.from_settings(settings), LineEncoder(), room.spool.dead_letters, room.counters
        )
        pace = influxdb.paces(settings.influx)[lane]
        cursor = room.spool.cursor("influxdb", lane)
        room.tasks.append(asyncio.create_task(drain(cursor, output, pace, room.counters)))


def start_alerting(room: Any, url: str, token: str = "") -> list[alerting.AlertingOutput]:
    outputs = []
    for lane in Lane:
        output = alerting.AlertingOutput(
            lane,
            alerting.client(url, token),
            spool=room.spool,
            counters=room.counters,
        )
        cursor = room.spool.cursor("alerting", lane)
        room.tasks.append(asyncio.create_task(drain(cursor, output, alerting.PACES[lane], room.counters)))
        outputs.append(output)
    return outputs


async def test_readings_reach_both_outputs(room: Any, sinks: Any, until: Any) -> None:
    influx, alerts = await sinks(), await sinks()
    start_influx(room, influx.url)
    start_alerting(room, alerts.url, token="secret")
    await room.intake.take("http", [hydrant(1), SMOKE]).durable
    await until(lambda: len(influx.lines()) == 2 and len(alerts.devices()) == 2)
    assert sorted(line.split(",")[0] for line in influx.lines()) == ["hydrant", "smoke"]
    batches = {batch.lane: batch for batch in alerts.batches() if batch.readings}
    assert batches[Lane.FIRE].readings[0].reading.device == "smoke-1"
    assert batches[Lane.FIRE].collector == room.spool.id
    assert batches[Lane.NORMAL].readings[0].spooled_at > 0
    assert "authorization: Bearer secret" in alerts.headers[0]


async def test_fire_goes_ahead_of_a_backlog_in_both_outputs(room: Any, sinks: Any, until: Any) -> None:
    influx, alerts = await sinks(), await sinks()
    backlog = 100_000
    for start in range(0, backlog, 5_000):
        await room.intake.take("http", [hydrant(n) for n in range(start, start + 5_000)]).durable
    start_influx(room, influx.url)
    start_alerting(room, alerts.url)
    await until(lambda: influx.lines() and alerts.devices())
    await room.intake.take("http", [SMOKE]).durable
    await until(lambda: "smoke-1" in alerts.devices())
    ahead_in_alerting = alerts.devices().index("smoke-1")
    await until(lambda: any(line.startswith("smoke") for line in influx.lines()))
    kinds = [line.startswith("smoke") for line in influx.lines()]
    assert ahead_in_alerting < backlog // 3
    assert kinds.index(True) < backlog // 3
    assert room.spool.cursors[0].lag + room.spool.cursors[1].lag > 0


async def test_a_stalled_output_does_not_hold_up_the_other(room: Any, sinks: Any, until: Any) -> None:
    influx, alerts = await sinks(), await sinks()
    influx.gate.clear()
    start_influx(room, influx.url)
    start_alerting(room, alerts.url)
    for number in range(20):
        await room.intake.take("http", [hydrant(number), SMOKE]).durable
    await until(lambda: len(alerts.devices()) == 40)
    assert influx.lines() == []
    influx.gate.set()
    await until(lambda: len(influx.lines()) >= 40)


async def test_an_output_that_is_down_gets_everything_when_it_is_back(
    room: Any, sinks: Any, until: Any, free_port: Any
) -> None:
    port = free_port()
    start_influx(room, f"http://127.0.0.1:{port}")
    start_alerting(room, f"http://127.0.0.1:{port}")
    await room.intake.take("http", [SMOKE, *(hydrant(n) for n in range(300))]).durable
    await until(lambda: room.counters.get("retried", "influxdb") and room.counters.get("retried", "alerting"))
    back = await sinks(port)
    await until(lambda: len(back.lines()) >= 301 and len(back.devices()) >= 301)
    assert sorted(set(back.lines())) == sorted(back.lines())


async def test_a_line_that_influxdb_refuses_is_a_dead_letter_with_its_words_and_the_rest_is_stored(
    room: Any, sinks: Any, until: Any
) -> None:
    influx = await sinks()
    influx.refuse = lambda path, body: (
        (400, b'{"error":"partial write: field type conflict: input field \\"pressure\\""}')
        if b"pressure=13.0" in body
        else None
    )
    start_influx(room, influx.url)
    await room.intake.take("http", [hydrant(n) for n in range(40)]).durable
    await until(lambda: room.counters.get("delivered", "influxdb") == 40)
    (letter,) = await room.spool.dead_letters.listing()
    assert (letter.output, letter.lane) == ("influxdb", "normal")
    assert b"pressure=13.0" in letter.body
    assert "field type conflict" in letter.reason
    assert len({line for line in influx.lines()}) == 39


async def test_a_record_that_alerting_refuses_is_a_dead_letter_and_the_rest_arrives(
    room: Any, sinks: Any, until: Any
) -> None:
    alerts = await sinks()
    alerts.refuse = lambda path, body: (400, b"no such kind") if b'"pressure":7.0' in body else None
    start_alerting(room, alerts.url)
    await room.intake.take("http", [hydrant(n) for n in range(20)]).durable
    await until(lambda: room.counters.get("delivered", "alerting") == 20)
    (letter,) = await room.spool.dead_letters.listing()
    assert msgspec.json.decode(letter.body, type=Reading).fields == {"pressure": 7.0}
    assert letter.reason == "HTTP 400: no such kind"
    assert len(alerts.devices()) == 19


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_an_answer_that_is_not_about_the_batch_is_tried_again(
    room: Any, sinks: Any, until: Any, status: int
) -> None:
    alerts = await sinks()
    alerts.refuse = lambda path, body: (status, b"not now")
    start_alerting(room, alerts.url)
    await room.intake.take("http", [SMOKE]).durable
    await until(lambda: room.counters.get("retried", "alerting") >= 2)
    alerts.refuse = lambda path, body: None
    await until(lambda: alerts.devices() == ["smoke-1"])
    assert await room.spool.dead_letters.count() == 0


async def test_an_empty_batch_is_the_sign_of_life(room: Any, sinks: Any, until: Any) -> None:
    alerts = await sinks()
    _, output = start_alerting(room, alerts.url)
    room.tasks.append(asyncio.create_task(output.sign_of_life()))
    await until(alerts.batches)
    assert (alerts.batches()[0].lane, alerts.batches()[0].readings) == (Lane.NORMAL, [])


@pytest.mark.parametrize(
    ("sizes", "limit", "taken"), [([1, 1, 1], 2, 2), ([5, 1], 3, 1), ([1, 5], 3, 1), ([1, 2], 3, 2), ([1], 1, 1)]
)
def test_a_record_is_never_split(sizes: list[int], limit: int, taken: int) -> None:
    reading = Reading(device="d", kind="k", observed_at=0, received_at=0, fields={})
    entries = [Entry(index + 1, 0, [reading] * size) for index, size in enumerate(sizes)]
    assert len(cut(entries, limit)) == taken


async def test_a_refusal_that_asks_for_time_is_given_it(room: Any) -> None:
    class Busy:
        tries = 0

        async def deliver(self, entries: Any) -> None:
            self.tries += 1
            raise Retryable("wait", after=60)

    busy = Busy()
    await room.intake.take("http", [hydrant(1)]).durable
    pace = Pace(readings=10, age=0, patience=60)
    task = asyncio.create_task(drain(room.spool.cursor("busy", Lane.NORMAL), busy, pace, room.counters))
    room.tasks.append(task)
    await asyncio.sleep(0.4)
    assert busy.tries == 1


async def test_dead_letters_can_be_listed_and_tried_again(room: Any, sinks: Any, until: Any) -> None:
    influx, alerts = await sinks(), await sinks()
    influx.refuse = lambda path, body: (400, b'{"error":"outside of retention"}')
    alerts.refuse = lambda path, body: (400, b"no") if b'"seq"' in body else None
    start_influx(room, influx.url)
    start_alerting(room, alerts.url)
    await room.intake.take("http", [SMOKE]).durable
    await until(lambda: sum(room.counters.get("dead_letters", name) for name in ("influxdb", "alerting")) == 2)
    listing, retry = (pages(room.spool)[path].serve for path in ("/dead-letters", "/dead-letters/retry"))
    told = msgspec.json.decode((await listing(Request(method="GET", path=""))).body)
    assert {letter["output"]: letter["reason"] for letter in told} == {
        "influxdb": "outside of retention",
        "alerting": "HTTP 400: no",
    }
    influx.refuse = alerts.refuse = lambda path, body: None
    answer = await retry(Request(method="POST", path=""))
    assert msgspec.json.decode(answer.body) == {"retried": 2}
    await until(lambda: alerts.devices() == ["smoke-1"] and influx.lines())
    assert await room.spool.dead_letters.count() == 0


async def test_the_collector_reports_itself(room: Any) -> None:
    room.spool.cursor("influxdb", Lane.FIRE)
    await room.intake.take("http", [SMOKE, SMOKE]).durable
    text = (await self_report.lines(room.spool, room.counters, 7, now=NOW)).decode()
    id_ = room.spool.id
    assert text.splitlines() == [
        f"collector,collector={id_} received=2i,stored=2i,quarantined=0i,duplicates=0i,dead_letters=0i,"
        f"connections=7i {NOW}",
        f"collector_output,collector={id_},lane=fire,output=influxdb lag_rows=2i,lag=0.0 {NOW}",
    ]


async def test_a_disk_that_refuses_is_told_with_the_sign_of_life(room: Any, sinks: Any, until: Any) -> None:
    alerts = await sinks()
    _, output = start_alerting(room, alerts.url)
    await room.spool.log.execute("PRAGMA query_only = 1")
    with pytest.raises(Retryable):
        await room.intake.take("http", [SMOKE]).durable
    room.tasks.append(asyncio.create_task(output.sign_of_life(room.spool.troubles)))
    await until(alerts.batches)
    assert "nothing can be spooled" in alerts.batches()[0].troubles[0]["en"]
    room.spool.log._db.execute("PRAGMA query_only = 0")
    await room.intake.take("http", [SMOKE]).durable
    assert room.spool.troubles() == []


async def test_one_refused_reading_of_a_shared_row_costs_no_other(room: Any, sinks: Any, until: Any) -> None:
    alerts = await sinks()
    alerts.refuse = lambda path, body: (400, b"no such kind") if b'"pressure":7.0' in body else None
    room.intake.spool = room.spool = Spool(room.spool.log, SpoolSettings(), room.counters)
    room.spool.dead_letters = await DeadLetters.open(room.spool.log)
    start_alerting(room, alerts.url)
    await room.intake.take("http", [hydrant(n) for n in range(20)]).durable
    await until(lambda: len(set(pressures(alerts))) == 19 and room.counters.get("dead_letters", "alerting") == 1)
    assert 7.0 not in pressures(alerts)
    assert room.spool.last(Lane.NORMAL) == 1


async def test_every_reading_of_a_frame_has_a_sequence_of_its_own(room: Any, sinks: Any, until: Any) -> None:
    alerts = await sinks()
    start_alerting(room, alerts.url)
    samples = ", ".join(f'{{"pressure_kpa": {n}, "ts": {NOW - n}}}' for n in range(1, 6))
    many = Arrival(
        source="http",
        address="device:HY-1",
        payload=f'{{"samples": [{samples}]}}'.encode(),
        received_at=NOW,
        device_type="hydrant_json",
    )
    await room.intake.take("http", [many, many]).durable
    await until(lambda: len(alerts.devices()) == 10)
    sequences = [item.seq for batch in alerts.batches() for item in batch.readings]
    assert sequences == sorted(set(sequences))


def pressures(sink: Any) -> list[float]:
    return [item.reading.fields["pressure"] for batch in sink.batches() for item in batch.readings]

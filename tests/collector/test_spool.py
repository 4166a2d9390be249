"""The spool: on disk before it is acknowledged, gone when everybody has it, never less than what fire needs."""

import asyncio
import sqlite3
from typing import Any

import pytest

from collector.arrival import Arrival, Repeats
from collector.counters import Counters
from collector.intake import Duplicate
from collector.record import Kept, Quarantined
from collector.spool import KEEP_ROWS, Spool
from standpipe.model.errors import Retryable
from standpipe.model.settings import Spool as SpoolSettings
from standpipe.model.signal import Lane

NOW = 1_790_000_000_000


def hydrant(number: int = 0, *, device: str = "HY-1", **more: Any) -> Arrival:
    payload = b'{"pressure_mpa": 0.3, "ts": %d}' % (NOW // 1000 - number)
    return Arrival(
        source="http",
        address=f"device:{device}",
        payload=payload,
        received_at=NOW,
        device_type="hydrant_json",
        **more,
    )


def smoke(*, fire: bool = True) -> Arrival:
    payload = b'{"alarm": %s}' % (b"true" if fire else b"false")
    return Arrival(source="http", address="device:SM-1", payload=payload, received_at=NOW, device_type="smoke_json")


async def test_what_was_acknowledged_is_there_after_a_restart(room: Any) -> None:
    await room.intake.take("http", [hydrant(1), smoke(), hydrant(2)]).durable
    await room.spool.close()
    again = await Spool.open(room.path, SpoolSettings(), Counters())
    fire = await again.cursor("any", Lane.FIRE).read(10)
    normal = await again.cursor("any", Lane.NORMAL).read(10)
    await again.close()
    room.spool = again
    assert [entry.readings[0].device for entry in (*fire, *normal)] == ["smoke-1", "hydrant-1", "hydrant-1"]


async def test_a_live_reader_gets_the_very_readings_that_were_decoded(room: Any) -> None:
    taken = room.intake.take("http", [hydrant()])
    await taken.durable
    entries = await room.spool.cursor("any", Lane.NORMAL).read(1)
    assert entries[0].readings[0] is taken.outcomes[0].record.readings[0]


async def test_a_cursor_stands_where_it_stood(room: Any) -> None:
    cursor = room.spool.cursor("any", Lane.NORMAL)
    await room.intake.take("http", [hydrant(1), hydrant(2), hydrant(3)]).durable
    cursor.advance((await cursor.read(2))[-1].seq)
    await room.spool.save_marks()
    again = Spool(room.spool.log, SpoolSettings(), Counters()).cursor("any", Lane.NORMAL)
    assert [entry.seq for entry in await again.read(10)] == [3]


async def test_records_wait_for_the_slowest_output(room: Any) -> None:
    fast, slow = room.spool.cursor("fast", Lane.NORMAL), room.spool.cursor("slow", Lane.NORMAL)
    count = KEEP_ROWS + 100
    await room.intake.take("http", [hydrant(n) for n in range(count)]).durable
    fast.advance(count)
    slow.advance(40)
    await room.spool.save_marks()
    await room.spool.sweep()
    rows = await room.spool.log.fetch("SELECT min(seq), max(seq) FROM lane_normal")
    assert rows == [(41, count)]


async def test_a_new_waiter_wakes_when_something_is_on_disk(room: Any) -> None:
    cursor = room.spool.cursor("any", Lane.FIRE)
    waiting = asyncio.create_task(cursor.wait())
    await room.intake.take("http", [hydrant()]).durable
    assert not waiting.done()
    await room.intake.take("http", [smoke()]).durable
    await asyncio.wait_for(waiting, 5)


async def test_a_full_disk_acknowledges_nothing_and_recovers_by_itself(room: Any) -> None:
    pages = (await room.spool.log.fetch("PRAGMA page_count"))[0][0]
    await room.spool.log.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(Retryable, match="full"):
        for number in range(200):
            await room.intake.take("http", [hydrant(n * 200 + number) for n in range(50)]).durable
    with pytest.raises(Retryable):
        await room.intake.take("http", [hydrant(n, device="nobody" * 20 + str(n)) for n in range(200)]).durable
    await room.spool.log.execute("PRAGMA max_page_count = 1000000")
    await room.intake.take("http", [smoke()]).durable
    stored, rows = room.counters.get("stored", "http"), room.spool.last(Lane.NORMAL) + room.spool.last(Lane.FIRE)
    assert stored == rows
    assert room.counters.get("refused", "http") == 250


async def test_a_repetition_after_a_refusal_is_news(room: Any) -> None:
    numbered = hydrant(repeats=Repeats.NUMBERED)
    await room.spool.log.execute("PRAGMA query_only = 1")
    with pytest.raises(Retryable):
        await room.intake.take("gb26875", [numbered]).durable
    room.spool.log._db.execute("PRAGMA query_only = 0")
    taken = room.intake.take("gb26875", [numbered])
    await taken.durable
    assert isinstance(taken.outcomes[0], Kept)


async def test_when_the_bound_is_reached_old_telemetry_goes_and_fire_stays(room: Any) -> None:
    small = Spool(room.spool.log, SpoolSettings(max_mb=1), room.counters, group=1)
    small.quarantine, room.intake.spool = room.spool.quarantine, small
    influx, fire = small.cursor("influxdb", Lane.NORMAL), small.cursor("influxdb", Lane.FIRE)
    for batch in range(20):
        await room.intake.take("http", [smoke(), *(hydrant(batch * 200 + n) for n in range(200))]).durable
    for _ in range(40):
        await small.sweep()
    assert small.full < 1
    assert len(await fire.read(100)) == 20
    left = (await influx.read(1))[0].seq
    assert room.counters.get("spool_dropped", "spool") == left - 1 > 0


async def test_a_repeated_numbered_uplink_is_one_reading_and_is_acknowledged_twice(room: Any) -> None:
    numbered = hydrant(repeats=Repeats.NUMBERED)
    first = room.intake.take("gb26875", [numbered, numbered])
    second = room.intake.take("gb26875", [numbered])
    assert not second.durable.done()
    await asyncio.gather(first.durable, second.durable)
    assert [type(outcome) for outcome in first.outcomes + second.outcomes] == [Kept, Duplicate, Duplicate]
    assert room.spool.last(Lane.NORMAL) == 1


@pytest.mark.parametrize(
    ("payload", "again", "rows"),
    [
        (b'{"pressure_mpa": 0.3, "ts": 1789999990}', True, 1),
        (b'{"pressure_mpa": 0.3, "ts": 1789999990}', False, 2),
        (b'{"pressure_mpa": 0.3}', True, 2),
    ],
)
async def test_a_redelivery_is_one_reading_where_the_device_says_when(
    room: Any, payload: bytes, again: bool, rows: int
) -> None:
    for flag in (False, again):
        arrival = Arrival(
            source="mqtt",
            address="device:HY-1",
            payload=payload,
            received_at=NOW,
            device_type="hydrant_json",
            repeats=Repeats.STAMPED,
            again=flag,
        )
        await room.intake.take("mqtt", [arrival]).durable
    assert room.spool.last(Lane.NORMAL) == rows


async def test_quarantine_counts_and_keeps_the_last_payload(room: Any) -> None:
    await room.intake.take("http", [hydrant(n, device="HY-9") for n in range(3)]).durable
    await room.intake.take("http", [hydrant(3, device="HY-9")]).durable
    (row,) = await room.spool.quarantine.listing()
    assert (row.address, row.device_type, row.cause, row.count) == ("device:HY-9", "hydrant_json", "unknown", 4)
    assert bytes.fromhex(row.payload_hex) == hydrant(3).payload


async def test_quarantine_is_bounded_and_forgets_whom_it_heard_longest_ago(room: Any) -> None:
    items = [
        Quarantined(address=f"device:{n}", device_type="", cause="unknown", reason="", payload=b"", at=NOW + n)
        for n in range(1200)
    ]
    for start in range(0, 1200, 100):
        await room.intake.quarantine("http", items[start : start + 100])
    rows = await room.spool.quarantine.listing(limit=5000)
    assert len(rows) <= 1000
    assert rows[0].address == "device:1199"


async def test_the_counters_add_up(room: Any) -> None:
    numbered = hydrant(5, repeats=Repeats.NUMBERED)
    batch = [hydrant(1), smoke(), hydrant(2, device="nobody"), numbered, numbered]
    await room.intake.take("http", batch).durable
    counted = room.counters.by_label(["http"])["http"]
    assert counted["received"] == 5
    parts = ("stored", "quarantined", "duplicate", "empty", "refused")
    assert sum(counted.get(part, 0) for part in parts) == 5
    assert (counted["stored"], counted["fire_readings"]) == (3, 1)


async def test_keys_of_recent_records_are_there_after_a_restart(room: Any) -> None:
    await room.intake.take("gb26875", [hydrant(repeats=Repeats.NUMBERED)]).durable
    keys = await room.spool.recent_keys()
    assert len(keys) == 1
    assert len(keys[0]) == 16


async def test_a_spool_of_another_program_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "collector.spool"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        await Spool.open(path, SpoolSettings(), Counters())


async def test_uplinks_that_come_together_share_a_row_and_keep_their_order(room: Any) -> None:
    grouped = Spool(room.spool.log, SpoolSettings(), room.counters)
    room.intake.spool = grouped
    await room.intake.take("http", [smoke(), *(hydrant(n) for n in range(250)), smoke(fire=False)]).durable
    normal = await grouped.cursor("any", Lane.NORMAL).read(10)
    fire = await grouped.cursor("any", Lane.FIRE).read(10)
    assert [len(entry.readings) for entry in normal] == [100, 100, 50]
    assert [bool(reading.signals) for entry in fire for reading in entry.readings] == [True, False]
    stamps = [reading.observed_at for entry in normal for reading in entry.readings]
    assert stamps == sorted(stamps, reverse=True)
    assert len(stamps) == 250


async def test_a_row_that_cannot_be_read_is_a_dead_letter_and_stops_nobody(room: Any) -> None:
    await room.spool.log.append("normal", b"\xc1 torn")
    await room.intake.take("http", [hydrant(1)]).durable
    entries = await room.spool.cursor("any", Lane.NORMAL).read(10)
    assert [len(entry.readings) for entry in entries] == [0, 1]
    (letter,) = await room.spool.dead_letters.listing()
    assert (letter.output, letter.body) == ("spool", b"\xc1 torn")

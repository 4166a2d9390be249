"""The records store: the schema that revisions make is the one the code expects, and what must be unique is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from storage.records import incidents, notices
from storage.records.database import RecordsDatabase, sqlite_url
from storage.records.tables import Records

RECEIPT = {
    "notifier": "sms", "notice_key": "1", "message_id": "m", "status": "delivered", "at": 1, "received_at": 1,
}  # fmt: skip


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[RecordsDatabase]:
    database = await RecordsDatabase.open(sqlite_url(tmp_path / "deep" / "records.db"))
    yield database
    await database.close()


def incident(id_: str, open_key: str | None = "s|z|fire") -> dict[str, Any]:
    return {
        "id": id_, "open_key": open_key, "signal": "fire", "state": "suspected", "site": "s", "zone": "z",
        "device": "d", "label": {}, "historic": False, "opened_at": 1, "plan": {},
    }  # fmt: skip


def notice(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key, "incident_id": "a", "step": 0, "delay": 0, "purpose": "alarm", "person": "p", "name": "P",
        "locale": "en", "channel": "sms", "address": "1", "state": "due", "due_at": 100,
    } | changes  # fmt: skip


async def test_the_revisions_make_the_schema_that_the_code_expects(records: RecordsDatabase) -> None:
    def differences(tx: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(tx), Records.metadata))

    assert await records.write(differences) == []


async def test_commits_are_durable_and_readers_do_not_wait(records: RecordsDatabase) -> None:
    pragmas = await records.read(
        lambda tx: [
            tx.execute(text(f"PRAGMA {name}")).scalar() for name in ("synchronous", "journal_mode", "foreign_keys")
        ]
    )
    assert pragmas == [2, "wal", 1]


async def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "records.db")
    first = await RecordsDatabase.open(url)
    await first.write(lambda tx: incidents.open_incident(tx, incident("a")))
    await first.close()
    second = await RecordsDatabase.open(url)
    rows = await second.read(incidents.open_incidents)
    await second.close()
    assert [row.id for row in rows] == ["a"]


async def test_a_zone_has_one_open_incident_of_a_class_and_any_number_of_closed_ones(records: RecordsDatabase) -> None:
    await records.write(lambda tx: incidents.open_incident(tx, incident("a")))
    await records.write(lambda tx: incidents.open_incident(tx, incident("b", None)))
    await records.write(lambda tx: incidents.open_incident(tx, incident("c", None)))
    with pytest.raises(IntegrityError):
        await records.write(lambda tx: incidents.open_incident(tx, incident("d")))


async def test_a_transaction_that_fails_leaves_nothing(records: RecordsDatabase) -> None:
    def work(tx: Connection) -> None:
        incidents.open_incident(tx, incident("a"))
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        await records.write(work)
    assert await records.read(incidents.open_incidents) == []


@pytest.fixture
async def told(records: RecordsDatabase) -> RecordsDatabase:
    await records.write(lambda tx: incidents.open_incident(tx, incident("a")))
    await records.write(lambda tx: notices.enter_notices(tx, [notice("1"), notice("2", due_at=200)]))
    return records


def claim(owner: str, now: int) -> Any:
    return lambda tx: [row.key for row in notices.claim_due(tx, owner=owner, now=now, lease=50, limit=9)]


async def test_a_notice_is_entered_once(told: RecordsDatabase) -> None:
    await told.write(lambda tx: notices.enter_notices(tx, [notice("1", state="sent"), notice("3")]))
    rows = await told.read(lambda tx: notices.notices_of(tx, ["a"]))
    assert [(row.key, row.state) for row in rows] == [("1", "due"), ("2", "due"), ("3", "due")]


async def test_a_lease_holds_until_it_runs_out(told: RecordsDatabase) -> None:
    claims = [await told.write(claim(owner, now)) for owner, now in (("x", 99), ("x", 100), ("y", 149), ("y", 150))]
    assert claims == [[], ["1"], [], ["1"]]


async def test_what_is_next_is_a_due_time_or_the_end_of_a_lease(told: RecordsDatabase) -> None:
    seen = [await told.read(notices.next_due)]
    await told.write(claim("x", 100))
    seen.append(await told.read(notices.next_due))
    assert seen == [100, 150]


async def test_a_receipt_that_comes_before_the_sending_is_recorded_is_kept(told: RecordsDatabase) -> None:
    await told.write(claim("x", 100))
    receipt = {
        "notifier": "sms",
        "notice_key": "1",
        "message_id": "m",
        "status": "delivered",
        "at": 1,
        "received_at": 120,
    }
    assert await told.write(lambda tx: notices.record_receipt(tx, receipt)) == "a"
    await told.write(lambda tx: notices.record_sent(tx, "1", at=110, message_id="m", text="t", receipt=False))
    (row,) = await told.read(lambda tx: notices.notices_by_key(tx, ["1"]))
    assert (row.state, row.sent_at, row.receipt_at) == ("delivered", 110, 120)


async def test_a_receipt_for_nothing_is_not_ours(told: RecordsDatabase) -> None:
    receipt = {
        "notifier": "sms",
        "notice_key": "9",
        "message_id": "m",
        "status": "delivered",
        "at": 1,
        "received_at": 1,
    }
    assert await told.write(lambda tx: notices.record_receipt(tx, receipt)) is None


async def test_what_is_being_sent_is_not_cancelled(told: RecordsDatabase) -> None:
    await told.write(claim("x", 100))
    await told.write(lambda tx: notices.cancel_waiting(tx, "a"))
    rows = await told.read(lambda tx: notices.notices_of(tx, ["a"]))
    assert [row.state for row in rows] == ["sending", "cancelled"]


async def test_a_receipt_by_message_id_that_comes_before_the_sending_is_recorded_is_found_by_it(
    told: RecordsDatabase,
) -> None:
    await told.write(claim("x", 100))
    receipt = RECEIPT | {"notice_key": "", "message_id": "m-7", "received_at": 120}
    assert await told.write(lambda tx: notices.record_receipt(tx, receipt)) is None
    await told.write(lambda tx: notices.record_sent(tx, "1", at=110, message_id="m-7", text="t", receipt=False))
    (row,) = await told.read(lambda tx: notices.notices_by_key(tx, ["1"]))
    assert (row.state, row.receipt_at) == ("delivered", 120)


async def test_a_receipt_by_message_id_finds_its_notice(told: RecordsDatabase) -> None:
    await told.write(claim("x", 100))
    await told.write(lambda tx: notices.record_sent(tx, "1", at=110, message_id="m-7", text="t", receipt=False))
    failed = RECEIPT | {"notice_key": "", "message_id": "m-7", "status": "failed", "reason": "absent subscriber"}
    assert await told.write(lambda tx: notices.record_receipt(tx, failed)) == "a"
    (row,) = await told.read(lambda tx: notices.notices_by_key(tx, ["1"]))
    assert (row.state, row.error) == ("failed", "the gateway reports: absent subscriber")

"""The way in over real HTTP: kept before it is answered, each reading once, nothing hostile believed."""

from typing import Any

import msgspec
import pytest

from standpipe.model.errors import Retryable
from standpipe.model.signal import Lane


async def test_a_batch_is_applied_once(live: Any) -> None:
    batch = live.batch(live.reading("HY-1", pressure=200.0), live.reading("HY-1", pressure=210.0))
    first, second = await live.post(batch), await live.post(batch)
    assert (first.json(), second.json()) == ({"applied": 2, "skipped": 0}, {"applied": 0, "skipped": 2})


async def test_a_batch_that_overlaps_the_last_one_is_applied_where_it_is_new(live: Any) -> None:
    readings = [live.reading("HY-1", pressure=float(value)) for value in (200, 210, 220)]
    batch = live.batch(*readings)
    await live.post(msgspec.structs.replace(batch, readings=batch.readings[:2]))
    assert (await live.post(batch)).json() == {"applied": 1, "skipped": 2}


async def test_the_lanes_of_a_collector_count_for_themselves(live: Any) -> None:
    batch = live.batch(live.reading("HY-1", pressure=200.0))
    await live.post(batch)
    other = msgspec.structs.replace(batch, lane=Lane.FIRE)
    assert (await live.post(other)).json() == {"applied": 1, "skipped": 0}


async def test_an_empty_batch_is_a_sign_of_life(live: Any) -> None:
    assert live.service.wall(live.now()).data_silent
    assert (await live.post(live.batch())).status_code == 200
    assert [source.silent for source in live.service.wall(live.now()).sources] == [False]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/readings", b"", 400),
        ("POST", "/readings", b"[]", 400),
        ("POST", "/readings", b'{"collector": "c", "lane": "slow", "readings": [], "sent_at": 1}', 400),
        ("POST", "/readings", b"\xff\xfe", 400),
        ("POST", "/readings", b" " * (16 * 1_048_576 + 1), 413),
        ("GET", "/readings", b"", 405),
        ("POST", "/receipts/nobody", b"{}", 404),
        ("POST", "/receipts/sms", b'{"id": "none", "status": "delivered"}', 404),
        ("POST", "/receipts/sms", b'{"id": 3}', 400),
        ("POST", "/receipts/sms", b" " * 20_000, 413),
    ],
)
async def test_what_is_not_ours_is_refused(live: Any, method: str, path: str, body: bytes, status: int) -> None:
    assert (await live.client.request(method, path, content=body)).status_code == status


async def test_a_token_is_asked_for_when_one_is_set(rig: Any) -> None:
    alerting = msgspec.structs.replace(rig.settings.alerting, token="secret-of-the-feed")
    rig.settings = msgspec.structs.replace(rig.settings, alerting=alerting)
    await rig.start()
    body = msgspec.json.encode(rig.batch())
    answers = [
        (await rig.client.post("/readings", content=body, headers=headers)).status_code
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer secret-of-the-feed"})
    ]
    await rig.stop()
    assert answers == [401, 401, 200]


async def test_a_disk_that_refuses_is_said_to_the_collector_and_the_batch_can_come_again(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> int:
        raise Retryable("disk full")

    batch = live.batch(live.reading("smoke-1", signals=["fire"]))
    with monkeypatch.context() as patch:
        patch.setattr(live.service._journal, "append", refuse)
        assert (await live.post(batch)).status_code == 503
    assert (await live.post(batch)).json() == {"applied": 1, "skipped": 0}
    await live.until(lambda: live.service.wall(live.now()).incidents)

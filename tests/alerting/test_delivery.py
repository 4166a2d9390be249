"""Notices over real HTTP: two senders, a gateway that fails, what a webhook is told."""

import asyncio
from typing import Any

import msgspec
import pytest

from alerting.casebook import Casebook
from alerting.delivery import LEASE, Delivery
from alerting.messages import Places
from alerting.notifiers.http_post import HttpPost
from standpipe.model.errors import Rejected, Retryable


async def test_two_senders_on_one_set_of_records_send_each_step_once(rig: Any, gateway: Any) -> None:
    await rig.start()
    gateway.hold = asyncio.Event()
    await rig.send(rig.reading("smoke-1", signals=["fire"]), rig.reading("smoke-3", signals=["fire"]))
    await rig.until(lambda: len(rig.service.wall(rig.now()).incidents) == 2)
    rig.offset = 61_000

    async def changed(_: object) -> None: ...

    first = rig.service._delivery
    second = Delivery(
        rig.service._records,
        Casebook(rig.service._records, contacts=rig.contacts, registry=rig.registry, owner="other", lease=LEASE),
        rig.service._notifiers, timeouts={}, places=Places(rig.registry), owner="other",
        receipt_base=rig.settings.alerting_url, now=rig.now, changed=changed,
    )  # fmt: skip
    await asyncio.gather(*(sender.look() for sender in (first, second) * 3))
    gateway.hold.set()
    await asyncio.gather(first.drain(), second.drain())
    await rig.stop()
    told = [(message["id"].partition(":")[2], message["to"]) for message in gateway.taken]
    assert sorted(told)[-2:] == [("1:second:sms", "+8613800000002")] * 2
    assert len({message["id"] for message in gateway.taken}) == 4


async def test_a_gateway_that_fails_and_comes_back_gets_the_message_within_seconds(live: Any, gateway: Any) -> None:
    gateway.status = 503
    await live.send(live.reading("smoke-1", signals=["fire"]))
    await gateway.news.wait()
    gateway.status = 200
    (message,) = await gateway.wait(1)
    assert message["to"] == "+8613800000001"
    await live.until(lambda: live.service.wall(live.now()).incidents[0].notices[0].attempts > 1)


async def test_a_webhook_is_told_the_whole_road_and_no_telephone_number(live: Any, gateway: Any) -> None:
    await live.send(live.reading("smoke-1", signals=["fire"]))
    (incident,) = await live.until(lambda: live.service.wall(live.now()).incidents)
    await gateway.wait(1)
    await live.service.act(incident.id, "confirm", "Li", "", "")
    told = (await gateway.wait(2))[1]
    assert set(told) - {"at"} == {
        "notice", "incident", "step", "person", "channel", "title", "text", "site", "zone", "state", "opened_at",
        "readings", "sent_at",
    }  # fmt: skip
    assert set(told["readings"]) == {"observed_at", "received_at", "spooled_at"}
    assert "+86" not in str(told)
    assert told["incident"] == incident.id


async def test_a_receipt_that_says_failed_is_shown_and_the_next_step_is_told(live: Any, gateway: Any) -> None:
    gateway.receipts = False
    await live.send(live.reading("smoke-1", signals=["fire"]))
    (message,) = await gateway.wait(1)
    receipt = {"id": message["id"], "message_id": "m-1", "status": "failed", "at": 1}
    assert (await live.client.post("/receipts/sms", json=receipt)).status_code == 200
    messages = await gateway.wait(2)
    assert messages[1]["to"] == "+8613800000002"
    assert live.service.wall(live.now()).incidents[0].notices[0].state == "failed"


async def test_numbers_are_masked_in_views(live: Any, gateway: Any) -> None:
    await live.send(live.reading("smoke-1", signals=["fire"]))
    await gateway.wait(1)
    assert b"+8613800000001" not in msgspec.json.encode(live.service.wall(live.now()))


@pytest.mark.parametrize(
    ("status", "error"), [(500, Retryable), (429, Retryable), (408, Retryable), (400, Rejected), (404, Rejected)]
)
async def test_an_answer_is_retryable_or_rejected(gateway: Any, status: int, error: type[Exception]) -> None:
    gateway.status = status
    client = HttpPost(gateway.url, "")
    with pytest.raises(error, match=str(status)):
        await client.post({"id": "1"})
    await client.close()


@pytest.mark.parametrize(("url", "error"), [("http://127.0.0.1:9/", Retryable), ("nonsense", Retryable)])
async def test_a_gateway_that_is_not_there_is_retryable(url: str, error: type[Exception]) -> None:
    client = HttpPost(url, "")
    with pytest.raises(error):
        await client.post({})
    await client.close()

"""The service over real HTTP: a fire in, a message out, its receipt back."""

from typing import Any

import pytest


async def test_a_fire_opens_an_incident_and_its_message_comes_back_as_delivered(live: Any, gateway: Any) -> None:
    await live.send(live.reading("smoke-1", signals=["fire"]))
    sent = (await gateway.wait(1))[0]
    assert sent["to"] == "+8613800000001"
    assert sent["text"].startswith("FIRE: West warehouse, zone 1, 1号烟感 smoke 1")
    incident = await live.until(
        lambda: next((i for i in live.service.wall(live.now()).incidents if i.notices[0].state == "delivered"), None)
    )
    assert incident.state == "suspected"
    assert [notice.state for notice in incident.notices] == ["delivered", "due"]
    ledger = incident.ledger
    assert ledger.device <= ledger.stored <= ledger.accepted <= ledger.opened <= ledger.handed_over <= ledger.delivered


async def test_acknowledge_and_confirm_tell_the_brigade_and_nobody_else(live: Any, gateway: Any) -> None:
    await live.send(live.reading("smoke-1", signals=["fire"]))
    await gateway.wait(1)
    incident = (await live.until(lambda: live.service.wall(live.now()).incidents))[0]
    acknowledged = await live.service.act(incident.id, "acknowledge", "Li", "", "")
    assert acknowledged.state == "acknowledged"
    assert acknowledged.notices[1].state == "cancelled"
    confirmed = await live.service.act(incident.id, "confirm", "Li", "flames seen", "")
    assert confirmed.state == "confirmed"
    messages = await gateway.wait(2)
    assert messages[1]["person"] == "brigade"
    assert messages[1]["state"] == "confirmed"
    closed = await live.service.act(incident.id, "reset", "Li", "", "")
    assert closed.state == "closed"
    assert live.service.wall(live.now()).incidents == []


@pytest.mark.parametrize("path", ["/readings", "/receipts/sms"])
async def test_a_body_that_is_not_ours_is_refused(live: Any, path: str) -> None:
    assert (await live.client.post(path, content=b'{"nonsense": 1')).status_code == 400

"""Killed at any moment: what was answered with 200 is there afterwards, and nothing is there twice."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError


async def test_readings_answered_before_the_kill_are_known_after_it(rig: Any) -> None:
    await rig.start()
    batch = rig.batch(rig.reading("HY-1", pressure=215.0))
    await rig.post(batch)
    await rig.kill()
    await rig.start()
    hydrant = rig.service.hydrant("HY-1", rig.now())
    again = await rig.post(batch)
    await rig.stop()
    assert hydrant.pressure == 215.0
    assert again.json() == {"applied": 0, "skipped": 1}


@pytest.mark.parametrize("snapshot", [True, False])
async def test_a_stop_and_start_keeps_the_wall(rig: Any, gateway: Any, snapshot: bool) -> None:
    await rig.start()
    await rig.send(rig.reading("smoke-1", signals=["fire"]))
    await rig.send(rig.reading("HY-1", pressure=90.0))
    await gateway.wait(1)
    await rig.until(lambda: rig.service.feed.idle and rig.service.wall(rig.now()).incidents)
    at = rig.now()
    before = rig.service.wall(at)
    await {True: rig.stop, False: rig.kill}[snapshot]()
    await rig.start()
    after = rig.service.wall(at)
    await rig.stop()
    assert after.hydrants == before.hydrants
    assert after.alerts == before.alerts
    assert [incident.id for incident in after.incidents] == [incident.id for incident in before.incidents]
    assert len(gateway.taken) == 1


async def test_a_fire_whose_records_were_never_written_is_found_in_the_journal(
    rig: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.start()

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(rig.service._casebook, "apply", never)
        await rig.send(rig.reading("smoke-1", signals=["fire"]))
        await rig.kill()
    assert gateway.taken == []
    await rig.start()
    await gateway.wait(1)
    incidents = rig.service.wall(rig.now()).incidents
    await rig.stop()
    assert len(incidents) == 1


async def test_people_are_told_of_a_fire_while_the_records_cannot_be_written(
    live: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(live.service._casebook, "apply", refuse)
        await live.send(live.reading("smoke-1", signals=["fire"]))
        await live.send(live.reading("smoke-3", signals=["fire"]))
        messages = await gateway.wait(2)
        assert "records cannot be written" in str(live.service.wall(live.now()).problems)
    assert ["zone 1" in messages[0]["text"], "zone 2" in messages[1]["text"]] == [True, True]
    await live.until(lambda: len(live.service.wall(live.now()).incidents) == 2)
    assert "records cannot be written" not in str(live.service.wall(live.now()).problems)


async def test_an_alert_whose_rule_is_gone_does_not_stay(rig: Any) -> None:
    await rig.start()
    await rig.send(rig.reading("smoke-1", signals=["fault"]))
    await rig.until(lambda: rig.service.wall(rig.now()).alerts)
    await rig.stop()
    rig.rules = [rule for rule in rig.rules if rule.id != "smoke.fault"]
    await rig.start()
    alerts = rig.service.wall(rig.now()).alerts
    await rig.stop()
    assert alerts == []


async def test_a_reset_that_the_kill_cut_short_still_lets_the_device_ring_anew(rig: Any, gateway: Any) -> None:
    await rig.start()
    await rig.send(rig.reading("smoke-1", signals=["fire"]))
    (incident,) = await rig.until(lambda: rig.service.wall(rig.now()).incidents)
    await rig.service.act(incident.id, "false_alarm", "Li", "", "steam")

    async def cut(*_: object) -> None:
        raise asyncio.CancelledError

    rig.service.feed.reset = cut
    await asyncio.gather(rig.service.act(incident.id, "reset", "Li", "", ""), return_exceptions=True)
    await rig.kill()
    await rig.start()
    await rig.send(rig.reading("smoke-1", signals=["fire"]))
    await gateway.wait(2)
    await rig.stop()


async def test_a_reading_that_breaks_the_engine_does_not_stop_the_next_and_its_fire_still_rings(
    live: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    observe = live.service._engine.observe

    def trip(reading: Any, **times: Any) -> Any:
        return observe({"smoke-3": None}.get(reading.device, reading), **times)

    monkeypatch.setattr(live.service._engine, "observe", trip)
    await live.send(live.reading("smoke-3", signals=["fire"]), live.reading("smoke-1", signals=["fire"]))
    await gateway.wait(2)
    assert {message["text"].split(",")[1] for message in gateway.taken} == {" zone 1", " zone 2"}
    assert "could not be judged" in str(live.service.wall(live.now()).problems)

"""The simulated transmitter plays every scenario against our own server, and answers what a centre asks."""

from typing import Any

import httpx
import pytest

from standpipe.simulator.gb26875 import simulate
from standpipe.simulator.gb26875_scenarios import SCENARIOS

SOURCE, CENTRE = bytes.fromhex("790300000000"), bytes(6)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_gets_the_answers_that_are_due(collector: Any, name: str) -> None:
    doors = await collector()
    told = [
        played
        async for played in simulate(
            "127.0.0.1", doors.gb26875, source=SOURCE, centre=CENTRE, names=[name, "heartbeat"], udp=False
        )
    ]
    assert told == [(name, ""), ("heartbeat", "")]


async def test_over_udp_too(collector: Any) -> None:
    doors = await collector(collector={"gb26875": {"udp": "127.0.0.1:0"}})
    names = ["heartbeat", "states", "resend", "denied", "pieces", "wrap"]
    told = [
        played
        async for played in simulate(
            "127.0.0.1", doors.gb26875_udp, source=SOURCE, centre=CENTRE, names=names, udp=True
        )
    ]
    assert told == [(name, "") for name in names if name != "pieces"]


@pytest.mark.parametrize("flag", [61, 62, 63, 64, 65, 66, 67, 68, 81, 84, 85, 86, 88])
async def test_it_answers_every_request_of_the_standard(collector: Any, flag: int) -> None:
    objects = {
        61: {"system_type": 1, "system_address": 1},
        62: {"system_type": 1, "system_address": 1, "component_address": 1},
        64: {"system_type": 1, "system_address": 1, "count": 1, "start": "AAAAAAAA"},
        84: {"count": 1, "start": "AAAAAAAA"},
        81: {},
    }
    like = {63: 62, 67: 62, 65: 61, 66: 61, 68: 61, 85: 81, 86: 81, 88: 81}
    doors = await collector()
    playing = simulate("127.0.0.1", doors.gb26875, source=SOURCE, centre=CENTRE, names=["heartbeat", "wrap"], udp=False)
    assert await anext(playing) == ("heartbeat", "")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", trust_env=False, timeout=20) as http:
        body = {"type": flag, "objects": [objects[like.get(flag, flag)]]}
        answer = await http.post("/transmitters/unit-1/request", json=body)
        duty = await http.post("/transmitters/unit-1/duty-check?minutes=1")
    assert (answer.status_code, answer.json()["type"]) == (200, flag - 60)
    assert duty.json()["answered"] is True
    await playing.aclose()

from pathlib import Path

import pytest

from bench.rig import Rig, detector_frame, eventually


@pytest.mark.integration
async def test_a_strangers_web_page_can_neither_act_on_an_incident_nor_feed_readings(tmp_path: Path) -> None:
    page = {"origin": "http://stranger.example", "content-type": "text/plain"}
    async with Rig(tmp_path, hydrants=1, detectors=1) as rig:
        await rig.transmitter.send(detector_frame(1, 0, status=2))
        base = f"http://{rig.settings.alerting.listen}"
        assert await eventually(lambda: opened(rig))
        wall = await rig.get("/api/wall")
        act = f"{base}/api/incidents/{wall['incidents'][0]['id']}/false_alarm"
        body = b'{"person": "nobody", "cause": "steam"}'
        answers = [await rig.client.post(url, content=body, headers=page) for url in (act, f"{base}/readings")]
        state = (await rig.get("/api/wall"))["incidents"][0]["state"]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert state == "suspected"


async def opened(rig: Rig) -> bool:
    return bool((await rig.get("/api/wall"))["incidents"])

from pathlib import Path

import httpx
import msgspec
import pytest

from bench.rig import Rig
from standpipe.model import clock
from standpipe.model.reading import ReadingBatch
from standpipe.model.signal import Lane


@pytest.mark.integration
async def test_what_a_collector_says_is_wrong_with_itself_stands_on_the_wall_until_it_is_mended(tmp_path: Path) -> None:
    trouble = {"zh": "缓存将满", "en": "spool 85 % full"}

    async def say(rig: Rig, *troubles: dict[str, str]) -> httpx.Response:
        batch = ReadingBatch(
            collector="other", lane=Lane.NORMAL, readings=[], sent_at=clock.now(), troubles=list(troubles)
        )
        url = f"http://{rig.settings.alerting.listen}/readings"
        return await rig.client.post(url, content=msgspec.json.encode(batch))

    async with Rig(tmp_path, hydrants=1, detectors=1) as rig:
        assert (await say(rig, trouble)).status_code == 200
        told = (await rig.get("/api/wall"))["problems"]
        await say(rig)
        mended = (await rig.get("/api/wall"))["problems"]
    assert trouble in told
    assert trouble not in mended

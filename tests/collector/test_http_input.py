"""HTTP push over a real socket: what is answered to what, and that an answer means that it is on disk."""

from typing import Any

import httpx
import pytest

GOOD = '{"device": "HY-1", "pressure_mpa": 0.3}'


def client(doors: Any, token: str = "") -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", headers=headers, trust_env=False)


ANSWERS = {
    "one object": ("hydrant_json", GOOD, 202, {"accepted": 1}),
    "a list": ("hydrant_json", f"[{GOOD}, {GOOD}]", 202, {"accepted": 2}),
    "an empty list": ("hydrant_json", "[]", 202, {"accepted": 0}),
    "somebody unknown": ("hydrant_json", '{"device": "HY-7", "x": 1}', 202, {"accepted": 1, "unknown": 1}),
    "a value of a wrong kind": ("hydrant_json", '{"device": "HY-1", "pressure_mpa": "a"}', 400, "pressure_mpa"),
    "no device": ("hydrant_json", '{"pressure_mpa": 0.3}', 400, "device"),
    "a device that is a number": ("hydrant_json", '{"device": 7}', 400, "device: Expected `str`"),
    "a device with a blank": ("hydrant_json", '{"device": "H 1"}', 400, "device: expected"),
    "not JSON": ("hydrant_json", "{pressure", 400, "body: JSON is malformed"),
    "a bare number": ("hydrant_json", "7", 400, "device"),
    "a list of numbers": ("hydrant_json", "[7, 8]", 400, "device"),
    "deep nesting": ("hydrant_json", "[" * 100_000, 400, "body"),
    "another type than registered": ("smoke_json", GOOD, 400, "sent as smoke_json, registered as hydrant_json"),
    "an unknown type": ("toaster", GOOD, 404, "no device type 'toaster'"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_is_answered(collector: Any, name: str) -> None:
    device_type, body, status, said = ANSWERS[name]
    async with client(await collector()) as http:
        answer = await http.post(f"/ingest/{device_type}", content=body.encode())
    assert answer.status_code == status
    assert answer.json() == said or str(said) in answer.json()["error"]


async def test_an_unknown_type_is_answered_with_the_known_ones(collector: Any) -> None:
    async with client(await collector()) as http:
        answer = await http.post("/ingest/toaster", content=GOOD)
    assert {"hydrant_json", "smoke_json"} <= set(answer.json()["known"])


async def test_one_bad_item_does_not_lose_the_good_ones(collector: Any) -> None:
    body = f'[{GOOD}, {{"device": "HY-1", "pressure_mpa": []}}, {{}}, {GOOD}]'
    async with client(await collector()) as http:
        answer = await http.post("/ingest/hydrant_json", content=body)
        kept = (await http.get("/quarantine")).json()
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [item["item"] for item in answer.json()["rejected"]] == [1, 2]
    assert {row["address"] for row in kept} == {"device:HY-1", "http:127.0.0.1"}


async def test_a_token_locks_everything_but_health(collector: Any) -> None:
    doors = await collector(collector={"http": {"token": "s3cret"}})
    async with client(doors) as stranger, client(doors, "s3cret") as friend:
        paths = ("/status", "/metrics", "/quarantine", "/health")
        assert [(await stranger.get(path)).status_code for path in paths] == [401, 401, 401, 200]
        assert [(await friend.get(path)).status_code for path in paths] == [200, 200, 200, 200]
        assert (await stranger.post("/ingest/hydrant_json", content=GOOD)).status_code == 401
        assert (await friend.post("/ingest/hydrant_json", content=GOOD)).status_code == 202


async def test_a_body_over_the_limit_is_refused(collector: Any) -> None:
    doors = await collector(collector={"http": {"max_body": 1000}})
    async with client(doors) as http:
        assert (await http.post("/ingest/hydrant_json", content=b"x" * 1001)).status_code == 413
        assert (await http.post("/ingest/hydrant_json", content=GOOD)).status_code == 202


async def test_status_and_metrics_tell_the_same_story(collector: Any, until: Any, sinks: Any) -> None:
    sink = await sinks()
    doors = await collector(influx={"url": sink.url, "version": "1"}, alerting={"url": sink.url})
    async with client(doors) as http:
        await http.post("/ingest/hydrant_json", content=f'[{GOOD}, {{"device": "HY-7"}}]')
        await until(lambda: sink.lines() and sink.devices())
        status = (await http.get("/status")).json()
        metrics = (await http.get("/metrics")).text
        missing = await http.get("/nothing")
    assert status["inputs"]["http"] == {
        "received": 2,
        "stored": 1,
        "quarantined": 1,
        "readings": 1,
    }
    assert set(status["spool"]["normal"]["outputs"]) == {"influxdb", "alerting"}
    assert status["spool"]["normal"]["last"] == 1
    assert 'standpipe_collector_received_total{at="http"} 2' in metrics
    assert 'standpipe_collector_lag_rows{lane="normal",output="influxdb"}' in metrics
    assert (missing.status_code, "/status" in missing.json()["known"]) == (404, True)


async def test_a_strangers_web_page_is_refused_everywhere_and_a_program_nowhere(collector: Any) -> None:
    async with client(await collector()) as http:
        page = {"origin": "http://evil.example"}
        rebound = {"host": "evil.example"}
        asked = [await http.post("/ingest/hydrant_json", content=GOOD, headers=headers) for headers in (page, rebound)]
        asked += [await http.get("/health", headers=page), await http.post("/write", content="a b=1", headers=page)]
        kept = (await http.get("/status")).json()["inputs"]
    assert [answer.status_code for answer in asked] == [403, 403, 403, 403]
    assert "another site" in asked[0].json()["error"]
    assert kept == {}


async def test_with_a_token_other_hosts_scrapers_get_in_and_pages_do_not(collector: Any) -> None:
    doors = await collector(collector={"http": {"token": "s3cret"}})
    scraper = {"host": "standpipe.example:8087"}
    async with client(doors, "s3cret") as http:
        asked = [await http.get(path, headers=scraper) for path in ("/metrics", "/ping", "/health")]
        assert [answer.status_code for answer in asked] == [200, 204, 200]
        assert (await http.get("/ping", headers=scraper | {"origin": "null"})).status_code == 403


async def test_a_carriers_push_with_a_secret_of_its_own_comes_by_any_name(collector: Any) -> None:
    doors = await collector(collector={"push": {"carrier": {"kind": "ctwing", "token": "theirs"}}})
    async with client(doors, "theirs") as http:
        answer = await http.post("/push/carrier", content="{}", headers={"host": "standpipe.example"})
    assert answer.status_code == 200

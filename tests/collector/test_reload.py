"""Device types renewed while everything runs: connections stay, what conforms is used, what does not stays old."""

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from plugins.catalogue import Catalogue, load_catalogue
from plugins.renewal import renew
from standpipe.model.gb26875.frame import OVERHEAD, Command, decode
from standpipe.model.registry import Device, Registry

MANIFEST = """\
name = "Somebody's valve"
kind = "valve"
models = ["*"]
status = "bench"
transport = ["http"]
labels = { zh = "阀门", en = "valve" }

[metrics]
opening = { unit = "%", low = 0, high = 100, label = { zh = "开度", en = "opening" } }

[json.fields]
opening = "open"
"""
SIGNALS = """
[json.signals]
fault = "stuck"
"""
SAMPLES = {
    "quiescent": "payload = '{\"open\": 40}'\nfields = { opening = 40.0 }\n",
    "malformed": "payload = '{'\nerror = \"truncated\"\n",
}
TENFOLD = 'opening = { key = "open", factor = 10 }'


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "types" / "town_valve"
    (made / "samples").mkdir(parents=True)
    (made / "device.toml").write_text(MANIFEST, encoding="utf-8")
    for name, text in SAMPLES.items():
        (made / "samples" / f"{name}.toml").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def catalogue(folder: Path) -> Catalogue:
    return load_catalogue([folder])


@pytest.fixture
def registry(registry: Registry) -> Registry:
    valve = Device(type="town_valve", address="device:V-1", site="town")
    return Registry(sites=registry.sites, zones=registry.zones, devices={**registry.devices, "valve-1": valve})


class Town:
    """A running collector with a sink behind it, one HTTP client and one transmitter that stay connected."""

    def __init__(self, sink: Any, http: httpx.AsyncClient, streams: tuple[Any, Any], frame_of: Any, until: Any) -> None:
        self.sink, self.http, self.frame_of, self.until = sink, http, frame_of, until
        self.reader, self.writer = streams
        self.serial = 0

    async def heartbeat(self) -> Command:
        self.serial += 1
        self.writer.write(self.frame_of(serial=self.serial))
        async with asyncio.timeout(5):
            answer = decode(await self.reader.readexactly(OVERHEAD))
        assert answer.serial == self.serial
        return Command(answer.command)

    async def say(self, **message: Any) -> str:
        known = len(self.valve_lines())
        answer = await self.http.post("/ingest/town_valve", json={"device": "V-1", **message})
        assert answer.status_code == 202, answer.text
        await self.until(lambda: len(self.valve_lines()) > known)
        return self.valve_lines()[-1].split(" ")[1]

    def valve_lines(self) -> list[str]:
        return [line for line in self.sink.lines() if line.startswith("valve,")]

    async def reload(self) -> dict[str, Any]:
        answer = await self.http.post("/plugins/reload")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def town(collector: Any, sinks: Any, folder: Path, frame_of: Any, until: Any) -> Any:
    sink = await sinks()
    doors = await collector(
        influx={"url": sink.url, "version": "1", "batch_age_ms": 10},
        alerting={"url": sink.url},
        plugins=[str(folder.parent)],
        collector={"gb26875": {"set_clocks": False}},
    )
    streams = await asyncio.open_connection("127.0.0.1", doors.gb26875)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{doors.http}", trust_env=False, timeout=60, limits=httpx.Limits(max_connections=4)
    ) as http:
        yield Town(sink, http, streams, frame_of, until)
    streams[1].close()


async def test_a_changed_type_is_used_at_once_and_no_connection_is_dropped(town: Town, folder: Path) -> None:
    assert await town.heartbeat() is Command.CONFIRM
    assert await town.say(open=4) == "opening=4.0"
    edit(folder / "device.toml", 'opening = "open"', TENFOLD)
    edit(folder / "samples" / "quiescent.toml", '"open": 40', '"open": 4')
    found = await town.reload()
    assert (found["renewed"], found["refused"], found["gone"]) == (["town_valve"], [], [])
    assert "hydrant_json" in found["unchanged"]
    assert await town.say(open=4) == "opening=40.0"
    assert await town.heartbeat() is Command.CONFIRM
    status = (await town.http.get("/status")).json()
    assert (status["connections"], status["inputs"]["gb26875"]["connections"]) == (1, 1)


async def test_a_type_that_fails_its_suite_stays_old_and_the_answer_says_why(town: Town, folder: Path) -> None:
    edit(folder / "device.toml", 'opening = "open"', TENFOLD)
    found = await town.reload()
    assert found["renewed"] == []
    assert "town_valve" in found["unchanged"]
    assert found["refused"][0]["file"].endswith("samples/quiescent.toml")
    assert "400.0, not 40.0" in found["refused"][0]["reason"]
    assert await town.say(open=4) == "opening=4.0"
    assert await town.heartbeat() is Command.CONFIRM


async def test_a_type_that_is_gone_stays_while_devices_are_registered_as_it(town: Town, folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "spare_valve")
    assert (await town.reload())["renewed"] == ["spare_valve"]
    shutil.rmtree(folder)
    found = await town.reload()
    assert "put it back" in found["refused"][0]["reason"]
    assert await town.say(open=4) == "opening=4.0"
    shutil.rmtree(folder.parent / "spare_valve")
    (folder.parent / "empty").mkdir()
    assert (await town.reload())["gone"] == ["spare_valve"]


async def test_a_new_type_can_be_posted_to_and_signals_declared_anew_are_written(town: Town, folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "new_valve")
    assert (await town.http.post("/ingest/new_valve", json={"device": "N-1"})).status_code == 404
    edit(folder / "device.toml", 'transport = ["http"]', 'transport = ["http"]\nsignals = ["fault"]')
    edit(folder / "device.toml", 'opening = "open"\n', 'opening = "open"\n' + SIGNALS)
    (folder / "samples" / "stuck.toml").write_text(
        'payload = \'{"open": 40, "stuck": true}\'\nfields = { opening = 40.0 }\nsignals = ["fault"]\n',
        encoding="utf-8",
    )
    found = await town.reload()
    assert (sorted(found["renewed"]), found["refused"]) == (["new_valve", "town_valve"], [])
    assert (await town.http.post("/ingest/new_valve", json={"device": "N-1"})).status_code == 202
    assert await town.say(open=4, stuck=False) == "opening=4.0,signal_fault=false"


async def test_devices_are_served_while_folders_are_tested(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(*args: Any, **named: Any) -> Any:
        assert go_on.wait(10)
        return renew(*args, **named)

    monkeypatch.setattr("collector.renewal.renew", slow)
    reload = asyncio.create_task(town.reload())
    assert await town.say(open=4) == "opening=4.0"
    assert await town.heartbeat() is Command.CONFIRM
    assert not reload.done()
    go_on.set()
    assert (await reload)["refused"] == []


async def test_only_who_has_the_token_may_reload(collector: Any) -> None:
    doors = await collector(collector={"http": {"token": "s3cret"}})
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", trust_env=False) as http:
        page = {"origin": "http://evil.example", "authorization": "Bearer s3cret"}
        assert (await http.post("/plugins/reload")).status_code == 401
        assert (await http.post("/plugins/reload", headers=page)).status_code == 403

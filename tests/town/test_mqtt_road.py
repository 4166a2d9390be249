"""Samples over a real broker, on the topics that the collector listens to."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gmqtt
import msgspec
import pytest

from standpipe.model.errors import Retryable
from standpipe.model.settings import Collector, Mqtt, Settings
from standpipe.town.devices import HydrantSample
from standpipe.town.roads import MqttRoad

SAMPLE = HydrantSample(
    device="HY-001", ts=1_795_320_000_000, pressure_mpa=0.31, battery=83.0, cap_open=False, rsrp=-84.0
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Settings]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    process = subprocess.Popen([program, "-p", str(port)], stderr=subprocess.DEVNULL, cwd=tmp_path)
    try:
        yield Settings(collector=Collector(mqtt=Mqtt(host="127.0.0.1", port=port)))
    finally:
        process.terminate()
        process.wait(10)


async def connect(road: MqttRoad) -> None:
    """Connect as soon as the broker listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await road.connect()
            except OSError:
                await asyncio.sleep(0.05)


@pytest.mark.integration
async def test_each_sample_goes_to_the_topic_of_its_device(broker: Settings) -> None:
    road = MqttRoad(broker)
    await connect(road)
    arrived: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    client: Any = gmqtt.Client
    listener = client("listener")

    async def on_message(_client: Any, topic: str, payload: bytes, _qos: int, _properties: Any) -> int:
        arrived.put_nowait((topic, payload))
        return 0

    listener.on_message = on_message
    subscribed = asyncio.Event()
    listener.on_subscribe = lambda *_: subscribed.set()
    await listener.connect("127.0.0.1", broker.collector.mqtt.port)
    listener.subscribe("standpipe/#", qos=1)
    await asyncio.wait_for(subscribed.wait(), 5)
    await road.send("hydrant_json", [SAMPLE])
    topic, payload = await asyncio.wait_for(arrived.get(), 5)
    await listener.disconnect()
    await road.close()
    assert topic == "standpipe/hydrant_json/HY-001"
    assert msgspec.json.decode(payload) == {
        "ts": 1_795_320_000_000,
        "pressure_mpa": 0.31,
        "battery": 83.0,
        "cap_open": False,
        "rsrp": -84.0,
    }


async def test_without_a_connection_a_sample_is_for_later() -> None:
    with pytest.raises(Retryable, match="broker"):
        await MqttRoad(Settings(collector=Collector(mqtt=Mqtt(host="127.0.0.1")))).send("hydrant_json", [SAMPLE])

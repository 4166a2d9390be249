"""The MQTT input against a real mosquitto: acknowledged after the disk, a broker that restarts, hostile topics."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from gmqtt import Client

from collector.inputs.mqtt import MqttInput
from collector.inputs.topic import TopicTemplate
from standpipe.model.errors import DecodeError
from standpipe.model.settings import Mqtt
from standpipe.model.signal import Lane


class Broker:
    """A mosquitto process on a port of its own."""

    def __init__(self, binary: str, folder: Path, port: int) -> None:
        self.binary, self.port, self.config = binary, port, folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
        )
        self.process: asyncio.subprocess.Process

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            self.binary, "-c", str(self.config), stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                return

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()


@pytest_asyncio.fixture
async def broker(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Broker]:
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin")
    if binary is None:
        pytest.skip("mosquitto is not installed")
    running = Broker(binary, tmp_path, free_port())
    # mosquitto started by root gives up its rights, and must still write its store.
    tmp_path.chmod(0o777)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture
async def publish(broker: Broker) -> AsyncIterator[Callable[..., Any]]:
    clients: list[Any] = []

    async def send(*messages: tuple[str, bytes]) -> None:
        client: Any = Client("publisher")  # type: ignore[no-untyped-call]
        clients.append(client)
        await client.connect("127.0.0.1", broker.port)
        for start in range(0, len(messages), 10):  # the broker takes 20 at a time
            for topic, payload in messages[start : start + 10]:
                client.publish(topic, payload, qos=1)
            async with asyncio.timeout(10):
                while not client._persistent_storage.is_empty:  # noqa: ASYNC110 - the library has no event for it
                    await asyncio.sleep(0.01)
        await client.disconnect()

    yield send


@pytest_asyncio.fixture
async def mqtt(room: Any, broker: Broker) -> AsyncIterator[MqttInput]:
    found = MqttInput(room.intake, Mqtt(host="127.0.0.1", port=broker.port, client_id="collector"))
    task = asyncio.create_task(found.run())
    await asyncio.wait_for(found.connected.wait(), 10)
    yield found
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def payloads(entries: Any) -> list[float]:
    return [entry.readings[0].fields["pressure"] for entry in entries]


@pytest.mark.integration
async def test_a_message_becomes_a_reading(room: Any, mqtt: MqttInput, publish: Any, until: Any) -> None:
    await publish(("standpipe/hydrant_json/HY-1", b'{"pressure_kpa": 301}'))
    await until(lambda: room.spool.last(Lane.NORMAL) == 1)
    (entry,) = await room.spool.cursor("any", Lane.NORMAL).read(10)
    assert (entry.readings[0].device, entry.readings[0].fields) == ("hydrant-1", {"pressure": 301.0})


@pytest.mark.integration
async def test_what_cannot_be_used_is_quarantined_and_acknowledged(
    room: Any, mqtt: MqttInput, publish: Any, until: Any
) -> None:
    await publish(
        ("standpipe/hydrant_json/HY-1", b"\xff\xfe"),
        ("standpipe/hydrant_json/nobody", b"{}"),
        ("standpipe/toaster/HY-1", b"{}"),
        ("standpipe/hydrant_json/two words", b"{}"),
        ("standpipe/hydrant_json/" + "x" * 500, b"{}"),
    )
    await until(lambda: room.counters.get("quarantined", "mqtt") == 5)
    causes = {row.cause for row in await room.spool.quarantine.listing()}
    assert causes == {"decode", "unknown", "type"}


@pytest.mark.integration
async def test_what_the_disk_refused_comes_again(room: Any, mqtt: MqttInput, publish: Any, until: Any) -> None:
    await room.spool.log.execute("PRAGMA query_only = 1")
    await publish(("standpipe/hydrant_json/HY-1", b'{"pressure_kpa": 302}'))
    await until(lambda: room.counters.get("refused", "mqtt") >= 1)
    room.spool.log._db.execute("PRAGMA query_only = 0")
    await until(lambda: room.counters.get("stored", "mqtt") == 1)
    assert room.spool.last(Lane.NORMAL) == 1


@pytest.mark.integration
async def test_messages_sent_while_we_are_away_arrive_when_we_are_back(
    room: Any, broker: Broker, publish: Any, until: Any
) -> None:
    settings = Mqtt(host="127.0.0.1", port=broker.port, client_id="collector")
    first = MqttInput(room.intake, settings)
    task = asyncio.create_task(first.run())
    await asyncio.wait_for(first.connected.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await publish(*(("standpipe/hydrant_json/HY-1", b'{"pressure_kpa": %d}' % n) for n in range(10)))
    room.tasks.append(asyncio.create_task(MqttInput(room.intake, settings).run()))
    await until(lambda: room.spool.last(Lane.NORMAL) >= 10)
    assert payloads(await room.spool.cursor("any", Lane.NORMAL).read(100)) == list(map(float, range(10)))


@pytest.mark.integration
async def test_a_broker_that_restarts_costs_nothing(
    room: Any, mqtt: MqttInput, broker: Broker, publish: Any, until: Any
) -> None:
    sent = 0
    for _ in range(3):
        numbers = range(sent, sent + 40)
        await publish(
            *(("standpipe/hydrant_json/HY-1", b'{"pressure_kpa": %d, "ts": %d}' % (n, 1789000000 + n)) for n in numbers)
        )
        sent += 40
        await broker.stop()
        await until(lambda: not mqtt.connected.is_set())
        await broker.start()
        await asyncio.wait_for(mqtt.connected.wait(), 20)
    await until(lambda: room.spool.last(Lane.NORMAL) >= sent)
    entries = await room.spool.cursor("any", Lane.NORMAL).read(1000)
    assert sorted(set(payloads(entries))) == list(map(float, range(sent)))


@pytest.mark.integration
async def test_chirpstack_events_are_opened_and_redelivery_is_one_reading(
    room: Any, broker: Broker, publish: Any, until: Any
) -> None:
    settings = Mqtt(host="127.0.0.1", port=broker.port, client_id="lora", format="chirpstack")
    lora = MqttInput(room.intake, settings, name="mqtt.lora")
    room.tasks.append(asyncio.create_task(lora.run()))
    await asyncio.wait_for(lora.connected.wait(), 10)
    event = (
        b'{"deduplicationId": "a", "time": "2026-11-22T08:00:00Z", "object": {"pressure_mpa": 0.3}, '
        b'"deviceInfo": {"devEui": "0101010101010101"}}'
    )
    await publish(*[("application/1/device/0101010101010101/event/up", event)] * 2, ("application/1/x", b"{}"))
    await until(lambda: room.counters.get("duplicate", "mqtt.lora") == 1)
    (entry,) = await room.spool.cursor("any", Lane.NORMAL).read(10)
    assert (entry.readings[0].device, entry.readings[0].fields) == ("lora-1", {"pressure": 300.0})


@pytest.mark.integration
async def test_collectors_share_a_subscription(room: Any, broker: Broker, publish: Any, until: Any) -> None:
    for name in ("one", "two"):
        settings = Mqtt(host="127.0.0.1", port=broker.port, client_id=name, share="collectors")
        shared = MqttInput(room.intake, settings, name=name)
        room.tasks.append(asyncio.create_task(shared.run()))
        await asyncio.wait_for(shared.connected.wait(), 10)
    await publish(*(("standpipe/hydrant_json/HY-1", b'{"pressure_kpa": %d}' % n) for n in range(20)))
    await until(lambda: room.spool.last(Lane.NORMAL) == 20)
    counts = [room.counters.get("stored", name) for name in ("one", "two")]
    assert sum(counts) == 20
    assert min(counts) > 0


async def test_a_broker_that_is_not_there_is_waited_for(room: Any, free_port: Any) -> None:
    lonely = MqttInput(room.intake, Mqtt(host="127.0.0.1", port=free_port()))
    task = asyncio.create_task(lonely.run())
    await asyncio.sleep(0.3)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("template", "topic", "found"),
    [
        ("standpipe/{device_type}/{device}", "standpipe/smoke_json/SM-1", ("smoke_json", "SM-1")),
        ("{device}/up/{device_type}", "SM-1/up/smoke_json", ("smoke_json", "SM-1")),
    ],
)
def test_a_topic_is_read_by_its_template(template: str, topic: str, found: tuple[str, str]) -> None:
    assert TopicTemplate(template).read(topic) == found


@pytest.mark.parametrize("topic", ["standpipe/a", "standpipe/a/b/c", "other/a/b", ""])
def test_a_topic_that_does_not_fit_says_so(topic: str) -> None:
    with pytest.raises(DecodeError, match="does not fit"):
        TopicTemplate("standpipe/{device_type}/{device}").read(topic)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("standpipe/{device}", "lacks {device_type}"),
        ("a/{device}/{device}/{device_type}", "twice"),
        ("a/+/{device}/{device_type}", "expected plain text"),
        ("a/x{device}/{device_type}", "expected plain text"),
        ("a/{color}/{device}/{device_type}", "expected plain text"),
    ],
)
def test_a_wrong_template_is_refused_with_the_reason(template: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        TopicTemplate(template)

"""How samples reach the collector, by HTTP or MQTT; while they cannot, a device keeps them. Makes no samples."""

import json
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import gmqtt
import httpx
import msgspec

from standpipe.model.errors import Rejected, Retryable
from standpipe.model.settings import Settings
from standpipe.town.devices import HydrantSample, SmokeSample

Sample: TypeAlias = HydrantSample | SmokeSample

MEMORY = 2_000
"""Samples that a device keeps while nobody takes them; then the oldest go."""
BATCH = 100


class Road(Protocol):
    """A way to the collector. `send` returns when the samples were taken, or raises Retryable or Rejected."""

    async def send(self, device_type: str, samples: Sequence[Sample]) -> None:
        """Hand samples over."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class HttpRoad:
    """`POST /ingest/{device_type}`: one object, or a list of those that had to wait."""

    def __init__(self, url: str, *, token: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take the collector's base URL; `transport` replaces the network in tests."""
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=5.0,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=60),
            transport=transport,
            trust_env=False,
        )

    async def send(self, device_type: str, samples: Sequence[Sample]) -> None:
        """Post the samples; 202 is the collector's word that they are on its disk."""
        body = msgspec.json.encode(samples[0] if len(samples) == 1 else samples)
        try:
            answer = await self._client.post(f"/ingest/{device_type}", content=body)
        except httpx.HTTPError as err:
            raise Retryable(repr(err)) from None
        if answer.status_code >= 500:
            raise Retryable(f"status {answer.status_code}")
        if not answer.is_success:
            raise Rejected(f"status {answer.status_code}: {answer.text[:200]}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class MqttRoad:
    """One topic per device, QoS 1, through a broker."""

    def __init__(self, settings: Settings) -> None:
        """Take where the broker is; `connect` goes there."""
        self._mqtt = settings.collector.mqtt
        client: Any = gmqtt.Client
        self._client = client("standpipe-demo-town", clean_session=True)
        if self._mqtt.username:
            self._client.set_auth_credentials(self._mqtt.username, self._mqtt.password)

    async def connect(self) -> None:
        """Connect; gmqtt reconnects by itself from then on. Raises OSError when there is no broker."""
        await self._client.connect(self._mqtt.host, self._mqtt.port)

    async def send(self, device_type: str, samples: Sequence[Sample]) -> None:
        """Publish each sample on its device's topic."""
        if not self._client.is_connected:
            raise Retryable("no connection to the broker")
        for sample in samples:
            topic = self._mqtt.topic.format(device_type=device_type, device=sample.device)
            body = msgspec.to_builtins(sample)
            del body["device"]
            self._client.publish(topic, json.dumps(body), qos=1)

    async def close(self) -> None:
        """Say goodbye to the broker."""
        await self._client.disconnect()


class Reporter:
    """One device's memory: samples in, handed over in order, kept while nobody takes them."""

    def __init__(self, device_type: str, road: Road) -> None:
        """Start with nothing kept."""
        self._device_type = device_type
        self._road = road
        self._kept: deque[Sample] = deque(maxlen=MEMORY)
        self._busy = False
        self.sent = 0
        self.refused = 0
        self.reason = ""
        """Why the last attempt failed; empty after one that did not."""

    @property
    def kept(self) -> int:
        """Return how many samples wait."""
        return len(self._kept)

    async def report(self, sample: Sample) -> bool:
        """Keep a sample and try to hand over all that waits. Returns whether nothing is left."""
        self._kept.append(sample)
        if self._busy:
            return False
        self._busy = True
        try:
            while self._kept:
                batch = list(self._kept)[:BATCH]
                try:
                    await self._road.send(self._device_type, batch)
                    self.sent += len(batch)
                    self.reason = ""
                except Rejected as err:
                    self.refused += len(batch)
                    self.reason = str(err)
                except Retryable as err:
                    self.reason = str(err)
                    return False
                while self._kept and self._kept[0] in batch:
                    self._kept.popleft()
        finally:
            self._busy = False
        return True

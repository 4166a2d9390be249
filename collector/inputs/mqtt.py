"""MQTT client at QoS 1: a message is acknowledged to the broker when it is on disk. Never keeps messages itself.

The session outlives the connection, so what was not acknowledged comes again; each connection is a client of its own,
so an answer that is late can never acknowledge another connection's message.
"""

import asyncio
import logging
import random
import ssl
from functools import partial
from struct import Struct
from typing import Any

from gmqtt import Client
from gmqtt.mqtt.handler import MQTTConnectError

from collector.arrival import Arrival
from collector.inputs.mqtt_formats import Reader, reader_of
from collector.intake import Intake
from collector.record import Quarantined
from standpipe.model import clock
from standpipe.model.errors import DecodeError
from standpipe.model.settings import Mqtt

log = logging.getLogger(__name__)

RECEIVE_MAXIMUM = 1_000
"""Messages that the broker may have under way to us unacknowledged: the back-pressure (MQTT 5.0, 3.1.2.11.3)."""
SESSION_SECONDS = 7 * 86_400
"""How long the broker keeps our session, and what comes for it, while we are away."""
CONNECT_SECONDS = 10.0
STABLE_SECONDS = 30.0
"""A connection that held this long starts the next back-off from the beginning."""
LONGEST_PAUSE = 30.0
_PUBACK = Struct(">HH").pack
"""Header and packet identifier: a reason code of success may be left out (MQTT 5.0, 3.4.2.1)."""
_quiet = logging.getLogger("collector.inputs.mqtt.gmqtt")
_quiet.setLevel(logging.CRITICAL)  # it reports every step; what matters is logged here


class MqttInput:
    """Keeps one subscription alive."""

    def __init__(self, intake: Intake, settings: Mqtt, *, name: str = "mqtt") -> None:
        """Take where uplinks go; `name` is the counters' label. Raises ValueError when the topic template is wrong."""
        self._intake = intake
        self._settings = settings
        self._name = name
        self._reader: Reader = reader_of(settings)
        share = f"$share/{settings.share}/" if settings.share else ""
        self._subscription = share + self._reader.subscription
        self.connected = asyncio.Event()
        """Set while the subscription is in force."""

    async def run(self) -> None:
        """Connect, receive, connect again with growing pauses, until cancelled."""
        pause = 0.5
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._session()
            except (OSError, MQTTConnectError, TimeoutError) as err:
                reason = f"{type(err).__name__}: {err}"
            else:
                reason = "connection lost"
            if loop.time() - started > STABLE_SECONDS:
                pause = 0.5
            log.warning("mqtt not connected host=%s reason=%s again_in=%.1fs", self._settings.host, reason, pause)
            await asyncio.sleep(pause * random.uniform(0.7, 1.0))  # noqa: S311 - spreads clients, hides nothing
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _session(self) -> None:
        """One connection from start to end. Raises OSError, TimeoutError or MQTTConnectError when there is none."""
        lost = asyncio.Event()
        client: Any = Client(  # type: ignore[no-untyped-call]
            self._settings.client_id,
            clean_session=False,
            optimistic_acknowledgement=False,
            session_expiry_interval=SESSION_SECONDS,
            receive_maximum=RECEIVE_MAXIMUM,
            logger=_quiet,
        )
        client.set_config({"reconnect_retries": -2, "reconnect_delay": 0})  # below any count: never by itself
        if self._settings.username:
            client.set_auth_credentials(self._settings.username, self._settings.password or None)

        messages = _Messages(self._reader, self._intake, self._name, client, lost)

        def on_subscribe(_: Client, __: int, granted: tuple[int, ...], ___: Any) -> None:
            if any(qos >= 128 for qos in granted):
                log.error("mqtt broker refuses the subscription topic=%s", self._subscription)
                lost.set()
                return
            self.connected.set()
            log.info("mqtt subscribed host=%s topic=%s", self._settings.host, self._subscription)

        # gmqtt would start a task for each message. Its own step between parsing and the message's handler is taken
        # instead: messages of one read go to the disk together and are acknowledged with one write.
        client._package_handler._handle_qos_1_publish_packet = messages.numbered
        client.on_message = messages.unnumbered
        client.on_connect = lambda client, *_: client.subscribe(self._subscription, qos=1)
        client.on_subscribe = on_subscribe
        client.on_disconnect = lambda *_: lost.set()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.connect(self._settings.host, self._settings.port, ssl=_tls(self._settings), keepalive=30)
            await lost.wait()
        finally:
            self.connected.clear()
            try:
                async with asyncio.timeout(2):
                    await client.disconnect()
            except (OSError, TimeoutError, AttributeError) as err:  # AttributeError: gmqtt, when it never connected
                log.debug("mqtt connection was gone already reason=%s", err)


class _Messages:
    """Messages of one connection, from the broker to the disk and the acknowledgement back."""

    def __init__(self, reader: Reader, intake: Intake, name: str, client: Any, lost: asyncio.Event) -> None:
        """Take what messages mean, where they go, and what to set when the connection is of no use any more."""
        self._reader = reader
        self._intake = intake
        self._name = name
        self._client = client
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._pending: list[tuple[int, str, bytes, bool]] = []

    def numbered(self, number: int, payload: bytes, topic: str, properties: dict[str, Any]) -> None:
        """Take a message of QoS 1; `number` is its packet identifier, above 0."""
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append((number, topic, payload, bool(properties.get("dup"))))

    def unnumbered(self, _: Client, topic: str, payload: bytes, __: int, properties: dict[str, Any]) -> None:
        """Take a message of QoS 0, which nobody waits for."""
        self.numbered(0, payload, topic, properties)

    def _flush(self) -> None:
        """Hand on everything that one read brought."""
        pending, self._pending = self._pending, []
        now = clock.now()
        arrivals: list[Arrival] = []
        strange: list[Quarantined] = []
        good: list[int] = []
        bad: list[int] = []
        for number, topic, payload, again in pending:
            try:
                found = self._reader.read(topic, payload, source=self._name, received_at=now, again=again)
            except DecodeError as err:
                strange.append(_strange(f"{self._name}:{topic[:150]}", str(err)[:300], payload, now))
                bad.append(number)
                continue
            if not found:
                self._intake.count_empty(self._name)
            arrivals += found
            good.append(number)
        if strange:
            self._intake.quarantine(self._name, strange).add_done_callback(partial(self._acknowledge, bad))
        if good:
            self._intake.take(self._name, arrivals).durable.add_done_callback(partial(self._acknowledge, good))

    def _acknowledge(self, numbers: list[int], durable: "asyncio.Future[None]") -> None:
        """Tell the broker what is on disk."""
        error = None if durable.cancelled() else durable.exception()
        if durable.cancelled() or error is not None:
            # Without an acknowledgement the broker sends it again, but only to a new connection.
            log.warning("mqtt messages not acknowledged count=%d reason=%s", len(numbers), error)
            self._lost.set()
        elif not self._lost.is_set():
            self._client._connection.send_package(b"".join([_PUBACK(0x4002, number) for number in numbers if number]))


def _strange(address: str, reason: str, payload: bytes, now: int) -> Quarantined:
    return Quarantined(address=address, device_type="", cause="decode", reason=reason, payload=payload, at=now)


def _tls(settings: Mqtt) -> ssl.SSLContext | bool:
    """Return what the connection is wrapped in. Raises OSError when the certificates cannot be read."""
    return ssl.create_default_context(cafile=settings.ca_file or None) if settings.tls else False

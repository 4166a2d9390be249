"""Modbus TCP poller: asks every slave at its own interval, each in a task of its own, so that a dead one slows nobody.

A value's meaning is in the register map of the settings; its device, type and limits are in the registry and catalogue.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from collector.arrival import Arrival
from collector.identify import Refusal
from collector.inputs.modbus_map import Block, blocks, fields
from collector.intake import Intake
from collector.pipeline import Times, lane_of, resend_key
from collector.record import Kept, Quarantined, Record, encode
from standpipe.model import clock
from standpipe.model.duration import parse_duration
from standpipe.model.errors import DecodeError, Retryable
from standpipe.model.reading import Observation
from standpipe.model.settings import Modbus, ModbusDevice, ModbusMap

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient

log = logging.getLogger(__name__)

NAME = "modbus"


class ModbusPoller:
    """All slaves."""

    def __init__(self, intake: Intake, settings: Modbus) -> None:
        """Take where readings go. Raises ValueError when a device names no map or a wrong duration."""
        self._intake = intake
        self._slaves: list[Slave] = []
        for name, device in settings.device.items():
            if device.map not in settings.map:
                raise ValueError(
                    f"modbus device {name}: no map {device.map!r}; known: {', '.join(settings.map) or 'none'}"
                )
            self._slaves.append(Slave(intake, name, device, settings.map[device.map]))

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            for slave in self._slaves:
                group.create_task(slave.run(), name=f"modbus {slave.name}")


class Slave:
    """One device behind one connection."""

    def __init__(self, intake: Intake, name: str, device: ModbusDevice, map_: ModbusMap) -> None:
        """Take the device and its registers."""
        self.name = name
        self._intake = intake
        self._device = device
        self._map = map_
        self._blocks = blocks(map_)
        self._interval = parse_duration(device.interval) / 1000
        self._timeout = parse_duration(device.timeout) / 1000
        self._silent = False

    async def run(self) -> None:
        """Ask at the interval, from a random start so that not all are asked at once."""
        from pymodbus.client import AsyncModbusTcpClient  # noqa: PLC0415 - only who polls pays for it

        client = AsyncModbusTcpClient(
            self._device.host, port=self._device.port, timeout=self._timeout, retries=0, reconnect_delay=0
        )
        loop = asyncio.get_running_loop()
        due = loop.time() + self._interval * random.random()  # noqa: S311 - spreads the questions
        try:
            while True:
                await asyncio.sleep(max(0.0, due - loop.time()))
                due = max(due + self._interval, loop.time())
                await self._poll(client)
        finally:
            client.close()

    async def _poll(self, client: "AsyncModbusTcpClient") -> None:
        """Ask once; what comes is kept, what fails is counted and asked again next time."""
        from pymodbus.exceptions import ModbusException  # noqa: PLC0415 - as above

        try:
            async with asyncio.timeout(self._timeout * (1 + len(self._blocks))):
                if not client.connected and not await client.connect():
                    raise ConnectionError("no connection")
                answers = {block: await self._ask(client, block) for block in self._blocks}
        except (OSError, TimeoutError, ModbusException) as err:
            self._intake.counters.add("polls_failed", NAME)
            client.close()
            if not self._silent:
                log.warning("slave does not answer device=%s reason=%s: %s", self.name, type(err).__name__, err)
            self._silent = True
            return
        if self._silent:
            log.info("slave answers again device=%s", self.name)
        self._silent = False
        await self._keep(answers)

    async def _ask(self, client: "AsyncModbusTcpClient", block: Block) -> Sequence[int]:
        """Return a block's registers, or its bits as 0 and 1. Raises ConnectionError for an error answer."""
        ask = {
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
        }[block.table]
        answer = await ask(block.start, count=block.count, device_id=self._device.unit)
        if answer.isError():
            raise ConnectionError(f"{block.table} {block.start}: {answer}")
        words = answer.bits if block.table in ("coil", "discrete") else answer.registers
        if len(words) < block.count:
            raise ConnectionError(f"{block.table} {block.start}: {len(words)} of {block.count} came")
        return [int(word) for word in words]

    async def _keep(self, answers: dict[Block, Sequence[int]]) -> None:
        now = clock.now()
        address = f"modbus:{self.name}"
        payload = msgspec.json.encode({f"{block.table} {block.start}": words for block, words in answers.items()})
        pipeline = self._intake.pipeline
        sender = pipeline.directory.admit(Arrival(source=NAME, address=address, payload=payload, received_at=now))
        kept: list[Kept] = []
        bad: list[Quarantined] = []
        if isinstance(sender, Refusal):
            bad.append(_bad(address, sender.device_type, sender.cause, sender.reason, payload, now))
        else:
            try:
                seen = Observation(fields=fields(self._map, answers))
                readings = pipeline.stamp(
                    [seen], sender, Times(received_at=now), source=NAME, key=resend_key(address, payload)
                )
                record = Record(NAME, address, b"", payload, readings)
                kept.append(Kept(lane_of(readings), record, encode(record)))
            except DecodeError as err:
                bad.append(_bad(address, sender.device.type, "decode", str(err), payload, now))
        try:
            await asyncio.shield(self._intake.keep(NAME, kept, bad, good=len(kept)))
        except Retryable as err:
            log.warning("poll not kept device=%s reason=%s", self.name, err)


def _bad(address: str, device_type: str, cause: str, reason: str, payload: bytes, now: int) -> Quarantined:
    return Quarantined(
        address=address, device_type=device_type, cause=cause, reason=reason[:300], payload=payload, at=now
    )

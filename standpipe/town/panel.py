"""The warehouse's fire panel: drives a Transmitter over real TCP and turns commands of the story into its frames.

It connects, says its status, sends heartbeats, reconnects when the line is dead, and never forgets a fire.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from standpipe.model.gb26875.encode import adu
from standpipe.model.gb26875.frame import time_label
from standpipe.model.gb26875.objects import ComponentState, TransmitterState
from standpipe.model.gb26875.text import write_description
from standpipe.model.signal import Lane
from standpipe.town.transmitter import Ticket, Transmitter

log = logging.getLogger(__name__)

HEARTBEAT = 20_000
"""Milliseconds between signs of life."""
CONNECT_TIMEOUT = 5.0
RECONNECT_PAUSE = 1.0
"""Seconds."""

NORMAL, FIRE, FAULT, SHIELDED = 0x0001, 0x0003, 0x0005, 0x0009
"""Component status words (fig. 7)."""
MAINS_FAULT = 0x09
"""Transmitter status: normal monitoring, main power fault (fig. 13)."""
SYSTEM = (1, 1)
"""System type 1 (fire alarm system), system address 1."""


class Panel:
    """A panel behind a user information transmission device."""

    def __init__(
        self, *, source: bytes, host: str, port: int, clock: Callable[[], int], utc_offset: int = 28_800
    ) -> None:
        """Take the transmitter's 6 address bytes, where the centre listens, and a clock in epoch ms."""
        self.transmitter = Transmitter(source=source, utc_offset=utc_offset)
        self._host, self._port = host, port
        self._clock = clock
        self._utc_offset = utc_offset
        self._wake = asyncio.Event()
        self.connections = 0

    def component(self, kind: int, address: int, *, status: int, text: str = "") -> Ticket:
        """Report one component's state (type 2): `kind` by table 5, `status` as in figure 7. Fire goes first."""
        now = self._clock()
        label = time_label(now, self._utc_offset)
        state = ComponentState(*SYSTEM, kind, address, status, write_description(text), label)
        ticket = self.transmitter.submit(
            adu(2, [state]), now, lane=Lane.FIRE if status & FIRE & ~NORMAL else Lane.NORMAL
        )
        self._wake.set()
        return ticket

    def status(self, status: int = NORMAL) -> Ticket:
        """Report the transmitter's own state (type 21)."""
        now = self._clock()
        state = TransmitterState(status, time_label(now, self._utc_offset))
        ticket = self.transmitter.submit(adu(21, [state]), now)
        self._wake.set()
        return ticket

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        while True:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
            except (OSError, TimeoutError) as err:
                log.warning("panel cannot connect to=%s:%d reason=%s", self._host, self._port, err)
            else:
                self.connections += 1
                try:
                    await self._talk(reader, writer)
                except OSError as err:
                    log.warning("panel lost its line reason=%s", err)
                finally:
                    writer.close()
                    with contextlib.suppress(OSError, TimeoutError):
                        async with asyncio.timeout(1.0):
                            await writer.wait_closed()
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Exchange frames on one connection until it ends or is found dead."""
        machine = self.transmitter
        machine.connected()
        self.status()
        last = self._clock()
        read = asyncio.create_task(reader.read(4096))
        woken = asyncio.create_task(self._wake.wait())
        try:
            while not machine.exhausted(self._clock()):
                if machine.waiting == 0 and self._clock() - last >= HEARTBEAT:
                    machine.submit(b"", self._clock())
                if out := machine.outgoing(self._clock()):
                    last = self._clock()
                    writer.write(out)
                    await writer.drain()
                due = machine.due_at()
                until = last + HEARTBEAT if due is None else due
                pause = max(0.0, (until - self._clock()) / 1000)
                await asyncio.wait({read, woken}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if woken.done():
                    self._wake.clear()
                    woken = asyncio.create_task(self._wake.wait())
                if read.done():
                    data = read.result()
                    if not data:
                        return
                    writer.write(machine.received(data, self._clock()))
                    read = asyncio.create_task(reader.read(4096))
        finally:
            read.cancel()
            woken.cancel()

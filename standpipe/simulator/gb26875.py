"""A GB/T 26875.3 transmitter over TCP or UDP that plays scenarios and says which answers did not come."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from standpipe.model import clock
from standpipe.model.gb26875.frame import Command, Frame, Stream, time_label
from standpipe.simulator.gb26875_scenarios import SCENARIOS, STREAM_ONLY, Sender, Step, reply

_ANSWERS = frozenset({int(Command.CONFIRM), int(Command.DENY)})
PATIENCE = 10.0
"""Seconds to wait for an answer (GB/T 26875.3-2011 6.5.4)."""


class Simulator(asyncio.Protocol, asyncio.DatagramProtocol):
    """One transmitter; answers what the centre asks while it plays."""

    def __init__(self, sender: Sender) -> None:
        """Take what builds its frames."""
        self._sender = sender
        self._stream = Stream()
        self._transport: Any = None
        self._news = asyncio.Event()
        self.answers: list[tuple[int, int]] = []
        self.asked: list[Frame] = []
        """What the centre sent of its own accord."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002 - asyncio's signature
        """Take one datagram."""
        self.data_received(data)

    def data_received(self, data: bytes) -> None:
        """Sort answers from questions, and answer the questions."""
        for _, frame in self._stream.feed(data):
            if not isinstance(frame, Frame):
                continue
            if frame.command in _ANSWERS:
                self.answers.append((frame.command, frame.serial))
            else:
                self.asked.append(frame)
                self.send(reply(self._sender, frame))
        self._news.set()

    def send(self, data: bytes) -> None:
        """Write bytes; over UDP one datagram."""
        if data:
            getattr(self._transport, "sendto", self._transport.write)(data)

    async def play(self, step: Step) -> str:
        """Send a step and wait for its answers; return what is missing in words, empty when all came."""
        self.answers.clear()
        self.send(step.data)
        try:
            async with asyncio.timeout(PATIENCE):
                while len(self.answers) < len(step.answers):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return f"{len(self.answers)} of {len(step.answers)} answers in {PATIENCE:g} s"
        await asyncio.sleep(0)
        due, came = sorted(step.answers), sorted(self.answers[: len(step.answers)])
        return "" if due == came else f"expected (command, serial) {due}, got {came}"


async def simulate(
    host: str, port: int, *, source: bytes, centre: bytes, names: list[str], udp: bool, utc_offset: int = 28_800
) -> AsyncGenerator[tuple[str, str], None]:
    """Play scenarios one after the other; yield (name, what went wrong or nothing). Raises OSError."""
    sender = Sender(source, centre, lambda: time_label(clock.now(), utc_offset))
    loop = asyncio.get_running_loop()
    transport: asyncio.BaseTransport
    if udp:
        transport, simulator = await loop.create_datagram_endpoint(lambda: Simulator(sender), remote_addr=(host, port))
    else:
        transport, simulator = await loop.create_connection(lambda: Simulator(sender), host, port)
    try:
        for name in names:
            if udp and name in STREAM_ONLY:
                continue
            wrong = ""
            for step in SCENARIOS[name](sender):
                wrong = wrong or await simulator.play(step)
            yield name, wrong
    finally:
        transport.close()

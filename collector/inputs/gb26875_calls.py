"""What the centre sends to transmitters of its own accord, and the answers it waits for. Owns no socket.

Control (command 1) is confirmed or denied; a request (command 4) is answered with command 5 and type T - 60. Both are
sent again when nothing comes (GB/T 26875.3-2011 6.2, 6.4, 6.5.4, 6.5.5).
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from collector.identify import Directory
from collector.inputs.gb26875_answer import Answers
from standpipe.model import clock
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.gb26875.frame import Command, Frame, encode

if TYPE_CHECKING:
    from collector.inputs.gb26875_frames import Wire

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds to wait for an answer (6.5.4)."""
RESENDS = 3
"""Times to send again (6.5.5)."""
DAY = 86_400_000
CONTROLS = frozenset({89, 90, 91})
"""Types that are sent with command 1; all others that a centre sends are requests."""
CLOCK = 90
INSPECTION = 91
_INSPECTION_ANSWER = 0x20
"""Bit 5 of a transmitter operation (type 24): somebody answered the duty check (fig. 14)."""


class Link:
    """Where a registered transmitter was heard last, and what it owes us."""

    __slots__ = ("centre", "clock_set_at", "duty", "heard_at", "serial", "source", "waiting", "wire")

    def __init__(self, wire: "Wire", frame: Frame, now: int) -> None:
        """Take the way that its last frame came."""
        self.wire = wire
        self.source = frame.source
        self.centre = frame.destination
        """What it calls us."""
        self.heard_at = now
        self.serial = 0
        """Of our next frame to it (6.1: counted by each side for itself, from 0)."""
        self.clock_set_at = 0
        self.waiting: dict[int, asyncio.Future[Frame]] = {}
        self.duty: list[asyncio.Future[int]] = []


class Calls:
    """All links by wire address, and one conversation after the other on each."""

    def __init__(self, directory: Directory, answers: Answers, *, set_clocks: bool) -> None:
        """Take who is registered: nobody else is called. `set_clocks`: on connecting and daily."""
        self._directory = directory
        self._answers = answers
        self._set_clocks = set_clocks
        self._links: dict[str, Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def links(self) -> dict[str, Link]:
        """Return the registered transmitters heard since the start, by wire address."""
        return self._links

    def heard(self, wire: "Wire", frame: Frame, now: int) -> None:
        """Note where a transmitter is; set its clock when it is new here, or when a day has passed."""
        link = self._links.get(frame.address)
        if link is None or link.wire is not wire:
            link = self._welcome(wire, frame, now, link)
            if link is None:
                return
        link.heard_at = now
        if self._set_clocks and now - link.clock_set_at >= DAY:
            link.clock_set_at = now
            task = asyncio.create_task(self._set_clock(frame.address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if link.duty and frame.adu[:1] == b"\x18" and len(frame.adu) > 2 and frame.adu[2] & _INSPECTION_ANSWER:
            for waiter in link.duty:
                if not waiter.done():
                    waiter.set_result(now)
            link.duty.clear()

    def answered(self, frame: Frame) -> None:
        """Give a confirm, deny or response to whoever waits for it."""
        link = self._links.get(frame.address)
        waiter = link.waiting.get(frame.serial) if link else None
        if waiter is not None and not waiter.done():
            waiter.set_result(frame)

    async def call(self, address: str, adu: bytes) -> Frame:
        """Send a control or a request until it is answered; return the confirm or the response.

        Raises Retryable when the transmitter is not connected or never answered, Rejected when it denied every time or
        answered with another type.
        """
        link = self._links.get(address)
        if link is None:
            raise Retryable(f"{address} was not heard since the collector started")
        serial, link.serial = link.serial, (link.serial + 1) & 0xFFFF
        command = Command.CONTROL if adu[0] in CONTROLS else Command.REQUEST
        wanted = bytes([adu[0] - 60]) if command == Command.REQUEST else b""
        denied = False
        try:
            for _ in range(1 + RESENDS):
                waiter: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
                link.waiting[serial] = waiter
                link.wire.write(self._frame(link, serial, command, adu, address))
                try:
                    answer = await asyncio.wait_for(waiter, TIMEOUT)
                except TimeoutError:
                    continue
                denied = answer.command == Command.DENY
                if not denied and (not wanted or answer.adu[:1] == wanted):
                    return answer
        finally:
            link.waiting.pop(serial, None)
        if denied:
            raise Rejected(f"{address} denied type {adu[0]}")
        raise Retryable(f"{address} did not answer type {adu[0]}, sent {1 + RESENDS} times")

    async def check_duty(self, address: str, minutes: int) -> int | None:
        """Ask whether somebody is on duty; return when somebody answered (epoch ms), None when nobody did in time.

        Raises as `call` does when not even the transmitter answers.
        """
        link = self._links.get(address)
        if link is None:
            raise Retryable(f"{address} was not heard since the collector started")
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        link.duty.append(waiter)
        await self.call(address, bytes([INSPECTION, 1, minutes]))
        try:
            return await asyncio.wait_for(waiter, minutes * 60)
        except TimeoutError:
            return None

    def gone(self, wire: "Wire") -> None:
        """Forget a way that is closed."""
        link = self._links.get(wire.address)
        if link is not None and link.wire is wire:
            del self._links[wire.address]

    async def close(self) -> None:
        """Stop setting clocks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _welcome(self, wire: "Wire", frame: Frame, now: int, old: Link | None) -> Link | None:
        """Return the link of a registered transmitter that may speak from there, else None."""
        wire.address = frame.address
        sender = self._directory.find(frame.address)
        if sender is None or not sender.allows(wire.peer):
            return None
        link = Link(wire, frame, now)
        if old is not None:
            link.serial, link.duty, link.waiting = old.serial, old.duty, old.waiting
        self._links[frame.address] = link
        return link

    def _frame(self, link: Link, serial: int, command: Command, adu: bytes, address: str) -> bytes:
        now = clock.now()
        label = self._answers.label(address, now)
        body = adu[:2] + label if adu[0] == CLOCK else adu
        return encode(
            Frame(serial=serial, command=command, source=link.centre, destination=link.source, adu=body, time=label)
        )

    async def _set_clock(self, address: str) -> None:
        try:
            await self.call(address, bytes([CLOCK, 1]) + bytes(6))
        except (Retryable, Rejected) as err:
            log.info("clock not set address=%s reason=%s", address, err)

"""Transmitters that send as fast as they are confirmed, a window of frames each. A process of its own.

`python -m bench.collector_load PORT CONNECTIONS FRAMES WINDOW` prints the seconds it took.
"""

import asyncio
import sys
import time

import uvloop

from standpipe.model.gb26875.frame import Frame, encode

FIRST_SOURCE = 0xA000
ANSWER = 30


def source(index: int) -> bytes:
    """Return the wire address of one transmitter."""
    return (FIRST_SOURCE + index).to_bytes(6, "big")


def frames(index: int, count: int) -> list[bytes]:
    """Return different frames of one transmitter: type 2, one component, normal."""
    found = []
    for number in range(count):
        adu = bytes([2, 1, 1, 1, 40]) + (number % 500).to_bytes(4, "little") + b"\x01\x00" + bytes(31) + bytes(6)
        found.append(
            encode(Frame(serial=number & 0xFFFF, command=2, source=source(index), destination=bytes(6), adu=adu))
        )
    return found


class Device(asyncio.Protocol):
    """Keeps a window of frames under way until all are confirmed."""

    def __init__(self, whole: list[bytes], window: int) -> None:
        """Take the frames."""
        self._frames, self._window = whole, window
        self._sent = self._confirmed = self._bytes = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Fill the window."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._fill()

    def data_received(self, data: bytes) -> None:
        """Count answers, keep the window full."""
        self._bytes += len(data)
        self._confirmed = self._bytes // ANSWER
        if self._confirmed >= len(self._frames):
            self.done.set_result(None)
        elif self._sent - self._confirmed <= self._window // 2:
            self._fill()

    def _fill(self) -> None:
        until = min(len(self._frames), self._confirmed + self._window)
        self._transport.write(b"".join(self._frames[self._sent : until]))
        self._sent = until


async def _load(port: int, connections: int, count: int, window: int) -> None:
    each = count // connections
    whole = [frames(index, each) for index in range(connections)]
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    devices = []
    for each_frames in whole:
        _, device = await loop.create_connection(lambda f=each_frames: Device(f, window), "127.0.0.1", port)  # type: ignore[misc]
        devices.append(device)
    await asyncio.gather(*(device.done for device in devices))
    print(time.monotonic() - started)


if __name__ == "__main__":
    uvloop.run(_load(*(int(word) for word in sys.argv[1:5])))

"""GB/T 26875.3 over UDP: a datagram holds whole frames. Never keeps a datagram that the disk has no time for."""

import asyncio
import logging
from typing import Any, cast

from collector.inputs.gb26875_frames import NAME, FrameHandler
from standpipe.model import clock
from standpipe.model.gb26875.frame import Stream
from standpipe.model.settings import split_listen

log = logging.getLogger(__name__)

IN_FLIGHT = 8_192
"""Frames that may wait for the disk; beyond that datagrams are not taken, and their senders send them again."""
MAX_PEERS = 50_000
"""Ways out remembered; the oldest is forgotten first."""


class Peer:
    """One UDP address."""

    __slots__ = ("_endpoint", "_to", "address", "peer")

    def __init__(self, endpoint: "UdpEndpoint", to: Any) -> None:
        """Take the socket address."""
        self._endpoint = endpoint
        self._to = to
        self.peer = str(to[0])
        self.address = ""

    def write(self, data: bytes) -> None:
        """Send one datagram."""
        self._endpoint.transport.sendto(data, self._to)

    def taken(self, count: int) -> None:
        """Count for the endpoint as a whole."""
        self._endpoint.in_flight += count


class UdpEndpoint(asyncio.DatagramProtocol):
    """The listening side."""

    def __init__(self, handler: FrameHandler) -> None:
        """Take what is done with frames."""
        self._handler = handler
        self._peers: dict[Any, Peer] = {}
        self.in_flight = 0
        self.transport: asyncio.DatagramTransport

    @property
    def port(self) -> int:
        """Return the UDP port in use."""
        return int(self.transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take the whole frames of one datagram; half a frame has no second half."""
        counters = self._handler.intake.counters
        if self.in_flight > IN_FLIGHT:
            counters.add("datagrams_dropped", NAME)
            return
        stream = Stream()
        frames = stream.feed(data)
        if lost := stream.skipped + stream.pending:
            counters.add("skipped_bytes", NAME, lost)
        if not frames:
            return
        peer = self._peers.get(addr)
        if peer is None:
            if len(self._peers) >= MAX_PEERS:
                del self._peers[next(iter(self._peers))]
            peer = self._peers[addr] = Peer(self, addr)
        self._handler.handle(frames, peer, clock.now())


async def listen_udp(handler: FrameHandler, listen: str) -> UdpEndpoint:
    """Open the socket. Raises OSError when the address cannot be had."""
    host, port = split_listen(listen)
    loop = asyncio.get_running_loop()
    _, endpoint = await loop.create_datagram_endpoint(lambda: UdpEndpoint(handler), (host, port))
    log.info("listening input=%s/udp address=%s:%d", NAME, host, endpoint.port)
    return endpoint

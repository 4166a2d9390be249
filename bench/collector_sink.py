"""A server that takes what a collector sends out and counts it: stands for InfluxDB and alerting, at next to no cost.

`python -m bench.collector_sink PORT`; `GET /count` answers {"lines": n, "readings": n}.
"""

import asyncio
import json
import sys

import uvloop


class Sink(asyncio.Protocol):
    """One connection."""

    lines = 0
    readings = 0

    def __init__(self) -> None:
        """Start without bytes."""
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take whole requests."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 : at + 30].split(b"\r\n")[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        answer = b'{"applied":0,"skipped":0}'
        if head.startswith(b"get"):
            answer = json.dumps({"lines": Sink.lines, "readings": Sink.readings}).encode()
        elif b"/readings" in head[:20]:
            Sink.readings += body.count(b'"seq":')
        else:
            Sink.lines += body.count(b"\n") + (not body.endswith(b"\n"))
            self._transport.write(b"HTTP/1.1 204 x\r\ncontent-length: 0\r\n\r\n")
            return
        self._transport.write(b"HTTP/1.1 200 x\r\ncontent-length: %d\r\n\r\n%s" % (len(answer), answer))


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))

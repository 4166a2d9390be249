"""Publishes hydrant messages at QoS 1 as fast as the broker takes them, from packets made beforehand.

`python -m bench.collector_publish PORT COUNT`.
"""

import json
import socket
import sys

WINDOW = 2_000


def packet(number: int, now: int) -> bytes:
    """Return one PUBLISH (MQTT 3.1.1, QoS 1) of one of 1,000 hydrants."""
    topic = b"standpipe/hydrant_json/H-%d" % (number % 1000)
    body = json.dumps({"pressure_kpa": 300 + number % 50, "battery": 80, "ts": now + number}).encode()
    rest = len(topic).to_bytes(2, "big") + topic + (number % 65_535 + 1).to_bytes(2, "big") + body
    size = len(rest)
    return bytes([0x32]) + (bytes([size]) if size < 128 else bytes([size % 128 | 128, size // 128])) + rest


def main(port: int, count: int, now: int) -> None:
    """Send; end when the broker has acknowledged all."""
    packets = [packet(number, now) for number in range(count)]
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04load")
        sock.recv(4)
        sent = acked = 0
        while acked < count:
            until = min(count, acked + WINDOW)
            if until > sent:
                sock.sendall(b"".join(packets[sent:until]))
                sent = until
            data = b""
            while len(data) < 4 or len(data) % 4:
                data += sock.recv(65_536)
            acked += len(data) // 4


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

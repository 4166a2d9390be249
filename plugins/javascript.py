"""Makes a codec out of a maker's JavaScript: it runs in a worker process, the `[json]` table reads its result.

Never runs a line of JavaScript in this process. A worker that hangs is killed and started again; only the uplink that
hung it is refused.
"""

import atexit
import os
import select
import subprocess
import sys
import threading
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from plugins.purity import Decode
from plugins.table_codec import TableReader
from standpipe.model.device_type import DeviceType
from standpipe.model.errors import DecodeError
from standpipe.model.json_table import JavaScript
from standpipe.model.reading import Observation, Uplink

PATIENCE = 2.0
"""Seconds for an answer before the worker is killed. The engine itself stops a codec after a tenth of a second."""
READY = b"ready\n"
"""What a worker says first."""
START_PATIENCE = 30.0
"""Seconds for a worker to come up."""
REST = 60.0
"""Seconds for which a codec that hung is not called again: each hang holds up whatever waits behind it."""
LONGEST = 255
"""Bytes of the longest payload of LoRaWAN."""
SOURCE_LIMIT = 1024 * 1024
PIECE = 65_536
"""Bytes read from a worker at a time."""
_ANSWER = msgspec.msgpack.Decoder(tuple[bool, str])


class Result(msgspec.Struct, frozen=True):
    """What a codec hands back."""

    data: dict[str, Any] | None = None
    errors: list[Any] = []


class Worker:
    """One worker process, started when it is needed. May be used by several threads; they take turns."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[str, str] = {}
        self._resting: dict[str, float] = {}
        self._lock = threading.Lock()
        self.killed = 0
        """How often a worker had to be killed."""

    def decode(self, codec: str, source: str, *, stateful: bool, text: str, now: int) -> str:
        """Return a codec's result as JSON. Raises DecodeError in the codec's own words, or because it hung or rests."""
        with self._lock:
            if time.monotonic() < self._resting.get(codec, 0.0):
                raise DecodeError(f"the JavaScript codec hung within the last {REST:g} s and is not called")
            try:
                process = self._start()
            except (OSError, EOFError, TimeoutError) as err:
                if self._process is not None:
                    self._kill()
                raise DecodeError(f"no worker for JavaScript codecs: {err}") from None
            new = source if self._known.get(codec) != source else ""
            self._known[codec] = source
            request = msgspec.msgpack.encode((codec, new, stateful, text, now))
            try:
                assert process.stdin is not None
                process.stdin.write(len(request).to_bytes(4, "big") + request)
                process.stdin.flush()
                ok, answer = _ANSWER.decode(self._answer(process, time.monotonic() + PATIENCE))
            except (OSError, EOFError, TimeoutError) as err:
                self._kill()
                self._resting[codec] = time.monotonic() + REST
                raise DecodeError(f"the JavaScript codec hung or died: {err}") from None
        if not ok:
            raise DecodeError(f"the JavaScript codec says: {answer}")
        return answer

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            if self._process is not None:
                self._kill()
                self.killed -= 1

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._known = {}
            root = str(Path(__file__).parents[1])
            path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
            self._process = subprocess.Popen(
                [sys.executable, "-m", "plugins.javascript_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": path},
            )
            self._read(self._process, len(READY), time.monotonic() + START_PATIENCE)
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], end: float) -> bytes:
        """Return the body of one answer; a whole one mostly comes with one look at the pipe."""
        data = self._some(process, PIECE, end)
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
            data += self._some(process, PIECE, end)
        return data[4:]

    def _read(self, process: subprocess.Popen[bytes], size: int, end: float) -> bytes:
        """Return exactly `size` bytes before `end`."""
        data = b""
        while len(data) < size:
            data += self._some(process, size - len(data), end)
        return data

    @staticmethod
    def _some(process: subprocess.Popen[bytes], most: int, end: float) -> bytes:
        """Return what the worker says next, `most` bytes of it. Raises TimeoutError and EOFError."""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError("no answer in time")
        piece = os.read(descriptor, most)
        if not piece:
            raise EOFError("it ended without an answer")
        return piece

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close() if pipe.readable() else _discard(pipe)
        self._process = None
        self.killed += 1


def _discard(pipe: Any) -> None:
    """Close a pipe whose other end has gone, with bytes perhaps still in it."""
    try:
        pipe.close()
    except BrokenPipeError:
        return


SHARED = Worker()
"""The worker of this process."""
atexit.register(SHARED.close)


def javascript_codec(device_type: DeviceType, spec: JavaScript, worker: Worker = SHARED) -> Decode:
    """Return the codec of a device type with a `[javascript]` table. Raises OSError or ValueError for its file."""
    path = Path(device_type.folder) / spec.file
    source = path.read_text(encoding="utf-8")
    if len(source) > SOURCE_LIMIT:
        raise ValueError(f"is larger than {SOURCE_LIMIT} characters")
    assert device_type.json is not None
    reader = TableReader(device_type, device_type.json)
    name = f"{device_type.id} {blake2b(source.encode(), digest_size=8).hexdigest()}"  # a reload has two at a time

    def decode(uplink: Uplink) -> list[Observation]:
        if len(uplink.payload) > LONGEST:
            raise DecodeError(f"{len(uplink.payload)} bytes; LoRaWAN carries {LONGEST} at most")
        port = uplink.port or spec.port
        text = msgspec.json.encode({"bytes": list(uplink.payload), "fPort": port}).decode()
        answer = worker.decode(name, source, stateful=spec.stateful, text=text, now=uplink.received_at)
        try:
            result = msgspec.json.decode(answer, type=Result)
        except msgspec.DecodeError as err:
            raise DecodeError(f"the JavaScript codec gives no {{data}}: {err}") from None
        if result.errors:
            raise DecodeError(f"the JavaScript codec says: {str(result.errors[0])[:300]}")
        return reader.read(result.data or {}, utc_offset=uplink.utc_offset)

    return decode

"""The process in which payload codecs in JavaScript run. Reads requests, writes answers, has no other way in or out.

A codec of a stranger may loop, eat memory or change the prototypes of everything. It does so here: 64 MB and 100 ms of
time, one context for each codec, a fresh one for each call where the codec remembers things. What even that does not
stop (a loop inside the engine) the other side ends by killing this process.

Requests and answers are msgpack behind a four-byte length: (codec, source, stateful, input as JSON, now) -> (ok, text).
`source` is sent once for each codec, else empty.
"""

import resource
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec
import quickjs

MEMORY = 64 * 1024 * 1024
SECONDS = 0.1
WHOLE_PROCESS = 1024 * 1024 * 1024
WARM = 64
"""Codecs whose contexts are kept ready, the last used ones."""
ANSWER_LIMIT = 256 * 1024
PRELUDE = (Path(__file__).parent / "javascript_prelude.js").read_text(encoding="utf-8")

Request = tuple[str, str, bool, str, int]
Answer = tuple[bool, str]


class Codec:
    """One codec's source and its contexts."""

    def __init__(self, source: str) -> None:
        """Take the source; it is run when it is first needed."""
        self._source = source
        self._ready: quickjs.Object | None = None

    def decode(self, text: str, now: int, *, stateful: bool) -> str:
        """Return the codec's result as JSON. Raises quickjs.JSException and its kind."""
        if self._ready is None or stateful:
            self._ready = self._context()
        try:
            return str(self._ready(text, float(now)))
        except Exception:
            self._ready = None
            raise

    def cool(self) -> None:
        """Give the context's memory back; it is made again when it is needed."""
        self._ready = None

    def _context(self) -> "quickjs.Object":
        """Return the entry into a context that nothing has touched yet."""
        context = quickjs.Context()
        context.set_memory_limit(MEMORY)
        context.set_time_limit(SECONDS)
        context.eval(PRELUDE)
        context.eval(self._source)
        context.get("__seal")()
        return context.get("__decode")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    decoder, encoder = msgspec.msgpack.Decoder(Request), msgspec.msgpack.Encoder()
    codecs: dict[str, Codec] = {}
    warm: dict[str, None] = {}
    answers.write(b"ready\n")
    answers.flush()
    while len(head := requests.read(4)) == 4:
        codec, source, stateful, text, now = decoder.decode(requests.read(int.from_bytes(head, "big")))
        if source:
            codecs[codec] = Codec(source)
        if codec in codecs:
            warm[codec] = warm.pop(codec, None)
            while len(warm) > WARM:
                codecs[next(iter(warm))].cool()
                del warm[next(iter(warm))]
        answer: Answer
        try:
            result = codecs[codec].decode(text, now, stateful=stateful)
            answer = (len(result) <= ANSWER_LIMIT, result if len(result) <= ANSWER_LIMIT else "result is too large")
        except Exception as err:  # whatever a stranger's code does becomes an answer
            answer = (False, str(err).partition("\n")[0][:300] or type(err).__name__)
        body = encoder.encode(answer)
        answers.write(len(body).to_bytes(4, "big") + body)
        answers.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (WHOLE_PROCESS, WHOLE_PROCESS))
    serve(sys.stdin.buffer, sys.stdout.buffer)

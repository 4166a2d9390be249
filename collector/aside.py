"""Codecs that may hang, off the event loop: one queue for each device type, in order. Decides nothing about them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from plugins.catalogue import LoadedType
from standpipe.model.errors import Retryable
from standpipe.model.reading import Observation, Uplink

QUEUE = 1_000
"""Uplinks of one device type that may wait; more are not taken, and their senders send them again."""


class Aside:
    """A thread for each device type with a maker's JavaScript, started with its first uplink."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._waiting: dict[str, int] = {}

    def wanted(self, loaded: LoadedType) -> bool:
        """Return whether a type's uplinks go this way: its codec may hang, or uplinks before them still wait here."""
        return loaded.type.javascript is not None or loaded.type.id in self._waiting

    def decode(self, loaded: LoadedType, uplink: Uplink) -> "asyncio.Future[list[Observation]]":
        """Decode when it is the uplink's turn. The future raises DecodeError, or Retryable when the queue is full.

        Futures of one device type are done in the order of the calls.
        """
        name = loaded.type.id
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(name, 0)
        if waiting >= QUEUE:
            full: asyncio.Future[list[Observation]] = loop.create_future()
            full.set_exception(Retryable(f"{waiting} uplinks of {name} wait for its codec"))
            return full
        thread = self._threads.get(name)
        if thread is None:
            thread = self._threads[name] = ThreadPoolExecutor(1, thread_name_prefix=f"decode-{name}")
        self._waiting[name] = waiting + 1
        done = loop.run_in_executor(thread, loaded.decode, uplink)
        done.add_done_callback(lambda _: self._one_less(name))
        return done

    def close(self) -> None:
        """Start no more decoding; who waits is told to send again."""
        for thread in self._threads.values():
            thread.shutdown(wait=False, cancel_futures=True)

    def _one_less(self, name: str) -> None:
        left = self._waiting[name] - 1
        if left:
            self._waiting[name] = left
        else:
            del self._waiting[name]

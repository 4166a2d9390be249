"""The thread that writes: one commit for all requests that wait. Never answers queries."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeAlias

import duckdb

from standpipe.model.errors import Retryable
from storage.tsdb.ingest import Batch, read_lines
from storage.tsdb.store import Store

MAX_SHARED = 64
"""Requests in one commit at most."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Write:
    """One request to store lines."""

    database: str
    text: str
    factor: int
    """ns per unit of the timestamps."""
    now: int
    """ns, for lines that carry no time."""


Task: TypeAlias = Callable[[Store], Any]
"""Something that changes the store otherwise than by writing lines."""


class WriterThread:
    """Owns the store's writing connection."""

    def __init__(self, store: Store) -> None:
        """Take the store; nothing else may write to it from now on."""
        self._store = store
        self._queue: queue.SimpleQueue[tuple[Write | Task, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tsdb-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> "Future[Batch]":
        """Return a future that is done once the lines are on disk; Retryable when they could not be written."""
        done: Future[Batch] = Future()
        self._queue.put((write, done))
        return done

    def between(self, task: "Task") -> "Future[Any]":
        """Run `task` on the writing thread between two commits; return its future."""
        done: Future[Any] = Future()
        self._queue.put((task, done))
        return done

    def close(self) -> None:
        """Finish what waits and stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            waiting = [self._queue.get()]
            while len(waiting) < MAX_SHARED and not self._queue.empty():
                waiting.append(self._queue.get())
            running = waiting[-1] is not None
            self._commit([(one, done) for one, done in filter(None, waiting) if isinstance(one, Write)])
            for one, done in filter(None, waiting):
                if not isinstance(one, Write):
                    self._do(one, done)

    def _do(self, task: "Task", done: "Future[Any]") -> None:
        """Run one task; a failure is its caller's."""
        try:
            done.set_result(task(self._store))
        except (duckdb.Error, OSError) as err:
            _log.error("task failed reason=%s", err)
            self._recover()
            done.set_exception(err)

    def _commit(self, waiting: list[tuple[Write, "Future[Batch]"]]) -> None:
        """Parse, store, answer. A failure is everybody's failure: none of it is on disk."""
        try:
            batches = [self._read(write) for write, _ in waiting]
            if self._store.unsaved or any(batch.good for batch in batches):
                self._store.commit(batches)
        except (duckdb.Error, OSError) as err:
            _log.error("commit failed requests=%d reason=%s", len(waiting), err)
            self._recover()
            for _, done in waiting:
                done.set_exception(Retryable(f"cannot write: {err}"))
            return
        except Exception as err:
            self._recover()
            for _, done in waiting:
                done.set_exception(err)
            raise
        for (_, done), batch in zip(waiting, batches, strict=True):
            done.set_result(batch)

    def _read(self, write: Write) -> Batch:
        database = self._store.database(write.database)
        return read_lines(write.text, database, self._store, factor=write.factor, now=write.now)

    def _recover(self) -> None:
        """Forget names that did not reach the disk."""
        try:
            self._store.load()
        except duckdb.Error as err:
            _log.critical("store cannot be read back reason=%s", err)


def answer_fault(batch: Batch) -> tuple[str, dict[str, Any]]:
    """Return InfluxDB's words for what was not stored, empty when everything was, and the counts."""
    counts = {"good": batch.good, "dropped": len(batch.conflicts) + len(batch.faults)}
    if batch.conflicts:
        return f"partial write: {batch.conflicts[0]} dropped={len(batch.conflicts)}", counts
    if batch.faults:
        words = "\n".join(batch.faults)
        return (f"partial write: {words} dropped=0" if batch.good else words), counts
    return "", counts

"""How long rows are kept: weeks that are over are dropped whole. Never looks into rows."""

import logging
import threading
import time

from storage.tsdb.store import Store
from storage.tsdb.writing import WriterThread

EVERY = 3600.0
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


def drop_old(store: Store, before: int) -> dict[str, list[int]]:
    """Drop all weeks that end by `before` (ns); return them by `database.measurement`. Raises duckdb.Error."""
    dropped = {}
    for database in store.databases.values():
        for measurement in database.measurements.values():
            if weeks := store.drop_weeks(measurement, before):
                dropped[f"{database.name}.{measurement.name}"] = weeks
    return dropped


class Keeper:
    """Looks at start and every hour, on the writing thread."""

    def __init__(self, writer: WriterThread, keep: int) -> None:
        """Take the writing thread and how many ns are kept."""
        self._writer = writer
        self._keep = keep
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tsdb-keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            before = time.time_ns() - self._keep
            done = self._writer.between(lambda store, before=before: drop_old(store, before))  # type: ignore[misc]
            if done.exception() is None and done.result():
                _log.info("old weeks dropped %s", done.result())
            if self._stop.wait(EVERY):
                return

"""What every input calls: arrivals in, one future out, done when all of them are on disk. Never answers a device."""

import asyncio
from collections.abc import Sequence

import msgspec

from collector.arrival import Arrival, Repeats
from collector.aside import Aside
from collector.counters import Counters
from collector.duplicates import Duplicates
from collector.pipeline import Pipeline, Said, resend_key
from collector.record import Empty, Kept, Outcome, Quarantined
from collector.spool import Spool
from standpipe.model.errors import DecodeError, Retryable
from standpipe.model.reading import Observation
from standpipe.model.signal import Lane


class Duplicate(msgspec.Struct, frozen=True):
    """A repetition of an uplink that is kept, or about to be."""

    address: str


class Taken(msgspec.Struct, frozen=True):
    """What became of some arrivals."""

    outcomes: list[Outcome | Duplicate]
    """One for each arrival, in order; of one that is decoded aside it stands here when `durable` is done."""
    durable: "asyncio.Future[None]"
    """Done when the devices may be acknowledged; raises Retryable when they must not be."""


class Intake:
    """Pipeline and spool behind one door."""

    def __init__(self, pipeline: Pipeline, spool: Spool, counters: Counters, duplicates: Duplicates) -> None:
        """Take the parts; `counters` is shared with the pipeline."""
        self.pipeline = pipeline
        self.spool = spool
        self.counters = counters
        self._duplicates = duplicates
        self._aside = Aside()

    def close(self) -> None:
        """Decode nothing more aside."""
        self._aside.close()

    def take(self, source: str, arrivals: Sequence[Arrival]) -> Taken:
        """Take arrivals of one input. Costs no task: many frames, one future."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        now = int(loop.time() * 1000)  # the window of repetitions does not jump when the wall clock does
        outcomes: list[Outcome | Duplicate] = []
        kept: list[Kept] = []
        refused: list[Quarantined] = []
        waits: list[asyncio.Future[None]] = []
        for arrival in arrivals:
            outcome: Outcome | Duplicate
            key = resend_key(arrival.address, arrival.identity or arrival.payload)
            if arrival.repeats is not Repeats.NEVER and arrival.again and self._duplicates.seen(key):
                outcome = Duplicate(arrival.address)
                first = self._duplicates.first(key)
                if first is not None and first is not done and not first.done():
                    waits.append(first)
            else:
                said = self.pipeline.open(arrival)
                if isinstance(said, Said) and self._aside.wanted(said.sender.loaded):
                    if arrival.repeats is Repeats.NUMBERED:
                        self._duplicates.remember(key, done, now=now)
                    waits.append(self._decode_aside(said, key, outcomes, len(outcomes), done, now))
                    outcomes.append(Empty(arrival.address))
                    continue
                outcome = self.pipeline.read(said, key=key) if isinstance(said, Said) else said
                if arrival.repeats is Repeats.NUMBERED or (arrival.repeats is Repeats.STAMPED and _stamped(outcome)):
                    self._duplicates.remember(key, done, now=now)
                if isinstance(outcome, Kept):
                    kept.append(outcome)
                elif isinstance(outcome, Quarantined):
                    refused.append(outcome)
            outcomes.append(outcome)
        self.counters.add("received", source, len(arrivals))
        if kept:
            waits.append(self.spool.append(kept))
        if refused:
            waits.append(self.spool.quarantine.keep(refused))
        self._settle_when(waits, outcomes, done, source)
        return Taken(outcomes, done)

    def _decode_aside(
        self,
        said: Said,
        key: bytes,
        outcomes: list[Outcome | Duplicate],
        place: int,
        done: "asyncio.Future[None]",
        now: int,
    ) -> "asyncio.Future[None]":
        """Decode an arrival off the event loop; the future is done when it is on disk and its outcome in its place."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def on_disk(wait: "asyncio.Future[None]") -> None:
            if error := wait.exception():
                kept.set_exception(error)
            else:
                kept.set_result(None)

        def decoded(seen: "asyncio.Future[list[Observation]]") -> None:
            error = Retryable("the collector stops") if seen.cancelled() else seen.exception()
            if isinstance(error, DecodeError):
                outcome: Outcome = self.pipeline.refuse(said, error)
            elif error is not None:
                kept.set_exception(error)
                return
            else:
                outcome = self.pipeline.close(said, seen.result(), key=key)
            outcomes[place] = outcome
            if said.arrival.repeats is Repeats.STAMPED and _stamped(outcome):
                self._duplicates.remember(key, done, now=now)
            if isinstance(outcome, Kept):
                self.spool.append([outcome]).add_done_callback(on_disk)
            elif isinstance(outcome, Quarantined):
                self.spool.quarantine.keep([outcome]).add_done_callback(on_disk)
            else:
                kept.set_result(None)

        self._aside.decode(said.sender.loaded, said.uplink).add_done_callback(decoded)
        return kept

    def quarantine(self, source: str, items: Sequence[Quarantined]) -> "asyncio.Future[None]":
        """Keep uplinks that an input could not even read, counted like the others."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.counters.add("received", source, len(items))
        self._settle_when([self.spool.quarantine.keep(items)], list(items), done, source)
        return done

    def keep(
        self, source: str, items: Sequence[Kept], bad: Sequence[Quarantined], *, good: int
    ) -> "asyncio.Future[None]":
        """Keep records that an input has made itself, of `good` uplinks, and what it could not read."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits = [self.spool.append(items)] if items else []
        if bad:
            waits.append(self.spool.quarantine.keep(bad))
        self.counters.add("received", source, good + len(bad))
        self._settle_when(waits, [*items, *bad], done, source, extra=good - len(items))
        return done

    def count_empty(self, source: str) -> None:
        """Count an uplink that is a part of the transport's own conversation."""
        self.counters.add("received", source)
        self.counters.add("empty", source)

    def _settle_when(
        self,
        waits: "list[asyncio.Future[None]]",
        outcomes: Sequence[Outcome | Duplicate],
        done: "asyncio.Future[None]",
        source: str,
        *,
        extra: int = 0,
    ) -> None:
        """Settle `done` when all of `waits` are; count what became of each, and of `extra` uplinks kept with them."""
        left = len(waits)

        def one_less(_: "asyncio.Future[None]") -> None:
            nonlocal left
            left -= 1
            if left > 0:
                return
            failure = next((error for wait in waits if (error := wait.exception())), None)
            self._count(outcomes, source, failed=failure is not None, extra=extra)
            if done.done():
                return
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
                done.exception()  # an input that went away meanwhile is no reason for a warning

        if not waits:
            self._count(outcomes, source, failed=False, extra=extra)
            done.set_result(None)
        for wait in waits:
            wait.add_done_callback(one_less)

    def _count(self, outcomes: Sequence[Outcome | Duplicate], source: str, *, failed: bool, extra: int) -> None:
        if failed:
            self.counters.add("refused", source, len(outcomes) + extra)
            return
        counts = {"stored": extra, "quarantined": 0, "duplicate": 0, "empty": 0, "readings": 0, "fire_readings": 0}
        for outcome in outcomes:
            if isinstance(outcome, Kept):
                counts["stored"] += 1
                counts["readings"] += len(outcome.record.readings)
                counts["fire_readings"] += len(outcome.record.readings) if outcome.lane is Lane.FIRE else 0
            elif isinstance(outcome, Quarantined):
                counts["quarantined"] += 1
            elif isinstance(outcome, Empty):
                counts["empty"] += 1
            else:
                counts["duplicate"] += 1
        for name, count in counts.items():
            if count:
                self.counters.add(name, source, count)


def _stamped(outcome: Outcome) -> bool:
    """Return whether every reading carries a time of the device's own."""
    return isinstance(outcome, Kept) and all(
        reading.observed_at != reading.received_at for reading in outcome.record.readings
    )

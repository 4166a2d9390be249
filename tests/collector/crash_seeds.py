"""Runs a collector's inside under kill -9, stalls, repetitions, reordering and clock jumps, one seed after the other.

`python crash_seeds.py FOLDER FIRST COUNT` prints one line for each seed that lost or doubled something.
Each life of a seed is a forked child that its parent kills; what was acknowledged and delivered is in files that the
child appends to with one write each, as a device and a database would remember it.
"""

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from collector.arrival import Arrival, Repeats
from collector.counters import Counters
from collector.duplicates import Duplicates
from collector.intake import Intake
from collector.outputs.drain import Pace, drain
from collector.pipeline import Pipeline
from collector.spool import Entry, Spool
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model import clock
from standpipe.model.errors import Retryable
from standpipe.model.gb26875.frame import Frame, encode
from standpipe.model.registry import Device, Registry, Site
from standpipe.model.settings import Spool as SpoolSettings
from standpipe.model.signal import Lane

UPLINKS = 80
LIVES = 3
OUTPUTS = ("influxdb", "alerting")
SOURCE = bytes.fromhex("790300000000")


def frame(number: int) -> bytes:
    """Return the frame of one uplink: every fifth is a fire. The component's address is the number."""
    status = 2 if number % 5 == 0 else 1
    adu = bytes([2, 1, 1, 1, 40]) + number.to_bytes(4, "little") + bytes([status, 0]) + bytes(31) + bytes(6)
    return encode(Frame(serial=number, command=2, source=SOURCE, destination=bytes(6), adu=adu))


class Ledger:
    """A file that survives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def note(self, text: str) -> None:
        os.write(self._fd, text.encode() + b"\n")

    def words(self) -> list[str]:
        return self._path.read_text().split()


class Output:
    """Takes entries, stalls, refuses, and sometimes says no after it has taken them."""

    def __init__(self, ledger: Ledger, rng: random.Random) -> None:
        self._ledger, self._rng = ledger, rng
        self.calm = False

    async def deliver(self, entries: Sequence[Entry]) -> None:
        fate = 1.0 if self.calm else self._rng.random()
        if fate < 0.15:
            raise Retryable("not now")
        if fate < 0.3:
            await asyncio.sleep(self._rng.uniform(0, 0.02))
        for entry in entries:
            for reading in entry.readings:
                self._ledger.note(f"{reading.device.rpartition('.')[2]}:{entry.seq}:{reading.lane}")
        if fate < 0.4:
            raise Retryable("taken, but the answer was lost")


async def live(folder: Path, seed: int, catalogue: Catalogue, registry: Registry, *, last: bool) -> None:
    """Send what is not acknowledged yet; in the last life until everything is, and delivered."""
    rng = random.Random(seed * 10 + last)
    counters = Counters()
    spool = await Spool.open(folder / "spool", SpoolSettings(), counters)
    duplicates = Duplicates()
    for key in await spool.recent_keys():
        duplicates.remember(key, None, now=0)
    intake = Intake(Pipeline(catalogue.types, registry, counters), spool, counters, duplicates)
    tasks = [asyncio.create_task(spool.run())]
    outputs = []
    for name in OUTPUTS:
        output = Output(Ledger(folder / name), rng)
        outputs.append(output)
        for lane in Lane:
            pace = Pace(readings=rng.choice((2, 7, 50)), age=rng.choice((0, 5)), patience=0.003)
            tasks.append(asyncio.create_task(drain(spool.cursor(name, lane), output, pace, counters)))
    acked = Ledger(folder / "acked")
    waiting = [number for number in range(1, UPLINKS + 1) if str(number) not in set(acked.words())]
    while waiting:
        rng.shuffle(waiting)
        batch = waiting[: rng.randint(1, 12)]
        batch += rng.sample(batch, rng.randint(0, len(batch)))
        now = clock.now() + rng.choice((0, 0, 3_600_000, -3_600_000))
        taken = intake.take("gb26875", [_arrival(number, now) for number in batch])
        if rng.random() < 0.3:
            intake.take("gb26875", [_arrival(number, now) for number in batch])
        await taken.durable
        for number in batch:
            acked.note(str(number))
        waiting = [number for number in waiting if number not in batch]
        if rng.random() < 0.2:
            await spool.save_marks()
    for output in outputs:
        output.calm = last
    while not last or any(cursor.lag for cursor in spool.cursors):  # noqa: ASYNC110 - what is waited for is in files
        await asyncio.sleep(0.002)


def _arrival(number: int, now: int) -> Arrival:
    raw = frame(number)
    return Arrival(
        source="gb26875",
        address=f"gb26875:{SOURCE.hex()}",
        payload=raw,
        received_at=now,
        identity=raw[2:4] + raw[26:-3],
        repeats=Repeats.NUMBERED,
    )


def run_seed(folder: Path, seed: int, catalogue: Catalogue, registry: Registry) -> list[str]:
    """Run one seed's lives; return what was lost or doubled."""
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    for life in range(LIVES):
        last = life == LIVES - 1
        child = os.fork()
        if child == 0:
            code = 1
            try:
                asyncio.run(asyncio.wait_for(live(folder, seed * LIVES + life, catalogue, registry, last=last), 20))
                code = 0
            finally:
                os._exit(code)
        if not last:
            time.sleep(rng.uniform(0.002, 0.07))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if last and status:
            return [f"seed {seed}: the last life ended with {status}"]
    wrong = []
    acked = set(Ledger(folder / "acked").words())
    for name in OUTPUTS:
        places: dict[str, set[str]] = {}
        for word in Ledger(folder / name).words():
            number, seq, lane = word.split(":")
            places.setdefault(number, set()).add(f"{lane}:{seq}")
        if lost := acked - places.keys():
            wrong.append(f"seed {seed}: {name} lacks {sorted(lost, key=int)}")
        if doubled := {number: seqs for number, seqs in places.items() if len(seqs) > 1}:
            wrong.append(f"seed {seed}: {name} has twice {doubled}")
    if len(acked) != UPLINKS:
        wrong.append(f"seed {seed}: {len(acked)} of {UPLINKS} acknowledged")
    return wrong


def main(folder: Path, first: int, count: int) -> int:
    """Run seeds; return how many had something wrong."""
    logging.disable(logging.CRITICAL)
    catalogue = load_catalogue()
    unit = Device(type="gb26875_transmitter", address=f"gb26875:{SOURCE.hex()}", site="s")
    registry = Registry(sites={"s": Site(name={"en": "s", "zh": "s"})}, zones={}, devices={"unit": unit})
    bad = 0
    for seed in range(first, first + count):
        wrong = run_seed(folder / str(seed), seed, catalogue, registry)
        bad += bool(wrong)
        for line in wrong:
            sys.stdout.write(line + "\n")
    return bad


if __name__ == "__main__":
    sys.exit(min(1, main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))

"""How fast codecs read: the transmitter's, a table's, a maker's JavaScript through its worker. Measures no network."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import plugins
from bench.figure import Figure
from plugins.catalogue import load_folder
from plugins.checking import check
from plugins.javascript import Worker
from plugins.samples import read_samples, uplink_of

ROUNDS = 5
SECONDS = 0.5
SOURCE = """
function decodeUplink(input) {
  var bytes = input.bytes;
  return { data: { pressure: (bytes[0] << 8 | bytes[1]) / 10, battery: bytes[2], open: !!(bytes[3] & 1) } };
}
"""
HERE = Path(plugins.__file__).parent


def figures() -> Iterator[Figure]:
    """Yield frames per second, decoded and checked, best described by the median of five rounds."""
    for device, sample in (("gb26875_transmitter", "fire"), ("hydrant_json", "quiescent"), ("pump_json", "quiescent")):
        yield Figure("codecs", device, _rates(_one(device, sample)), "frames/s")
    worker = Worker()
    try:
        for name, stateful in (("javascript", False), ("javascript_stateful", True)):
            yield Figure("codecs", name, _rates(_javascript(worker, name, stateful=stateful)), "frames/s")
    finally:
        worker.close()


def _one(device: str, sample: str) -> Callable[[], None]:
    loaded = load_folder(HERE / device)
    [found] = [one for one in read_samples(HERE / device) if Path(one.path).stem == sample]
    uplink = uplink_of(found, loaded)

    def work() -> None:
        for observation in loaded.decode(uplink):
            check(observation, loaded.type)

    return work


def _javascript(worker: Worker, name: str, *, stateful: bool) -> Callable[[], None]:
    def work() -> None:
        worker.decode(name, SOURCE, stateful=stateful, text='{"bytes":[12,128,83,0],"fPort":2}', now=0)

    return work


def _rates(work: Callable[[], None]) -> tuple[float, ...]:
    work()
    return tuple(_rate(work) for _ in range(ROUNDS))


def _rate(work: Callable[[], None]) -> float:
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS:
        for _ in range(20):
            work()
        done += 20
    return done / spent

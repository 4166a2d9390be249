"""Wears a conforming codec out: frames cut, doubled, bit-flipped by the thousand; speed; memory. Sends nothing."""

import gc
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from plugins.catalogue import LoadedType, load_folder
from plugins.conformance import codec_fault
from plugins.samples import Sample, read_samples, uplink_of
from standpipe.model.errors import DecodeError, Fault
from standpipe.model.reading import Uplink

FRAMES = 10_000
"""Of each kind of damage."""
SLOWEST_US = 1000.0
"""A codec slower than this on average cannot keep up with a town."""
SLOWEST_JAVASCRIPT_US = 20_000.0
"""The same for a maker's JavaScript, which may need a fresh context each time; such devices speak rarely."""
LEAK_KB = 256.0
"""What may stay behind after a thousand frames."""
MEMORY_SECONDS = 2.0
"""What watching the memory may take; it slows a codec down many times over."""
SEED = 26875


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on one device folder."""

    device: str
    frames: int
    """Damaged frames that were tried."""
    accepted: int
    """Damaged frames that still became readings."""
    seconds: float
    per_frame_us: float
    """Mean time of decoding one undamaged sample, microseconds."""
    peak_kb: float
    """Most memory that decoding one sample took."""
    kept_kb: float
    """Memory that stayed behind after many rounds."""
    faults: list[Fault]

    @property
    def passed(self) -> bool:
        """Return whether nothing was wrong."""
        return not self.faults

    def __str__(self) -> str:
        """Render for a terminal: what was measured, then what is wrong."""
        lines = [
            f"{self.device}: {self.frames} damaged frames in {self.seconds:.1f} s, {self.accepted} still readable",
            f"{self.device}: {self.per_frame_us:.1f} us per frame",
            f"{self.device}: {self.peak_kb:.0f} kB of memory at most, {self.kept_kb:.0f} kB kept",
            f"{self.device}: {'certified' if self.passed else 'not certified'}",
        ]
        return "\n".join([*lines, *map(str, self.faults)])


def certify(folder: Path, *, frames: int = FRAMES) -> Certificate:
    """Return the certificate of a folder that conforms. Raises ConfigError when it cannot be loaded."""
    loaded = load_folder(folder)
    uplinks = [uplink_of(sample, loaded) for sample in read_samples(folder)] or [uplink_of(Sample(), loaded)]
    good = [uplink for uplink in uplinks if uplink.payload and _reads(loaded, uplink)] or uplinks
    chance = Random(SEED)  # noqa: S311 - damage, not a secret
    faults: list[Fault] = []
    accepted = 0
    start = time.perf_counter()
    for words, damage in (("cut to", _cut), ("doubled to", _double), ("bits flipped to", _flip)):
        said = 0
        for _ in range(frames):
            whole = chance.choice(good)
            uplink = msgspec.structs.replace(whole, payload=damage(whole.payload, chance))
            reason = _outcome(loaded, uplink)
            accepted += reason is None
            if reason and said < 3:
                said += 1
                shown = uplink.payload[:60].hex()
                faults.append(codec_fault(loaded, f"{words} {shown}: {reason}; let it raise DecodeError"))
    seconds = time.perf_counter() - start
    faults.extend(_unsteady(loaded, good))
    per_frame = _speed(loaded, good)
    limit = SLOWEST_JAVASCRIPT_US if loaded.type.javascript else SLOWEST_US
    if per_frame > limit:
        faults.append(codec_fault(loaded, f"takes {per_frame:.0f} us per frame; {limit:.0f} is the limit"))
    peak, kept = _memory(loaded, good)
    if kept > LEAK_KB:
        faults.append(codec_fault(loaded, f"keeps {kept:.0f} kB after a thousand frames; a codec remembers nothing"))
    return Certificate(
        device=loaded.type.id,
        frames=3 * frames,
        accepted=accepted,
        seconds=seconds,
        per_frame_us=per_frame,
        peak_kb=peak,
        kept_kb=kept,
        faults=faults,
    )


def _reads(loaded: LoadedType, uplink: Uplink) -> bool:
    """Return whether the codec makes something of an uplink."""
    try:
        return bool(loaded.decode(uplink))
    except DecodeError:
        return False


def _outcome(loaded: LoadedType, uplink: Uplink) -> str | None:
    """Return None for readings, an empty string for a refusal, else what it raised."""
    try:
        loaded.codec(uplink)
    except DecodeError:
        return ""
    except Exception as err:
        return f"{type(err).__name__}: {err}"
    return None


def _cut(payload: bytes, chance: Random) -> bytes:
    """Return a beginning of the payload."""
    return payload[: chance.randrange(len(payload))]


def _double(payload: bytes, chance: Random) -> bytes:
    """Return the payload with all or part of it said twice."""
    at = chance.randrange(len(payload))
    return payload[:at] + payload if chance.random() < 0.5 else payload + payload[at:]


def _flip(payload: bytes, chance: Random) -> bytes:
    """Return the payload with one to eight bits turned over."""
    data = bytearray(payload)
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _unsteady(loaded: LoadedType, uplinks: list[Uplink]) -> list[Fault]:
    """Return a fault when the same uplink gives something else the second time, or in another order."""
    first = [_repeatable(loaded, uplink) for uplink in uplinks]
    again = [_repeatable(loaded, uplink) for uplink in reversed(uplinks)][::-1]
    if first == again:
        return []
    fix = "set stateful = true under [javascript]" if loaded.type.javascript else "a codec remembers nothing"
    return [codec_fault(loaded, f"gives other readings for the same bytes the second time; {fix}")]


def _repeatable(loaded: LoadedType, uplink: Uplink) -> object:
    try:
        return loaded.decode(uplink)
    except DecodeError as err:
        return str(err)


def _speed(loaded: LoadedType, uplinks: list[Uplink]) -> float:
    """Return microseconds per frame, the best of three rounds."""
    return min(_timed(lambda: [_repeatable(loaded, uplink) for uplink in uplinks]) for _ in range(3)) / len(uplinks)


def _timed(work: Callable[[], object]) -> float:
    """Return microseconds per call over a tenth of a second at least."""
    rounds, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < 0.1:
        work()
        rounds += 1
    return spent / rounds * 1e6


def _memory(loaded: LoadedType, uplinks: list[Uplink]) -> tuple[float, float]:
    """Return the most kB that one round took, and how many stayed after a thousand frames."""
    gc.collect()
    tracemalloc.start()
    try:
        for uplink in uplinks:
            _repeatable(loaded, uplink)
        gc.collect()
        before, peak = tracemalloc.get_traced_memory()
        end = time.perf_counter() + MEMORY_SECONDS
        for _ in range(1 + 1000 // len(uplinks)):
            if time.perf_counter() > end:
                break
            for uplink in uplinks:
                _repeatable(loaded, uplink)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak / 1024, max(0.0, (after - before) / 1024)

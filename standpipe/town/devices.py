"""What the town's sensors measure and when they speak: samples as the JSON that real ones send. Opens no socket."""

import random

import msgspec

FIRST_WORD = 4_500
"""Milliseconds after power-on within which every device has spoken once."""


class HydrantSample(msgspec.Struct, frozen=True, kw_only=True):
    """One object of `POST /ingest/hydrant_json`."""

    device: str
    ts: int
    """Epoch ms by the sensor's clock."""
    pressure_mpa: float
    battery: float
    cap_open: bool
    rsrp: float


class SmokeSample(msgspec.Struct, frozen=True, kw_only=True):
    """One object of `POST /ingest/smoke_json`; it states all signals of the detector."""

    device: str
    ts: int
    alarm: bool
    fault: bool
    smoke: float
    temperature: float
    battery: float
    rsrp: float


class Rhythm:
    """When a device speaks next: every `interval` ms, give or take a tenth, and no two devices in step."""

    def __init__(self, *, interval: int, start: int, rng: random.Random) -> None:
        """Speak first soon after `start` (epoch ms), as a device does that was switched on."""
        self._interval = interval
        self._rng = rng
        self.next_at = start + round(rng.uniform(0, min(interval, FIRST_WORD)))

    def advance(self, now: int) -> None:
        """Move to the next turn after `now`."""
        while self.next_at <= now:
            self.next_at += round(self._interval * self._rng.uniform(0.9, 1.1))


class HydrantSensor:
    """A pressure sensor in a hydrant: 0.1 kPa steps, a little noise, a battery that only falls."""

    device_type = "hydrant_json"

    def __init__(self, id_: str, *, interval: int, start: int, rng: random.Random) -> None:
        """Make one with a battery somewhere between half and full."""
        self.id = id_
        self.rhythm = Rhythm(interval=interval, start=start, rng=rng)
        self.cap_open = False
        self.asleep = False
        """True while it is out of order and says nothing."""
        self._battery = rng.uniform(52, 99)
        self._signal = rng.uniform(-98, -74)
        self._rng = rng

    def sample(self, now: int, *, pressure: float) -> HydrantSample:
        """Return what it sends at `now` (epoch ms) for a true pressure in kPa."""
        self._battery = max(0.0, self._battery - 0.0005)
        return HydrantSample(
            device=self.id,
            ts=now,
            pressure_mpa=round((pressure + self._rng.gauss(0, 0.6)) / 1000, 4),
            battery=round(self._battery, 1),
            cap_open=self.cap_open,
            rsrp=round(self._signal + self._rng.gauss(0, 1.5), 0),
        )


class SmokeDetector:
    """An independent smoke detector with a heartbeat."""

    device_type = "smoke_json"

    def __init__(self, id_: str, *, interval: int, start: int, rng: random.Random) -> None:
        """Make one in clean air."""
        self.id = id_
        self.rhythm = Rhythm(interval=interval, start=start, rng=rng)
        self.smoke = 0.0
        """Percent of its scale; 60 and more is an alarm."""
        self.fault = False
        self.asleep = False
        self._battery = rng.uniform(60, 100)
        self._signal = rng.uniform(-95, -70)
        self._rng = rng

    def sample(self, now: int) -> SmokeSample:
        """Return what it sends at `now` (epoch ms)."""
        smoke = min(100.0, max(0.0, self.smoke + self._rng.uniform(0, 2)))
        return SmokeSample(
            device=self.id,
            ts=now,
            alarm=smoke >= 60,
            fault=self.fault,
            smoke=round(smoke, 1),
            temperature=round(19 + smoke / 8 + self._rng.gauss(0, 0.3), 1),
            battery=round(self._battery, 1),
            rsrp=round(self._signal + self._rng.gauss(0, 1.5), 0),
        )

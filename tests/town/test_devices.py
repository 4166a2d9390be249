"""Sensors measure what the model says, speak at their own time, and keep what nobody takes."""

import random
from collections.abc import Sequence

import httpx
import msgspec
import pytest

from plugins.hydrant_json.codec import decode as decode_hydrant
from plugins.smoke_json.codec import decode as decode_smoke
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.reading import Uplink
from standpipe.model.signal import Signal
from standpipe.town.devices import FIRST_WORD, HydrantSample, HydrantSensor, Rhythm, SmokeDetector
from standpipe.town.roads import MEMORY, HttpRoad, Reporter, Sample

NOON = 1_795_320_000_000


def uplink(sample: Sample) -> Uplink:
    return Uplink(source="http", address="device:X", payload=msgspec.json.encode(sample), received_at=NOON)


def sensor() -> HydrantSensor:
    return HydrantSensor("HY-001", interval=5000, start=NOON, rng=random.Random(1))


def test_a_hydrant_sample_is_read_by_its_device_type() -> None:
    (seen,) = decode_hydrant(uplink(sensor().sample(NOON, pressure=310.0)))
    assert seen.observed_at == NOON
    assert seen.fields["pressure"] == pytest.approx(310.0, abs=4)
    assert seen.fields.keys() == {"pressure", "battery", "cap_open", "rsrp"}


@pytest.mark.parametrize(("smoke", "signals"), [(0.0, set()), (35.0, set()), (80.0, {Signal.FIRE})])
def test_a_smoke_sample_is_read_by_its_device_type(smoke: float, signals: set[Signal]) -> None:
    detector = SmokeDetector("SM-BOOKS", interval=20_000, start=NOON, rng=random.Random(1))
    detector.smoke = smoke
    (seen,) = decode_smoke(uplink(detector.sample(NOON)))
    assert seen.signals == signals
    assert seen.reports_signals


def test_sixty_hydrants_never_speak_in_step() -> None:
    rng = random.Random(1)
    rhythms = [Rhythm(interval=5000, start=NOON, rng=rng) for _ in range(60)]
    assert len({rhythm.next_at for rhythm in rhythms}) > 55
    assert all(NOON <= rhythm.next_at <= NOON + FIRST_WORD for rhythm in rhythms)


def test_a_rhythm_skips_the_turns_that_it_slept_through() -> None:
    rhythm = Rhythm(interval=5000, start=NOON, rng=random.Random(1))
    rhythm.advance(NOON + 60_000)
    assert NOON + 60_000 < rhythm.next_at <= NOON + 65_500


class Gate:
    """A road that refuses as it is told."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.taken: list[Sample] = []

    async def send(self, device_type: str, samples: Sequence[Sample]) -> None:
        if self.trouble:
            raise self.trouble
        self.taken += samples

    async def close(self) -> None: ...


def samples(count: int) -> list[HydrantSample]:
    return [sensor().sample(NOON + number, pressure=300.0) for number in range(count)]


async def test_what_nobody_takes_is_kept_and_handed_over_in_order() -> None:
    gate = Gate()
    reporter = Reporter("hydrant_json", gate)
    gate.trouble = Retryable("down")
    outcomes = [await reporter.report(sample) for sample in samples(3)]
    assert outcomes == [False, False, False]
    assert (reporter.kept, reporter.reason) == (3, "down")
    gate.trouble = None
    assert await reporter.report(sensor().sample(NOON + 9, pressure=300.0))
    assert [sample.ts for sample in gate.taken] == [NOON, NOON + 1, NOON + 2, NOON + 9]
    assert (reporter.kept, reporter.sent, reporter.reason) == (0, 4, "")


async def test_what_is_refused_for_good_is_let_go() -> None:
    gate = Gate()
    gate.trouble = Rejected("status 400")
    reporter = Reporter("hydrant_json", gate)
    assert await reporter.report(samples(1)[0])
    assert (reporter.refused, reporter.kept) == (1, 0)


async def test_memory_has_an_end_and_the_oldest_go_first() -> None:
    gate = Gate()
    gate.trouble = Retryable("down")
    reporter = Reporter("hydrant_json", gate)
    for sample in samples(MEMORY + 5):
        await reporter.report(sample)
    gate.trouble = None
    await reporter.report(sensor().sample(NOON + 10_000, pressure=300.0))
    assert len(gate.taken) == MEMORY
    assert gate.taken[0].ts == NOON + 6


def road_to(status: int, seen: list[httpx.Request]) -> HttpRoad:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status)

    return HttpRoad("http://collector", transport=httpx.MockTransport(answer))


async def test_http_road_posts_what_had_to_wait_as_a_list() -> None:
    seen: list[httpx.Request] = []
    await road_to(202, seen).send("hydrant_json", samples(2))
    assert seen[0].url.path == "/ingest/hydrant_json"
    assert [sample["device"] for sample in msgspec.json.decode(seen[0].content)] == ["HY-001", "HY-001"]


@pytest.mark.parametrize(("status", "error"), [(400, Rejected), (404, Rejected), (503, Retryable), (500, Retryable)])
async def test_http_road_tells_later_from_never(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status)):
        await road_to(status, []).send("hydrant_json", samples(1))

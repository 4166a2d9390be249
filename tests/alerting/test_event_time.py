"""Old samples ring nobody; a wrong clock must not pass for an old sample."""

import pytest

from alerting.engine.device_clock import BEYOND_BELIEF, DeviceClock, event_time
from alerting.engine.engine import Engine
from alerting.engine.events import AlertFired
from standpipe.model.reading import Reading
from standpipe.model.signal import Lane, Signal

MINUTE, HOUR = 60_000, 3_600_000
NOW = 1_800_000_000_000
HISTORIC = 15 * MINUTE


def seen(clock: DeviceClock, *, late: int, received: int = NOW, urgent: bool = True) -> tuple[int, bool]:
    when = event_time(clock, observed_at=received - late, received_at=received, historic_after=HISTORIC, urgent=urgent)
    return received - when.at, when.historic


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        pytest.param(0, (0, False), id="fresh"),
        pytest.param(HISTORIC, (HISTORIC, False), id="just fresh"),
        pytest.param(HISTORIC + 1, (HISTORIC + 1, True), id="old"),
        pytest.param(-5 * MINUTE, (0, False), id="from the future"),
        pytest.param(BEYOND_BELIEF + 1, (0, False), id="too old to be true"),
    ],
)
def test_a_sample_of_a_proven_clock(late: int, expected: tuple[int, bool]) -> None:
    clock = DeviceClock()
    seen(clock, late=0, received=NOW - HOUR)
    assert seen(clock, late=late) == expected


def test_an_old_fire_of_a_device_whose_clock_was_never_right_is_taken_as_new() -> None:
    assert seen(DeviceClock(), late=8 * HOUR) == (0, False)
    assert seen(DeviceClock(), late=8 * HOUR, urgent=False) == (8 * HOUR, True)


def test_a_lateness_that_stays_the_same_is_a_wrong_clock() -> None:
    clock = DeviceClock()
    seen(clock, late=0, received=NOW - 24 * HOUR)
    for minute in range(3):
        seen(clock, late=8 * HOUR, received=NOW + minute * MINUTE, urgent=False)
    assert seen(clock, late=8 * HOUR + 500, received=NOW + 3 * MINUTE) == (0, False)


def test_a_batch_of_old_samples_is_no_wrong_clock() -> None:
    clock = DeviceClock()
    seen(clock, late=0, received=NOW - 24 * HOUR)
    batch = [seen(clock, late=hours * HOUR) for hours in range(20, 0, -1)]
    assert all(historic for _, historic in batch)


def fire(at: int, received: int) -> Reading:
    return Reading(
        device="S-1",
        kind="smoke",
        observed_at=at,
        received_at=received,
        fields={},
        signals=frozenset({Signal.FIRE}),
        reports_signals=True,
        lane=Lane.FIRE,
    )


def fired(engine: Engine, reading: Reading) -> list[tuple[str, bool]]:
    return [(e.key.rpartition("|")[2], e.historic) for e in engine.observe(reading) if isinstance(e, AlertFired)]


def test_an_old_fire_is_historic_and_rings_once_a_fresh_sample_says_that_it_goes_on() -> None:
    engine = Engine([], historic_after=HISTORIC)
    day_before = NOW - 24 * HOUR
    engine.observe(Reading(device="S-1", kind="smoke", observed_at=day_before, received_at=day_before, fields={}))
    assert fired(engine, fire(NOW - 10 * HOUR, NOW)) == [(str(NOW - 10 * HOUR), True)]
    assert fired(engine, fire(NOW - 5 * HOUR, NOW)) == []
    assert fired(engine, fire(NOW, NOW)) == [("live", False)]
    assert fired(engine, fire(NOW + MINUTE, NOW + MINUTE)) == []

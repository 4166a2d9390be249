"""Invariants of the engine: order does not matter for what holds in the end, restarts and repeats change nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.engine.engine import Engine
from standpipe.model.reading import Reading
from standpipe.model.rule import RuleSpec, build_rule
from standpipe.model.signal import Lane, Signal

T0 = 1_800_000_000_000
MINUTE = 60_000
RULES = [
    build_rule("smoke", "low", RuleSpec(metric="pressure", below=140, clear=150, for_="10m")),
    build_rule("smoke", "high", RuleSpec(metric="pressure", above=600, clear=500)),
    build_rule("smoke", "fault", RuleSpec(when=Signal.FAULT, signal=Signal.FAULT, for_="3m")),
]
END = T0 + 10_000 * MINUTE


def engine() -> Engine:
    return Engine(RULES, historic_after=100_000 * MINUTE)


@st.composite
def samples(draw: st.DrawFn) -> list[Reading]:
    minutes = draw(st.lists(st.integers(0, 120), min_size=1, max_size=7, unique=True))
    return [
        Reading(
            device=draw(st.sampled_from(("A", "B"))),
            kind="smoke",
            observed_at=T0 + minute * MINUTE,
            received_at=T0 + 200 * MINUTE,
            fields={"pressure": draw(st.sampled_from((100.0, 145.0, 200.0, 550.0, 700.0)))},
            signals=draw(st.sampled_from((frozenset(), frozenset({Signal.FAULT}), frozenset({Signal.FIRE})))),
            reports_signals=True,
            lane=Lane.NORMAL,
        )
        for minute in minutes
    ]


def run(readings: list[Reading], restart: int = -1, twice: int = -1) -> tuple[set[str], set[tuple[str, str]]]:
    rules, keys = engine(), set()
    for index, reading in enumerate(readings):
        for _ in range(1 + (index == twice)):
            keys |= {event.key for event in rules.observe(reading)}
        if index == restart:
            again = engine()
            again.restore(rules.snapshot())
            rules = again
    keys |= {event.key for event in rules.tick(END)}
    return keys, {(rule, device) for rule, device, _ in rules.firing()}


@given(samples(), st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_what_fires_in_the_end_does_not_depend_on_the_order_of_arrival(readings: list[Reading], random: object) -> None:
    ordered = sorted(readings, key=lambda reading: reading.observed_at)
    shuffled = list(readings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert run(shuffled)[1] == run(ordered)[1]


@given(samples(), st.integers(0, 6))
@settings(max_examples=120, deadline=None)
def test_a_restart_at_any_point_changes_no_alert(readings: list[Reading], restart: int) -> None:
    assert run(readings, restart=restart) == run(readings)


@given(samples(), st.integers(0, 6))
@settings(max_examples=120, deadline=None)
def test_a_sample_that_comes_twice_changes_no_alert(readings: list[Reading], twice: int) -> None:
    assert run(readings, twice=twice) == run(readings)


@given(samples())
@settings(max_examples=120, deadline=None)
def test_every_fire_sample_is_part_of_an_announced_episode(readings: list[Reading]) -> None:
    rules, announced = engine(), set()
    for reading in readings:
        announced |= {event.device for event in rules.observe(reading) if event.rule.signal is Signal.FIRE}
    assert announced == {reading.device for reading in readings if Signal.FIRE in reading.signals}

"""The engine as tables: samples in, firing and resolved out. Minutes are event time."""

import pytest

from alerting.engine.engine import Engine
from alerting.engine.events import AlertFired, AlertResolved, Event
from standpipe.model.reading import Reading
from standpipe.model.rule import Rule, RuleSpec, build_rule
from standpipe.model.signal import Lane, Quality, Signal

MINUTE = 60_000
T0 = 1_800_000_000_000
LOW = build_rule("hydrant", "low", RuleSpec(metric="pressure", below=140, clear=150, for_="10m"))
OPEN = build_rule("hydrant", "open", RuleSpec(metric="cap_open", is_=True))
FIRE = build_rule("smoke", "fire", RuleSpec(when=Signal.FIRE, signal=Signal.FIRE))
POWER = build_rule("smoke", "power", RuleSpec(when=Signal.FAULT, signal=Signal.FAULT, for_="2m"))


def engine(*rules: Rule) -> Engine:
    return Engine(rules or (LOW, OPEN, FIRE, POWER), historic_after=15 * MINUTE)


def hydrant(minute: float, value: float, *, received: float | None = None, quality: Quality = Quality.GOOD) -> Reading:
    at = T0 + int(minute * MINUTE)
    got = at if received is None else T0 + int(received * MINUTE)
    return Reading(
        device="HY-1", kind="hydrant", observed_at=at, received_at=got, fields={"pressure": value}, quality=quality
    )


def smoke(minute: float, *signals: Signal, received: float | None = None, device: str = "S-1") -> Reading:
    at = T0 + int(minute * MINUTE)
    return Reading(
        device=device,
        kind="smoke",
        observed_at=at,
        received_at=at if received is None else T0 + int(received * MINUTE),
        fields={},
        signals=frozenset(signals),
        reports_signals=True,
        lane=Lane.FIRE if Signal.FIRE in signals else Lane.NORMAL,
    )


def said(events: list[Event]) -> list[str]:
    names = {AlertFired: "fired", AlertResolved: "resolved"}
    return [f"{names[type(event)]} {event.rule.id}" for event in events]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        pytest.param([(0, 130)], [[]], id="one low sample waits"),
        pytest.param([(0, 130), (5, 130), (10, 130)], [[], [], ["fired hydrant.low"]], id="low for ten minutes fires"),
        pytest.param([(0, 130), (5, 145), (10, 130)], [[], [], []], id="between the limits ends waiting"),
        pytest.param([(0, 130), (10, 130), (15, 145)], [[], ["fired hydrant.low"], []], id="between does not resolve"),
        pytest.param(
            [(0, 130), (10, 130), (15, 150)],
            [[], ["fired hydrant.low"], ["resolved hydrant.low"]],
            id="the clear level resolves",
        ),
        pytest.param([(0, 140), (10, 140)], [[], []], id="the limit itself is not below it"),
        pytest.param([(0, 139.9), (10, 139.9)], [[], ["fired hydrant.low"]], id="just below is"),
        pytest.param([(10, 130), (5, 150), (0, 130)], [[], [], []], id="a late clear sample breaks the wait"),
        pytest.param([(0, 130), (10, 150), (5, 130)], [[], [], []], id="a late low sample is too short"),
        pytest.param([(10, 130), (0, 130)], [[], ["fired hydrant.low"]], id="a late low sample completes the wait"),
        pytest.param([(0, 130), (10, 130), (10, 130)], [[], ["fired hydrant.low"], []], id="said once"),
    ],
)
def test_a_threshold_fires_after_its_time_and_resolves_at_its_clear_level(
    samples: list[tuple[float, float]], expected: list[list[str]]
) -> None:
    rules = engine()
    assert [said(rules.observe(hydrant(minute, value))) for minute, value in samples] == expected


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(9.9, []), (19.9, []), (20, ["fired hydrant.low"])],
)
def test_a_lone_low_sample_fires_when_nothing_contrary_came_for_twice_its_time(
    minute: float, expected: list[str]
) -> None:
    rules = engine()
    rules.observe(hydrant(0, 130))
    assert said(rules.tick(T0 + int(minute * MINUTE))) == expected


def test_a_state_fires_by_time_alone_once_it_has_lasted() -> None:
    rules = engine()
    rules.observe(smoke(0, Signal.FAULT))
    assert said(rules.tick(T0 + 119_000)) == []
    assert said(rules.tick(T0 + 120_000)) == ["fired smoke.power"]
    assert said(rules.tick(T0 + 180_000)) == []
    assert said(rules.observe(smoke(5))) == ["resolved smoke.power"]


def test_a_fire_fires_at_once_and_its_return_is_another_episode() -> None:
    rules = engine()
    first = rules.observe(smoke(0, Signal.FIRE))
    rules.observe(smoke(1))
    second = rules.observe(smoke(2, Signal.FIRE))
    assert [event.key for event in first + second] == [f"smoke.fire|S-1|{T0}", f"smoke.fire|S-1|{T0 + 2 * MINUTE}"]


def test_a_fire_that_arrives_after_its_end_is_not_lost() -> None:
    rules = engine()
    rules.observe(smoke(0))
    rules.observe(smoke(2))
    assert said(rules.observe(smoke(1, Signal.FIRE))) == ["fired smoke.fire", "resolved smoke.fire"]


@pytest.mark.parametrize("signal", [Signal.FIRE, Signal.GAS, Signal.MANUAL_ALARM, Signal.DELAY])
def test_an_urgent_signal_is_an_alert_although_no_rule_names_it(signal: Signal) -> None:
    rules = Engine([], historic_after=15 * MINUTE)
    fired = rules.observe(smoke(0, signal))
    assert [event.rule.signal for event in fired] == [signal]
    assert fired[0].rule.label["zh"]


@pytest.mark.parametrize(
    "weaker",
    [
        RuleSpec(when=Signal.FIRE, signal=Signal.FAULT),
        RuleSpec(when=Signal.FIRE, signal=Signal.FIRE, for_="10m"),
        RuleSpec(when=Signal.FIRE, signal=Signal.FIRE, sites=["elsewhere"]),
    ],
)
def test_a_rule_that_plays_a_fire_down_does_not_replace_the_one_that_rings(weaker: RuleSpec) -> None:
    rules = engine(build_rule("smoke", "fire", weaker))
    assert Signal.FIRE in {event.rule.signal for event in rules.observe(smoke(0, Signal.FIRE))}


def test_a_barrel_side_sensor_raises_no_pressure_alert() -> None:
    rules = Engine([LOW], historic_after=15 * MINUTE, barrel_side=frozenset({"HY-1"}))
    rules.observe(hydrant(0, 0))
    assert said(rules.observe(hydrant(30, 0))) == []


def test_a_text_where_a_number_belongs_is_no_number() -> None:
    rules = engine()
    odd = Reading(device="HY-1", kind="hydrant", observed_at=T0, received_at=T0, fields={"pressure": "low"})
    assert said(rules.observe(odd)) == []


def test_a_reset_makes_the_same_fire_a_new_alarm() -> None:
    rules = engine()
    rules.observe(smoke(0, Signal.FIRE))
    at = rules.clear_point("smoke.fire", "S-1")
    assert at is not None
    rules.reset("smoke.fire", "S-1", at)
    assert rules.firing() == []
    assert said(rules.observe(smoke(1, Signal.FIRE))) == ["fired smoke.fire"]


def test_a_snapshot_of_many_kinds_of_state_comes_back_equal() -> None:
    rules = engine()
    for reading in (hydrant(0, 130), hydrant(10, 130), smoke(0, Signal.FIRE), smoke(1, Signal.FAULT, device="S-2")):
        rules.observe(reading)
    other = engine()
    other.restore(rules.snapshot())
    assert other.state == rules.state
    assert said(other.tick(T0 + 20 * MINUTE)) == said(rules.tick(T0 + 20 * MINUTE)) == ["fired smoke.power"]


def test_the_track_of_a_rule_that_is_gone_does_not_come_back() -> None:
    rules = engine()
    rules.observe(hydrant(0, 130))
    rules.observe(hydrant(10, 130))
    other = engine(FIRE)
    other.restore(rules.snapshot())
    assert other.firing() == []

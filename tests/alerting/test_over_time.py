"""Rules over time and over devices: silence, change, several together."""

from typing import Any

import pytest

from alerting.engine.engine import Engine
from alerting.engine.events import AlertFired
from alerting.engine.silence import Expected
from standpipe.model.reading import Reading
from standpipe.model.rule import Rule, RuleSpec, build_rule

T0 = 1_800_000_000_000
MINUTE = 60_000
SILENT = build_rule("transmitter", "silent", RuleSpec(silent="3m"))
BY_INTERVAL = build_rule("hydrant", "silent", RuleSpec(silent="2.5x"))
DROP = build_rule("hydrant", "drop", RuleSpec(metric="pressure", falls=50, within="5m"))
ZONE = build_rule("hydrant", "zone", RuleSpec(of="hydrant.drop", devices=2, within="15m"))
EXPECTED = {
    "TX": Expected(kind="transmitter", site="s", zone="z", interval=MINUTE),
    "HY-1": Expected(kind="hydrant", site="s", zone="z", interval=5 * MINUTE),
}


def engine(*rules: Rule) -> Engine:
    return Engine(rules, historic_after=15 * MINUTE, expected=EXPECTED, root=lambda device: device.partition("/")[0])


def reading(device: str, minute: float, kind: str = "hydrant", zone: str = "z", **fields: Any) -> Reading:
    at = T0 + int(minute * MINUTE)
    return Reading(device=device, kind=kind, observed_at=at, received_at=at, fields=fields, site="s", zone=zone)


def said(events: list[Any]) -> list[tuple[str, str]]:
    return [("fired" if isinstance(event, AlertFired) else "resolved", event.device) for event in events]


def test_a_silence_is_said_once_and_ends_with_the_next_word() -> None:
    rules = engine(SILENT)
    rules.observe(reading("TX", 0, "transmitter"))
    assert said(rules.silence(T0 + 3 * MINUTE)) == []
    assert said(rules.silence(T0 + 3 * MINUTE + 1)) == [("fired", "TX")]
    assert said(rules.silence(T0 + 9 * MINUTE)) == []
    assert said(rules.observe(reading("TX", 10, "transmitter"))) == [("resolved", "TX")]


def test_the_word_of_a_component_is_a_word_of_its_transmitter() -> None:
    rules = engine(SILENT)
    rules.observe(reading("TX/1.1.40.7", 0, "fire_component"))
    rules.observe(reading("TX/1.1.40.7", 2, "fire_component"))
    assert said(rules.silence(T0 + 4 * MINUTE)) == []


def test_a_device_that_was_never_heard_is_silent_from_when_it_was_expected() -> None:
    rules = engine(BY_INTERVAL)
    assert said(rules.silence(T0)) == []
    assert said(rules.silence(T0 + 12 * MINUTE)) == []
    assert said(rules.silence(T0 + 13 * MINUTE)) == [("fired", "HY-1")]


def test_a_silence_survives_a_restart_and_is_not_said_again() -> None:
    rules = engine(SILENT)
    rules.observe(reading("TX", 0, "transmitter"))
    rules.silence(T0 + 4 * MINUTE)
    again = engine(SILENT)
    again.restore(rules.snapshot())
    assert said(again.silence(T0 + 5 * MINUTE)) == []
    assert said(again.observe(reading("TX", 6, "transmitter"))) == [("resolved", "TX")]


async def test_while_a_collector_hands_over_a_backlog_nobody_is_called_silent(rig: Any) -> None:
    rig.rules = [build_rule("hydrant", "silent", RuleSpec(silent="1m"))]
    await rig.start()
    rig.offset = 300_000
    await rig.send(rig.reading("HY-1", received=rig.now() - 200_000, pressure=200.0))
    await rig.service.look_after()
    behind = list(rig.service.wall(rig.now()).alerts)
    rig.offset = 400_000
    await rig.post(rig.batch())
    await rig.service.look_after()
    silent = [alert.device for alert in rig.service.wall(rig.now()).alerts]
    await rig.stop()
    assert behind == []
    assert "HY-1" in silent


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([(0, 300.0), (5, 250.0)], ["fired"]),
        ([(0, 300.0), (5, 250.1)], []),
        ([(0, 300.0), (6, 240.0)], []),
        ([(5, 250.0), (0, 300.0)], ["fired"]),
        ([(0, 300.0), (5, 300.0), (2, 360.0)], ["fired"]),
        ([(0, 300.0), (5, 240.0), (11, 240.0)], ["fired", "resolved"]),
        ([(0, 300.0), (5, 240.0), (5, 240.0)], ["fired"]),
    ],
)
def test_a_fall_within_the_window_in_whatever_order_it_is_heard(
    samples: list[tuple[int, float]], expected: list[str]
) -> None:
    rules = engine(DROP)
    events = [event for minute, value in samples for event in rules.observe(reading("HY-1", minute, pressure=value))]
    assert [kind for kind, _ in said(events)] == expected


def test_two_of_a_zone_are_one_alert_more_and_other_zones_do_not_count() -> None:
    rules = engine(DROP, ZONE)
    for device, zone in (("HY-1", "z"), ("HY-2", "z"), ("HY-3", "other")):
        rules.observe(reading(device, 0, zone=zone, pressure=300.0))
    assert said(rules.observe(reading("HY-1", 5, pressure=200.0))) == [("fired", "HY-1")]
    assert said(rules.observe(reading("HY-3", 5, zone="other", pressure=200.0))) == [("fired", "HY-3")]
    assert said(rules.observe(reading("HY-2", 6 - 1, pressure=200.0))) == [("fired", "HY-2"), ("fired", "z")]
    assert said(rules.observe(reading("HY-2", 11, pressure=200.0))) == [("resolved", "HY-2"), ("resolved", "z")]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (RuleSpec(metric="p", falls=5), "needs `within`"),
        (RuleSpec(metric="p", falls=-5, within="1m"), "an amount above 0"),
        (RuleSpec(falls=5, within="1m"), "needs a metric"),
        (RuleSpec(of="a.b", devices=1, within="1m"), "2 or more"),
        (RuleSpec(silent="often"), "expected a duration"),
        (RuleSpec(silent="fewx"), "intervals like 2.5x"),
        (RuleSpec(silent="3m", metric="p"), "about a whole device"),
        (RuleSpec(silent="3m", metric="p", below=3), "stands alone"),
        (RuleSpec(metric="p", below=3, within="1m"), "go with falls"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_what_was_expected(spec: RuleSpec, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build_rule("hydrant", "x", spec)

"""Which alarms belong together, and which two are independent witnesses."""

from types import SimpleNamespace

import pytest

from alerting.engine.events import AlertFired, Cause
from alerting.triggers import Triggers
from standpipe.model.registry import Component, Device, Registry, Site
from standpipe.model.rule import Rule
from standpipe.model.signal import Signal

REGISTRY = Registry(
    sites={"w": Site(name={"en": "w"})},
    zones={},
    devices={
        "TX": Device(
            type="gb26875_transmitter",
            address="gb26875:1",
            site="w",
            components={"1.1.40.7": Component(id="smoke-7")},
        )
    },
)
TRIGGERS = Triggers(REGISTRY)


def fired(device: str, *, start: int = 0, zone: str = "z", signal: Signal = Signal.FIRE, site: str = "w") -> AlertFired:
    rule = Rule(id="k.r", kind="k", comparison="state", when=signal, signal=signal)
    cause = Cause(observed_at=start)
    return AlertFired(
        key=f"{device}{start}", rule=rule, device=device, kind="k", site=site, zone=zone, start=start, value=None,
        historic=False, cause=cause,
    )  # fmt: skip


def row(device: str, *, since: int = 0, historic: bool = False, signal: str = "fire") -> SimpleNamespace:
    return SimpleNamespace(device=device, since=since, historic=historic, signal=signal)


@pytest.mark.parametrize(
    ("one", "other", "independent"),
    [
        ("smoke-7", "TX/1.1.40.8", True),
        ("TX/1.1.40.7", "TX/1.1.40.8", True),
        ("S-1", "S-2", True),
        ("S-1", "S-1", False),
        ("TX/1.1", "TX/1.1.40.8", False),
        ("TX/1.1.40.8", "TX/1.1", False),
        ("TX/1.1", "smoke-7", False),
        ("TX", "smoke-7", False),
        ("TX/1.1", "TX/1.11.40.8", True),
        ("TX", "TX/1.1", False),
    ],
)
def test_a_panel_that_repeats_its_detector_is_no_second_witness(one: str, other: str, independent: bool) -> None:
    assert bool(TRIGGERS.independent(fired(other), [row(one)], window=300_000)) == independent


@pytest.mark.parametrize(("apart", "independent"), [(300_000, True), (300_001, False), (-300_000, True)])
def test_two_witnesses_count_within_five_minutes(apart: int, independent: bool) -> None:
    event = fired("S-2", start=1_000_000)
    assert bool(TRIGGERS.independent(event, [row("S-1", since=1_000_000 + apart)], window=300_000)) == independent


def test_an_unknown_zone_and_an_old_alarm_confirm_nothing() -> None:
    assert TRIGGERS.independent(fired("S-2", zone=""), [row("S-1")], window=300_000) is None
    assert TRIGGERS.independent(fired("S-2"), [row("S-1", historic=True)], window=300_000) is None


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "w|z|fire"),
        ({"signal": Signal.MANUAL_ALARM}, "w|z|fire"),
        ({"signal": Signal.GAS}, "w|z|gas"),
        ({"zone": ""}, "w||fire"),
        ({"site": "", "zone": ""}, "|device:S-1|fire"),
    ],
)
def test_alarms_of_a_zone_and_class_are_one_incident(changes: dict[str, str], key: str) -> None:
    assert TRIGGERS.open_key(fired("S-1", **changes)) == key  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("panel", "detector", "repeats"),
    [("TX/1.1", "TX/1.1.40.8", True), ("TX", "smoke-7", True), ("TX/1.1.40.8", "TX/1.1", False), ("S-1", "S-2", False)],
)
def test_a_panel_speaks_for_its_detectors_in_whatever_zone_it_stands(panel: str, detector: str, repeats: bool) -> None:
    assert TRIGGERS.repeats(fired(panel), row(detector)) == repeats


def test_the_button_of_a_transmitter_speaks_for_itself() -> None:
    assert not TRIGGERS.repeats(fired("TX", signal=Signal.MANUAL_ALARM), row("smoke-7"))

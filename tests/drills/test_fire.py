"""What people are promised of a fire, each promise as a timeline."""

from typing import Any

import pytest


def test_unanswered_fire_reaches_the_second_officer(drill: Any) -> None:
    drill.at("00:00").frame("warehouse/zone-2/smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer", says="FIRE", zone="zone-2")
    drill.expect_sms("01:00", to="second officer")
    drill.acknowledge("01:30", by="second officer")
    drill.expect_nothing(until="30:00")


def test_a_fire_that_nobody_answers_goes_up_the_ladder_and_then_round_again(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.expect_sms("01:00", to="second officer")
    drill.expect_sms("05:00", to="chief")
    drill.at("07:55").expect_nothing(until="07:55")
    for person in ("first officer", "second officer", "chief"):
        drill.expect_sms("08:00", to=person, says="UNANSWERED")
    assert "the operator must decide" in str(drill.incident.entries)


def test_a_fire_acknowledged_and_left_is_recalled_after_half_an_hour(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.acknowledge("00:30", by="first officer").expect_nothing(until="30:25")
    assert "acknowledged, no disposition yet" in str(drill.wall.problems)
    drill.expect_sms("30:30", to="first officer", says="UNANSWERED")


def test_two_detectors_of_a_zone_confirm_a_fire_and_wake_the_others(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.at("00:40").frame("smoke-0041", sample="fire")
    drill.expect_sms("00:40", to="second officer", says="FIRE CONFIRMED")
    assert drill.incident.state == "confirmed"
    assert drill.incident.ledger.confirmed is not None
    drill.expect_sms("03:40", to="chief")


def test_two_detectors_more_than_five_minutes_apart_confirm_nothing(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.at("05:05").frame("smoke-0041", sample="fire")
    assert drill.incident.state == "suspected"
    assert drill.incident.devices == ["smoke-0042", "smoke-0041"]


def test_two_zones_are_two_incidents_and_both_ring(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire").frame("smoke-0001", sample="fire")
    drill.expect_sms("00:00", to="first officer", zone="zone-2")
    drill.expect_sms("00:00", to="first officer", zone="zone-1")
    assert len(drill.wall.incidents) == 2


def test_a_confirmed_fire_is_told_to_the_brigade_at_once_and_once(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.person("00:20", "confirm", by="first officer")
    drill.expect_sms("00:20", to="fire brigade", says="FIRE CONFIRMED")
    drill.person("00:25", "confirm", by="second officer").expect_nothing(until="10:00")


def test_smoke_that_clears_closes_nothing(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.at("00:30").frame("smoke-0042", sample="quiescent")
    assert drill.incident.state == "suspected"
    assert [alert.rule for alert in drill.wall.alerts] == ["smoke.fire"]


def test_a_false_alarm_is_closed_by_a_reset_and_the_next_fire_rings_again(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.person("00:20", "false_alarm", cause="steam").person("00:30", "reset")
    assert drill.wall.incidents == []
    assert drill.wall.alerts == []
    drill.at("00:50").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:50", to="first officer", says="FIRE")


def test_a_second_detector_after_a_false_alarm_rings_again(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.person("00:20", "false_alarm", cause="steam")
    drill.at("06:00").frame("smoke-0041", sample="fire")
    drill.expect_sms("06:00", to="first officer", says="FIRE")
    assert drill.incident.state == "suspected"


def test_a_test_does_not_silence_the_next_zone(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.person("00:10", "test")
    drill.at("00:20").frame("smoke-0041", sample="fire").expect_nothing(until="00:30")
    drill.at("00:30").frame("smoke-0001", sample="fire")
    drill.expect_sms("00:30", to="first officer", zone="zone-1")


def test_yesterdays_fire_is_shown_and_rings_nobody(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="quiescent")
    drill.at("60:00").frame("smoke-0042", sample="fire", taken="20:00").expect_nothing(until="70:00")
    assert drill.incident.historic


def test_a_live_fire_rings_although_a_historic_one_of_its_zone_is_open(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="quiescent")
    drill.at("60:00").frame("smoke-0042", sample="fire", taken="20:00")
    drill.at("61:00").frame("smoke-0041", sample="fire")
    drill.expect_sms("61:00", to="first officer")


@pytest.mark.parametrize("sample", ["muted", "fire"])
def test_every_fire_sample_of_the_detector_rings(drill: Any, sample: str) -> None:
    drill.at("00:00").frame("smoke-0042", sample=sample)
    drill.expect_sms("00:00", to="first officer", says="FIRE")

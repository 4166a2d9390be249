"""One drill per fault: gateway down, no receipt, refused number, process killed, frames sent twice, clock jump."""

from typing import Any

import pytest


def test_a_gateway_that_comes_back_sends_what_waited(drill: Any) -> None:
    drill.gateway.state = "down"
    drill.at("00:00").frame("smoke-0042", sample="fire").expect_nothing(until="00:20")
    drill.gateway.state = "up"
    drill.expect_sms("00:25", to="first officer", says="FIRE")


def test_a_missing_receipt_brings_the_next_officer_forward(drill: Any) -> None:
    drill.gateway.silent = True
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.expect_sms("00:30", to="second officer")
    drill.expect_sms("01:00", to="chief")
    assert "no receipt from first officer" in str(drill.incident.entries)


def test_a_refused_number_brings_the_next_officer_forward_at_once(drill: Any) -> None:
    drill.gateway.refused = {"+8613800000001"}
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="second officer")
    assert drill.incident.notices[0].state == "failed"
    assert "first officer could not be told" in str(drill.wall.problems)


@pytest.mark.parametrize("kept", [False, True], ids=["before a snapshot", "after a snapshot"])
def test_a_killed_process_goes_on_where_it_was_and_rings_nobody_twice(drill: Any, kept: bool) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    [drill.snapshot() for _ in range(kept)]
    drill.kill().frames_come_again().expect_nothing(until="00:55")
    drill.expect_sms("01:00", to="second officer")
    assert len(drill.wall.incidents) == 1


def test_a_step_that_came_due_while_nobody_ran_is_sent_on_return(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill._now += 3_600_000
    drill.kill()
    drill.expect_sms("60:00", to="second officer")
    drill.expect_sms("60:00", to="chief")


def test_a_message_not_sent_before_the_kill_is_sent_after_it(drill: Any) -> None:
    drill.gateway.state = "down"
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.gateway.state = "up"
    drill.kill()
    drill.expect_sms("00:05", to="first officer")


def test_an_incident_closed_before_the_kill_stays_closed_when_everything_is_said_again(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.person("00:10", "false_alarm").person("00:20", "reset")
    drill.kill().frames_come_again().expect_nothing(until="20:00")
    assert drill.wall.incidents == []
    drill.at("21:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("21:00", to="first officer")


def test_what_was_said_once_is_recorded_once_however_often_it_comes(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.frames_come_again().frames_come_again()
    assert [entry.event for entry in drill.incident.entries] == ["alarm"]


def test_a_collector_that_falls_silent_is_shown(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="quiescent")
    assert not drill.wall.data_silent
    drill._now += 16_000
    assert drill.wall.data_silent
    assert "is silent" in str(drill.wall.problems)


def test_a_falling_hydrant_is_an_alert_and_no_incident(drill: Any) -> None:
    drill.at("00:00").frame("HY-7", payload='{"pressure_mpa": 0.31}')
    assert drill.wall.hydrants[0].readiness == "usable"
    drill.at("05:00").frame("HY-7", sample="low")
    assert drill.wall.hydrants[0].readiness == "degraded"
    drill.at("10:00").frame("HY-7", sample="low")
    assert drill.wall.alerts == []
    drill.at("15:00").frame("HY-7", sample="low")
    assert [alert.rule for alert in drill.wall.alerts] == ["hydrant.low_pressure"]
    drill.at("20:00").frame("HY-7", payload='{"pressure_mpa": 0.31}')
    assert drill.wall.alerts == []
    drill.expect_nothing(until="60:00")
    assert drill.wall.hydrants[0].readiness == "unknown"

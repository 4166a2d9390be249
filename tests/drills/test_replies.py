"""What a person answers to a message is done and answered, from a known number only."""

from typing import Any

import pytest

FIRST = "+8613800000001"


@pytest.mark.parametrize(
    ("text", "state", "answer"),
    [
        ("2", "false_alarm", "Recorded: FIRE, West warehouse. FALSE ALARM, stand down"),
        ("3", "fault", "Recorded: FIRE, West warehouse. FAULT, stand down"),
        ("ack", "acknowledged", "Recorded: FIRE, West warehouse. ACKNOWLEDGED"),
        ("what?", "suspected", "Not understood: FIRE, West warehouse. Reply 1 real 2 false 3 fault"),
    ],
)
def test_a_reply_is_done_and_answered(drill: Any, text: str, state: str, answer: str) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.reply("00:20", text, number=FIRST).expect_sms("00:20", to="first officer", says=answer)
    assert drill.incident.state == state


def test_a_real_fire_by_reply_goes_to_the_brigade(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.reply("00:20", "1", number="138 0000 0001")
    drill.expect_sms("00:20", to="fire brigade", says="FIRE CONFIRMED")
    drill.expect_sms("00:20", to="first officer", says="Recorded: FIRE, West warehouse. CONFIRMED")


def test_a_stranger_changes_nothing_and_is_not_answered(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.reply("00:20", "2", number="+8613911111111").expect_nothing(until="00:55")
    assert drill.incident.state == "suspected"


def test_somebody_who_was_not_told_changes_nothing(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.reply("00:20", "2", number="+8613800000003").expect_nothing(until="00:55")
    assert drill.incident.state == "suspected"


def test_a_reply_handed_over_twice_counts_once(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.expect_sms("00:00", to="first officer")
    drill.reply("00:20", "2", number=FIRST, id_="r1").reply("00:21", "2", number=FIRST, id_="r1")
    drill.expect_sms("00:20", to="first officer", says="FALSE ALARM").expect_nothing(until="05:00")


def test_a_reply_is_about_the_newest_incident(drill: Any) -> None:
    drill.at("00:00").frame("smoke-0042", sample="fire")
    drill.at("00:10").frame("smoke-0001", sample="fire")
    drill.reply("00:20", "2", number=FIRST)
    assert {incident.zone: incident.state for incident in drill.wall.incidents} == {
        "zone-1": "false_alarm",
        "zone-2": "suspected",
    }

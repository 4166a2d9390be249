"""Plans frozen and rounds planned; whose missing receipt brings the next step forward."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from alerting import escalation
from alerting.receipts import unreached
from standpipe.model.contacts import Contacts
from standpipe.model.registry import Registry, Site

CONTACTS = msgspec.convert(
    {
        "person": {
            "ma": {"name": "Ma", "phone": "1"},
            "he": {"name": "He", "phone": "2", "locale": "en", "channels": ["voice", "sms"]},
            "li": {"name": "Li", "phone": "3", "channels": ["voice"]},
        },
        "plan": {
            "default": {"steps": [{"after": "60s", "notify": ["li"], "channel": "sms"},
                                  {"after": "0s", "notify": ["ma", "he"], "channel": "sms"}]},
            "school": {"steps": [{"after": "5m", "notify": ["he"], "channel": "sms"}]},
            "fire_rescue": {"steps": [{"after": "0s", "notify": ["ma"], "channel": "hook"}]},
        },
    },
    Contacts,
)  # fmt: skip
REGISTRY = Registry(
    sites={"depot": Site(name={"en": "depot"}), "school": Site(name={"en": "school"}, plan="school")},
    zones={},
    devices={},
)


def told(notices: list[escalation.PlannedNotice]) -> list[tuple[int, str, str, int]]:
    return [(one.step, one.recipient.person, one.recipient.channel, one.due_at) for one in notices]


def test_a_plan_is_told_in_the_order_of_its_delays_and_by_the_channels_people_take() -> None:
    plan = escalation.freeze(CONTACTS, REGISTRY, "depot")
    assert told(escalation.first_round("i", plan, at=1_000)) == [
        (0, "ma", "sms", 1_000),
        (0, "he", "sms", 1_000),
        (1, "li", "voice", 61_000),
    ]


@pytest.mark.parametrize(("site", "plan"), [("school", "school"), ("depot", "default"), ("nowhere", "default")])
def test_a_site_has_its_own_plan_or_the_default(site: str, plan: str) -> None:
    assert escalation.freeze(CONTACTS, REGISTRY, site).name == plan


def test_without_any_plan_nobody_is_told_and_nothing_breaks() -> None:
    plan = escalation.freeze(Contacts(), REGISTRY, "depot")
    assert escalation.first_round("i", plan, at=0) == []


def test_keys_of_a_second_round_are_new_and_those_of_the_same_round_are_not() -> None:
    plan = escalation.freeze(CONTACTS, REGISTRY, "depot")
    first = {one.key for one in escalation.first_round("i", plan, at=0)}
    assert first == {one.key for one in escalation.first_round("i", plan, at=999)}
    assert first.isdisjoint(one.key for one in escalation.round_of("i", plan, at=0, offset=2))


@pytest.mark.parametrize(("delay", "due"), [(0, 500), (60_000, 500), (120_000, 500), (180_000, 60_500)])
def test_a_fire_confirmed_by_logic_starts_at_the_senior_level(delay: int, due: int) -> None:
    assert escalation.senior_due(delay, at=500) == due


def notice(**changes: Any) -> SimpleNamespace:
    row: dict[str, Any] = {
        "id": 1, "incident_id": "i", "step": 0, "state": "sent", "channel": "sms", "name": "Ma",
        "sent_at": 0, "tried_at": 0,
    }  # fmt: skip
    return SimpleNamespace(**(row | changes))


@pytest.mark.parametrize(
    ("rows", "now", "expected"),
    [
        pytest.param([notice()], 29_999, [], id="there is still time"),
        pytest.param([notice()], 30_000, [[1]], id="no receipt in time"),
        pytest.param([notice(state="failed")], 1, [[1]], id="refused: no waiting"),
        pytest.param([notice(state="due", sent_at=None)], 30_000, [[1]], id="never got through"),
        pytest.param([notice(state="failed"), notice(id=2)], 10_000, [], id="another of the step may still answer"),
        pytest.param([notice(state="failed"), notice(id=2)], 30_000, [[1, 2]], id="nor did the other"),
        pytest.param([notice(), notice(id=2, step=1)], 30_000, [[1], [2]], id="each step for itself"),
    ],
)
def test_a_step_reached_nobody(rows: list[Any], now: int, expected: list[list[int]]) -> None:
    assert [ids for _, ids, _ in unreached(rows, {"sms": 30_000}, now=now)] == expected

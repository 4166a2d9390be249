"""Who is told when: an escalation plan frozen into the incident, and its steps as notices with due times. Pure.

Nothing here waits or sends. A step is a row with a due time: a restart, a second worker or a clock jump sends it once.
"""

from collections.abc import Iterable

import msgspec

from standpipe.model.contacts import Contacts, Plan
from standpipe.model.registry import Registry

FORWARD_PLAN = "fire_rescue"
"""The plan whose people are told once a person has confirmed a fire."""
SENIOR_LEVEL = 120_000
"""Where a fire that two independent triggers confirmed starts on the ladder, ms."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One person as they were when the incident opened."""

    person: str
    name: str
    phone: str
    locale: str
    channel: str


class FrozenStep(msgspec.Struct, frozen=True, kw_only=True):
    """One rung as it was when the incident opened."""

    delay: int
    recipients: list[Recipient]


class FrozenPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The copy of the plan in the incident; later edits of the contacts do not touch it."""

    name: str
    steps: list[FrozenStep]
    forward: list[Recipient] = []


class PlannedNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be sent."""

    key: str
    """(incident, step, recipient, channel): the same message however often it is tried."""
    step: int
    delay: int
    purpose: str
    recipient: Recipient
    due_at: int


def freeze(contacts: Contacts, registry: Registry, site: str) -> FrozenPlan:
    """Return the plan of a site's incidents as it stands now; the site's own, else `default`, else an empty one."""
    wanted = registry.sites[site].plan if site in registry.sites else ""
    name = wanted if wanted in contacts.plan else "default"
    plan = contacts.plan.get(name, Plan(steps=[]))
    forward = contacts.plan.get(FORWARD_PLAN, Plan(steps=[]))
    return FrozenPlan(
        name=name,
        steps=[
            FrozenStep(delay=step.delay, recipients=_recipients(contacts, step.notify, step.channel))
            for step in sorted(plan.steps, key=lambda step: step.delay)
        ],
        forward=[recipient for step in forward.steps for recipient in _recipients(contacts, step.notify, step.channel)],
    )


def first_round(incident: str, plan: FrozenPlan, *, at: int) -> list[PlannedNotice]:
    """Return all notices of a plan that starts at `at`."""
    return round_of(incident, plan, at=at, offset=0)


def round_of(
    incident: str, plan: FrozenPlan, *, at: int, offset: int, purpose: str = "alarm", at_once: bool = False
) -> list[PlannedNotice]:
    """Return the notices of one more round; `offset` is the number of the round's first step.

    `at_once` tells all steps at `at` in place of their own delays: a reminder is for everybody.
    """
    return [
        PlannedNotice(
            key=_key(incident, offset + number, recipient),
            step=offset + number,
            delay=step.delay,
            purpose=purpose,
            recipient=recipient,
            due_at=at if at_once else at + step.delay,
        )
        for number, step in enumerate(plan.steps)
        for recipient in step.recipients
    ]


def to_all(incident: str, recipients: Iterable[Recipient], *, at: int, step: int, purpose: str) -> list[PlannedNotice]:
    """Return one notice for each recipient, due now."""
    return [
        PlannedNotice(key=_key(incident, step, who), step=step, delay=0, purpose=purpose, recipient=who, due_at=at)
        for who in recipients
    ]


def senior_due(delay: int, *, at: int) -> int:
    """Return when a step of `delay` is due if the ladder starts at the senior level at `at`."""
    return at + max(0, delay - SENIOR_LEVEL)


def _recipients(contacts: Contacts, people: Iterable[str], channel: str) -> list[Recipient]:
    """Return people with the channel each is told through: the step's, unless they named others."""
    found = []
    for id_ in people:
        person = contacts.person.get(id_)
        if person is None:
            continue
        own = person.channels
        chosen = channel if not own or channel in own else own[0]
        found.append(Recipient(person=id_, name=person.name, phone=person.phone, locale=person.locale, channel=chosen))
    return found


def _key(incident: str, step: int, recipient: Recipient) -> str:
    return f"{incident}:{step}:{recipient.person}:{recipient.channel}"

"""Looks for incidents that nobody will hear of again, and for silence from below. Pure; the service acts on it."""

from collections.abc import Iterable, Mapping
from typing import Any

from alerting.board import CaseFile
from alerting.incidents import DISPOSITIONS, State

NO_ANSWER = 180_000
"""The plan is told, and this long nobody answered: the operator must decide, ms."""
REPEAT = 300_000
"""Between two reminders of an unanswered incident, ms."""
UNFINISHED = 1_800_000
"""An acknowledged incident without a disposition is recalled after this, ms."""
FORGOTTEN_TEST = 7_200_000
"""A test or drill that nobody ended hides its zone: recalled after this, ms."""


def without_next_step(case: CaseFile, *, now: int) -> dict[str, str] | None:
    """Return in words, by language, why an open incident has no next step; None while it has one."""
    row = case.incident
    if row.open_key is None or row.historic:
        return None
    idle = now - _last_step(case)
    if row.state in (State.TEST, State.DRILL):
        return {"zh": "测试或演练未结束", "en": "test or drill not ended"} if idle >= FORGOTTEN_TEST else None
    by_person = row.state in DISPOSITIONS and row.confirmed_by != "logic"
    if by_person or any(notice.state in ("due", "sending") for notice in case.notices) or idle < NO_ANSWER:
        return None
    if row.state == State.ACKNOWLEDGED:
        return {"zh": "已接警，未处置", "en": "acknowledged, no disposition yet"}
    return {"zh": "无人应答，请值班员决定", "en": "nobody answered, the operator must decide"}


def reminder_due(case: CaseFile, *, now: int) -> bool:
    """Return whether people are to be told again of an incident without a next step."""
    wait = UNFINISHED if case.incident.state == State.ACKNOWLEDGED else REPEAT
    last = max((event.at for event in case.events if event.event == "unanswered"), default=None)
    if last is None:
        return case.incident.state != State.ACKNOWLEDGED or now - _last_step(case) >= UNFINISHED
    return bool(now - last >= wait)


def unsent(cases: Iterable[CaseFile]) -> list[tuple[str, str]]:
    """Return (incident, person) of every notice that was refused for good, of open incidents."""
    return [
        (case.incident.id, notice.name or notice.person)
        for case in cases
        if case.incident.open_key is not None
        for notice in case.notices
        if notice.state == "failed"
    ]


def silent(contacts: Mapping[str, int], *, after: int, now: int) -> list[str]:
    """Return the collectors from which nothing came for `after` ms."""
    return sorted(collector for collector, at in contacts.items() if now - at > after)


def _last_step(case: CaseFile) -> int:
    """Return when something last happened that leads to an answer."""
    people = [event.at for event in case.events if event.event in _BY_PEOPLE]
    told = [at for notice in case.notices for at in (notice.tried_at, notice.sent_at) if at is not None]
    return int(max([case.incident.opened_at, *people, *told]))


_BY_PEOPLE: frozenset[Any] = frozenset({"acknowledge", "confirm", "logic", "test", "drill"})

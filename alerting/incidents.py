"""The life of an incident as a table: (state, event) -> (state, effects), for every pair. Pure; performs no effect.

suspected -> acknowledged -> confirmed | false_alarm | fault | test | drill -> closed. Fire is latched: nothing closes
it but a person's reset, and nothing is closed without a disposition. A new alarm in a zone where somebody has already
said "false alarm" rings again.
"""

from enum import StrEnum, auto

import msgspec

from alerting.engine.compiled import LATCHED
from standpipe.model.signal import Signal


class State(StrEnum):
    """Where an incident stands."""

    SUSPECTED = auto()
    ACKNOWLEDGED = auto()
    CONFIRMED = auto()
    FALSE_ALARM = auto()
    FAULT = auto()
    TEST = auto()
    DRILL = auto()
    CLOSED = auto()


class Event(StrEnum):
    """What can happen to one."""

    ALARM = auto()
    """A device of the zone, not heard in this incident before."""
    RE_ALARM = auto()
    """A device that was heard in it before, again."""
    CLEAR = auto()
    """A device says that it is over."""
    LOGIC = auto()
    """Two independent triggers in one zone within the window."""
    UNANSWERED = auto()
    """The watchdog found it open with no next step."""
    ACKNOWLEDGE = auto()
    CONFIRM = auto()
    FALSE_ALARM = auto()
    FAULT = auto()
    TEST = auto()
    DRILL = auto()
    RESET = auto()
    CLOSE = auto()


class Effect(StrEnum):
    """What is to be done about it, in the same transaction."""

    RING = auto()
    """A new round of the plan, from its first step."""
    RING_SENIOR = auto()
    """The steps not yet told, as if it had started at the 120 s level."""
    HOLD = auto()
    """Cancel the steps that wait."""
    FORWARD = auto()
    """Tell the fire-rescue service."""
    REMIND = auto()
    """Tell everybody of the plan that it is open with no next step."""
    STAND_DOWN = auto()
    """Tell those who were told of a confirmed fire that it is none."""
    CLOSE = auto()
    """Give the zone free and let its devices alarm anew."""


class IllegalTransition(Exception):
    """A person asked for what the state does not allow."""

    def __init__(self, state: str, event: str) -> None:
        """Name both."""
        super().__init__(f"{event} is not possible while the incident is {state}")
        self.state = state
        self.event = event


class Transition(msgspec.Struct, frozen=True):
    """One cell of the table."""

    state: State
    effects: tuple[Effect, ...] = ()


DISPOSITIONS = frozenset({State.CONFIRMED, State.FALSE_ALARM, State.FAULT, State.TEST, State.DRILL})
PERSON_EVENTS = (
    Event.ACKNOWLEDGE,
    Event.CONFIRM,
    Event.FALSE_ALARM,
    Event.FAULT,
    Event.TEST,
    Event.DRILL,
    Event.RESET,
    Event.CLOSE,
)
"""Events that a person may raise, in the order in which they are offered."""

_S, _E, _X = State, Event, Effect
_STAY = "stay"
_NO = None

_TABLE: dict[State, dict[Event, Transition | str | None]] = {
    _S.SUSPECTED: {
        _E.ALARM: _STAY,
        _E.RE_ALARM: _STAY,
        _E.CLEAR: _STAY,
        _E.LOGIC: Transition(_S.CONFIRMED, (_X.RING_SENIOR,)),
        _E.UNANSWERED: Transition(_S.SUSPECTED, (_X.REMIND,)),
        _E.ACKNOWLEDGE: Transition(_S.ACKNOWLEDGED, (_X.HOLD,)),
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: Transition(_S.FALSE_ALARM, (_X.HOLD,)),
        _E.FAULT: Transition(_S.FAULT, (_X.HOLD,)),
        _E.TEST: Transition(_S.TEST, (_X.HOLD,)),
        _E.DRILL: Transition(_S.DRILL, (_X.HOLD,)),
        _E.RESET: _NO,
        _E.CLOSE: _NO,
    },
    _S.ACKNOWLEDGED: {
        _E.ALARM: _STAY,
        _E.RE_ALARM: _STAY,
        _E.CLEAR: _STAY,
        _E.LOGIC: Transition(_S.CONFIRMED, (_X.RING_SENIOR,)),
        _E.UNANSWERED: Transition(_S.ACKNOWLEDGED, (_X.REMIND,)),
        _E.ACKNOWLEDGE: _STAY,
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: Transition(_S.FALSE_ALARM, (_X.HOLD,)),
        _E.FAULT: Transition(_S.FAULT, (_X.HOLD,)),
        _E.TEST: Transition(_S.TEST, (_X.HOLD,)),
        _E.DRILL: Transition(_S.DRILL, (_X.HOLD,)),
        _E.RESET: _NO,
        _E.CLOSE: _NO,
    },
    _S.CONFIRMED: {
        _E.ALARM: _STAY,
        _E.RE_ALARM: _STAY,
        _E.CLEAR: _STAY,
        _E.LOGIC: _STAY,
        _E.UNANSWERED: Transition(_S.CONFIRMED, (_X.REMIND,)),
        _E.ACKNOWLEDGE: Transition(_S.CONFIRMED, (_X.HOLD,)),
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: Transition(_S.FALSE_ALARM, (_X.HOLD, _X.STAND_DOWN)),
        _E.FAULT: Transition(_S.FAULT, (_X.HOLD, _X.STAND_DOWN)),
        _E.TEST: Transition(_S.TEST, (_X.HOLD, _X.STAND_DOWN)),
        _E.DRILL: Transition(_S.DRILL, (_X.HOLD, _X.STAND_DOWN)),
        _E.RESET: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
        _E.CLOSE: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
    },
    _S.FALSE_ALARM: {
        _E.ALARM: Transition(_S.SUSPECTED, (_X.RING,)),
        _E.RE_ALARM: Transition(_S.SUSPECTED, (_X.RING,)),
        _E.CLEAR: _STAY,
        _E.LOGIC: Transition(_S.CONFIRMED, (_X.RING_SENIOR,)),
        _E.UNANSWERED: _STAY,
        _E.ACKNOWLEDGE: _NO,
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: _STAY,
        _E.FAULT: Transition(_S.FAULT),
        _E.TEST: Transition(_S.TEST),
        _E.DRILL: Transition(_S.DRILL),
        _E.RESET: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
        _E.CLOSE: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
    },
    _S.FAULT: {
        _E.ALARM: Transition(_S.SUSPECTED, (_X.RING,)),
        _E.RE_ALARM: Transition(_S.SUSPECTED, (_X.RING,)),
        _E.CLEAR: _STAY,
        _E.LOGIC: Transition(_S.CONFIRMED, (_X.RING_SENIOR,)),
        _E.UNANSWERED: _STAY,
        _E.ACKNOWLEDGE: _NO,
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: Transition(_S.FALSE_ALARM),
        _E.FAULT: _STAY,
        _E.TEST: Transition(_S.TEST),
        _E.DRILL: Transition(_S.DRILL),
        _E.RESET: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
        _E.CLOSE: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
    },
    _S.TEST: {
        _E.ALARM: _STAY,
        _E.RE_ALARM: _STAY,
        _E.CLEAR: _STAY,
        _E.LOGIC: _STAY,
        _E.UNANSWERED: Transition(_S.TEST, (_X.REMIND,)),
        _E.ACKNOWLEDGE: _NO,
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: Transition(_S.FALSE_ALARM),
        _E.FAULT: Transition(_S.FAULT),
        _E.TEST: _STAY,
        _E.DRILL: Transition(_S.DRILL),
        _E.RESET: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
        _E.CLOSE: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
    },
    _S.DRILL: {
        _E.ALARM: _STAY,
        _E.RE_ALARM: _STAY,
        _E.CLEAR: _STAY,
        _E.LOGIC: _STAY,
        _E.UNANSWERED: Transition(_S.DRILL, (_X.REMIND,)),
        _E.ACKNOWLEDGE: _NO,
        _E.CONFIRM: Transition(_S.CONFIRMED, (_X.HOLD, _X.FORWARD)),
        _E.FALSE_ALARM: Transition(_S.FALSE_ALARM),
        _E.FAULT: Transition(_S.FAULT),
        _E.TEST: Transition(_S.TEST),
        _E.DRILL: _STAY,
        _E.RESET: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
        _E.CLOSE: Transition(_S.CLOSED, (_X.HOLD, _X.CLOSE)),
    },
    _S.CLOSED: {
        _E.ALARM: _NO,
        _E.RE_ALARM: _NO,
        _E.CLEAR: _STAY,
        _E.LOGIC: _NO,
        _E.UNANSWERED: _NO,
        _E.ACKNOWLEDGE: _NO,
        _E.CONFIRM: _NO,
        _E.FALSE_ALARM: _NO,
        _E.FAULT: _NO,
        _E.TEST: _NO,
        _E.DRILL: _NO,
        _E.RESET: _NO,
        _E.CLOSE: _NO,
    },
}


def transition(state: State, event: Event, signal: Signal) -> Transition:
    """Return what follows. Raises IllegalTransition; a latched incident has no `close`, only a person's reset."""
    cell = _TABLE[state][event]
    if cell is None or (event is Event.CLOSE and signal in LATCHED):
        raise IllegalTransition(state, event)
    return cell if isinstance(cell, Transition) else Transition(state)


def actions(state: State, signal: Signal) -> list[Event]:
    """Return the events that a person may raise in this state, without those that would change nothing."""
    offered = []
    for event in PERSON_EVENTS:
        if event is Event.CLOSE and signal in LATCHED:
            continue
        cell = _TABLE[state][event]
        if isinstance(cell, Transition) and not (event is Event.ACKNOWLEDGE and state is State.CONFIRMED):
            offered.append(event)
    return offered

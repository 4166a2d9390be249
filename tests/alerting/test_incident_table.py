"""Every pair of state and event, as written down for people to check."""

import pytest

from alerting.engine.compiled import LATCHED
from alerting.incidents import DISPOSITIONS, PERSON_EVENTS, Effect, Event, IllegalTransition, State, actions, transition
from standpipe.model.signal import Signal

# One row a state, one column an event: the state after it; "." stays, "-" is refused. ":" gives the effects.
TABLE = """
              alarm           re_alarm        clear logic                   unanswered   acknowledge       confirm                   false_alarm                 fault                 test                 drill                 reset              close
suspected     .               .               .     confirmed:ring_senior   .:remind     acknowledged:hold confirmed:hold,forward    false_alarm:hold            fault:hold            test:hold            drill:hold            -                  -
acknowledged  .               .               .     confirmed:ring_senior   .:remind     .                 confirmed:hold,forward    false_alarm:hold            fault:hold            test:hold            drill:hold            -                  -
confirmed     .               .               .     .                       .:remind     .:hold            .:hold,forward            false_alarm:hold,stand_down fault:hold,stand_down test:hold,stand_down drill:hold,stand_down closed:hold,close  closed:hold,close
false_alarm   suspected:ring  suspected:ring  .     confirmed:ring_senior   .            -                 confirmed:hold,forward    .                           fault                 test                 drill                 closed:hold,close  closed:hold,close
fault         suspected:ring  suspected:ring  .     confirmed:ring_senior   .            -                 confirmed:hold,forward    false_alarm                 .                     test                 drill                 closed:hold,close  closed:hold,close
test          .               .               .     .                       .:remind     -                 confirmed:hold,forward    false_alarm                 fault                 .                    drill                 closed:hold,close  closed:hold,close
drill         .               .               .     .                       .:remind     -                 confirmed:hold,forward    false_alarm                 fault                 test                 .                     closed:hold,close  closed:hold,close
closed        -               -               .     -                       -            -                 -                         -                           -                     -                    -                     -                  -
"""  # noqa: E501 - a table is read across
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(row[0], event, cell) for row in ROWS for event, cell in zip(HEAD, row[1:], strict=True)]


def test_the_table_has_every_pair() -> None:
    assert {(state, event) for state, event, _ in CELLS} == {(state, event) for state in State for event in Event}


@pytest.mark.parametrize(
    ("state", "event", "cell"), [pytest.param(*cell, id=f"{cell[0]}-{cell[1]}") for cell in CELLS if cell[2] != "-"]
)
def test_what_follows(state: str, event: str, cell: str) -> None:
    after, _, effects = cell.partition(":")
    found = transition(State(state), Event(event), Signal.GAS)
    assert found.state == {".": state}.get(after, after)
    assert list(found.effects) == [Effect(name) for name in effects.split(",") if name]


@pytest.mark.parametrize(
    ("state", "event"), [pytest.param(*cell[:2], id=f"{cell[0]}-{cell[1]}") for cell in CELLS if cell[2] == "-"]
)
def test_what_is_refused(state: str, event: str) -> None:
    with pytest.raises(IllegalTransition, match=f"{event} is not possible while the incident is {state}"):
        transition(State(state), Event(event), Signal.GAS)


@pytest.mark.parametrize("signal", sorted(LATCHED))
@pytest.mark.parametrize("state", list(State))
def test_a_latched_incident_ends_by_a_reset_only(state: State, signal: Signal) -> None:
    with pytest.raises(IllegalTransition):
        transition(state, Event.CLOSE, signal)


@pytest.mark.parametrize("signal", [Signal.FIRE, Signal.GAS, Signal.MANUAL_ALARM])
@pytest.mark.parametrize("state", list(State))
def test_every_action_offered_is_possible_and_nothing_closes_without_a_disposition(
    state: State, signal: Signal
) -> None:
    ends = {event for event in actions(state, signal) if transition(state, event, signal).state is State.CLOSED}
    assert bool(ends) == (state in DISPOSITIONS)


def test_a_suspected_fire_offers_what_a_duty_officer_can_do() -> None:
    assert actions(State.SUSPECTED, Signal.FIRE) == list(PERSON_EVENTS[:6])

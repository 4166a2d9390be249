"""The gradient algorithm on networks small enough for a hand: mains, pumps, valves, taps; and the solver below it."""

import random

import pytest

from standpipe.town.elimination import Elimination
from standpipe.town.inp import read_parts
from standpipe.town.network import Town
from standpipe.town.solver import Link, Solver, Valve


def test_a_dead_end_loses_by_hazen_williams() -> None:
    main = Link(1, 0, 0.002)
    solver = Solver(free=1, heads=[0.0, 50.0], links=[main], valves=[])
    assert solver.solve([20.0])
    assert main.flow == pytest.approx(20.0)
    assert solver.heads[0] == pytest.approx(50 - 0.002 * 20**1.852)


def test_two_mains_side_by_side_share_by_their_resistance() -> None:
    wide, narrow = Link(1, 0, 0.001), Link(0, 1, 0.004)
    solver = Solver(free=1, heads=[0.0, 50.0], links=[wide, narrow], valves=[])
    assert solver.solve([30.0])
    assert wide.flow - narrow.flow == pytest.approx(30.0)
    assert wide.flow == pytest.approx(-narrow.flow * 4 ** (1 / 1.852))


def test_a_pump_lifts_by_its_curve_and_lets_nothing_back() -> None:
    pump = Link(1, 0, 0.005, exponent=2.0, lift=40.0, way=1)
    solver = Solver(free=1, heads=[0.0, 10.0], links=[pump], valves=[])
    assert solver.solve([30.0])
    assert solver.heads[0] == pytest.approx(10 + 40 - 0.005 * 30**2)
    uphill = Link(1, 0, 0.005, exponent=2.0, lift=40.0, way=1)
    solver = Solver(free=1, heads=[0.0, 10.0, 80.0], links=[uphill, Link(2, 0, 0.001)], valves=[])
    assert solver.solve([5.0])
    assert uphill.checked
    assert uphill.flow == pytest.approx(0, abs=1e-3)


def test_a_pump_shut_by_too_much_head_runs_again_when_the_head_falls() -> None:
    pump = Link(1, 0, 0.005, exponent=2.0, lift=40.0, way=1)
    solver = Solver(free=1, heads=[0.0, 10.0, 80.0], links=[pump, Link(2, 0, 0.001)], valves=[])
    solver.solve([5.0])
    solver.heads[2] = 40.0
    assert solver.solve([5.0])
    assert not pump.checked
    assert pump.flow > 5


def test_an_open_tap_gives_by_the_root_of_its_head() -> None:
    tap = Link(0, 2, 100 / 20**2, exponent=2.0, lift=-5.0, flow=20.0)
    solver = Solver(free=1, heads=[0.0, 45.0, 0.0], links=[Link(1, 0, 1e-5)], valves=[])
    assert solver.solve([0.0], taps=[tap])
    assert tap.flow == pytest.approx(20 * ((solver.heads[0] - 5) / 100) ** 0.5)
    assert solver.heads[0] == pytest.approx(45 - 1e-5 * tap.flow**1.852)


@pytest.mark.parametrize(
    ("before", "beyond", "state", "head"),
    [
        (60.0, 10.0, "active", 30.0),
        (25.0, 10.0, "open", None),
        (60.0, 40.0, "closed", 40.0),
        (20.0, 25.0, "closed", 25.0),
    ],
    ids=["holds its setting", "wide open below it", "closed against more", "closed against backflow"],
)
def test_a_reducing_valve_has_three_states(before: float, beyond: float, state: str, head: float | None) -> None:
    valve = Valve(0, 1, 30.0)
    mains = [Link(2, 0, 0.001), Link(1, 3, 0.001)]
    solver = Solver(free=2, heads=[0.0, 0.0, before, beyond], links=mains, valves=[valve])
    assert solver.solve([0.0, 0.0])
    assert valve.state == state
    assert solver.heads[1] == pytest.approx(solver.heads[0] if head is None else head, abs=0.01)
    assert mains[0].flow == pytest.approx(mains[1].flow, abs=1e-3)
    assert mains[0].flow == pytest.approx(valve.flow, abs=1e-3)


def test_a_valve_comes_back_to_its_setting_from_either_side() -> None:
    valve = Valve(0, 1, 30.0)
    solver = Solver(free=2, heads=[0, 0, 60.0, 40.0], links=[Link(2, 0, 0.001), Link(1, 3, 0.001)], valves=[valve])
    states = []
    for before, beyond in [(60.0, 40.0), (60.0, 10.0), (25.0, 10.0), (60.0, 10.0), (60.0, 40.0)]:
        solver.heads[2:] = [before, beyond]
        assert solver.solve([0.0, 0.0])
        states.append(valve.state)
    assert states == ["closed", "active", "open", "active", "closed"]


@pytest.mark.parametrize("seed", range(5))
def test_elimination_answers_any_positive_definite_system(seed: int) -> None:
    rng = random.Random(seed)
    size = 30
    pairs = sorted({(min(a, b), max(a, b)) for a, b in (rng.sample(range(size), 2) for _ in range(60))})
    weights = [rng.uniform(0.01, 100.0) for _ in pairs]
    wanted = [rng.uniform(-50.0, 50.0) for _ in range(size)]
    system = Elimination(size, pairs)
    diagonal, off, right = [1.0] * size, [0.0] * system.size, list(wanted)
    for (one, other), weight in zip(pairs, weights, strict=True):
        diagonal[one] += weight
        diagonal[other] += weight
        off[system.places[one, other]] -= weight
        right[one] += weight * (wanted[one] - wanted[other])
        right[other] += weight * (wanted[other] - wanted[one])
    answer = [0.0] * size
    system.solve(diagonal, off, right, answer)
    assert answer == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        ("250  PRV  33  0", "250  PSV  33  0"),
        ("Headloss  H-W", "Headloss  D-W"),
        ("Units  LPS", "Units  GPM"),
        ("[END]", "[RULES]"),
        ("HEAD WORKS", "POWER 12"),
        ("ABOVE 5.5", "AT TIME 5"),
        ("  115  0", "  115  0.5"),
    ],
)
def test_a_network_with_something_unknown_is_refused(town: Town, word: str, instead: str) -> None:
    assert word in town.inp
    with pytest.raises(ValueError, match=r"known|missing|mean|unpack"):
        read_parts(town.inp.replace(word, instead))

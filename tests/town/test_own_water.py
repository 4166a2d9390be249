"""Our own solver says what EPANET says, in every state the town can be in, and is quick enough for a second's step."""

import time
from collections.abc import Callable
from typing import TypeAlias

import pytest

from standpipe.town.hydraulics import Hydraulics
from standpipe.town.network import Town
from standpipe.town.own_water import OwnWater

MORNING = 1_795_305_600_000
HOUR = 3_600_000
KPA = 0.1
"""Both solve the same equations: they differ by where each stops, not by a model."""

Both: TypeAlias = tuple[Hydraulics, Hydraulics]
Deed: TypeAlias = Callable[[Hydraulics, Town], None]


def agree(both: Both) -> None:
    """Compare pressures at every hydrant, levels, flows; and what goes in with what comes out."""
    epanet, own = both
    assert own.pressures() == pytest.approx(epanet.pressures(), abs=KPA)
    assert own.tank_levels() == pytest.approx(epanet.tank_levels(), abs=KPA / 10)
    theirs, ours = epanet.balance(), own.balance()
    assert ours.supplied == pytest.approx(theirs.supplied, abs=0.05)
    assert ours.used == pytest.approx(theirs.used, abs=0.05)
    assert ours.supplied == pytest.approx(ours.used + ours.stored, abs=0.01)


def let_run(both: Both, hours: int) -> None:
    """Advance both by quarters of an hour: EPANET does not end its own steps where the draw changes."""
    for quarter in range(1, hours * 4 + 1):
        for water in both:
            water.advance(MORNING + quarter * HOUR // 4)


def open_in_lane(zone: str, flow: float) -> Deed:
    return lambda water, town: water.open_hydrant(town.lane(zone)[1].id, flow)


def burst_before(hydrant: str, flow: float) -> Deed:
    def deed(water: Hydraulics, town: Town) -> None:
        water.burst_main(next(pipe.id for pipe in town.pipes if pipe.end == hydrant), flow)

    return deed


def open_all_lanes(water: Hydraulics, town: Town) -> None:
    for zone in ("riverside", "old-town", "logistics", "hill"):
        for hydrant in town.lane(zone):
            water.open_hydrant(hydrant.id, 300.0)


DEEDS = {
    "a hydrant in the old town": open_in_lane("old-town", 28.0),
    "a hydrant behind the reducing valve": open_in_lane("riverside", 40.0),
    "a hydrant on the hill": open_in_lane("hill", 15.0),
    "a burst in the grid": burst_before("HY-020", 60.0),
    "a burst at the edge of the logistics park": burst_before("HY-042", 200.0),
    "a burst by the riverside that opens the valve wide": burst_before("HY-012", 900.0),
    "every lane open": open_all_lanes,
}


def test_a_normal_day_is_the_same_at_every_quarter_of_an_hour(both: Both) -> None:
    for quarter in range(24 * 4 + 1):
        for water in both:
            water.advance(MORNING + quarter * HOUR // 4)
        agree(both)


@pytest.mark.parametrize("hour", [0, 6, 19])
@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_water_that_runs_out_lowers_the_same_pressures(both: Both, town: Town, deed: Deed, hour: int) -> None:
    let_run(both, hour)
    for water in both:
        deed(water, town)
    agree(both)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_tanks_and_pumps_answer_it_the_same_for_two_hours(both: Both, town: Town, deed: Deed) -> None:
    for water in both:
        deed(water, town)
    for minute in range(2 * 60):
        for second in range(0, 60, 5):  # EPANET may go one long step past the second in which a tank runs empty
            for water in both:
                water.advance(MORNING + (60 * minute + second) * 1000)
        agree(both)


def test_mended_and_shut_is_as_before(both: Both, town: Town) -> None:
    opened = town.lane("old-town")[1].id
    pipe = next(pipe.id for pipe in town.pipes if pipe.end == opened)
    for water in both:
        water.open_hydrant(opened, 28.0)
        water.burst_main(pipe, 45.0)
        water.close_hydrant(opened)
    agree(both)
    assert both[1].outflow(opened) == pytest.approx(both[0].outflow(opened), abs=0.01)
    for water in both:
        water.repair_main(pipe)
    agree(both)
    assert both[1].outflow(opened) == 0


def test_a_tank_runs_empty_at_the_same_second_whatever_the_step(town: Town) -> None:
    levels = []
    for step in (10, 300, 5400):
        water = OwnWater(town, start=MORNING)
        burst_before("HY-042", 200.0)(water, town)
        for second in range(step, 5401, step):
            water.advance(MORNING + second * 1000)
        levels.append(water.tank_levels())
    assert levels[0]["TANK-OLD-TOWN"] == 0.5
    assert levels[1] == pytest.approx(levels[0], abs=0.01)
    assert levels[2] == pytest.approx(levels[0], abs=0.01)


def test_any_second_of_the_day_may_be_the_first(town: Town) -> None:
    late = OwnWater(town, start=MORNING + 4_567_000)
    early = OwnWater(town, start=MORNING + 4_500_000)
    assert late.pressures() == pytest.approx(early.pressures(), abs=KPA)
    assert late.balance().used == early.balance().used


def test_a_second_of_the_town_costs_little(town: Town) -> None:
    water = OwnWater(town, start=MORNING)
    water.open_hydrant(town.lane("old-town")[1].id, 28.0)
    began = time.process_time()
    for second in range(1, 101):
        water.advance(MORNING + second * 1000)
    assert (time.process_time() - began) / 100 < 0.02

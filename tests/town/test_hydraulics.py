"""Water behaves: opened hydrants starve their neighbours, what goes in comes out, tanks last the day."""

from typing import Protocol
from unittest.mock import MagicMock

import pytest

from standpipe.town import epanet_water
from standpipe.town.epanet_water import EpanetWater
from standpipe.town.hydraulics import Hydraulics, open_hydraulics, solver_in_use
from standpipe.town.network import Town
from standpipe.town.own_water import OwnWater

MORNING = 1_795_305_600_000
HOUR = 3_600_000


class Open(Protocol):
    def __call__(self, town: Town, *, start: int) -> Hydraulics: ...


def test_all_hydrants_have_normal_pressure_at_any_hour(water: Hydraulics) -> None:
    seen: list[float] = []
    for quarter in range(24 * 4 + 1):
        water.advance(MORNING + quarter * HOUR // 4)
        seen += water.pressures().values()
    assert min(seen) > 180
    assert max(seen) < 450


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_opening_the_storys_hydrant_starves_its_lane_and_leaves_far_ones(
    water: Hydraulics, town: Town, hour: int
) -> None:
    water.advance(MORNING + hour * HOUR)
    before = water.pressures()
    near, opened, beyond = (hydrant.id for hydrant in town.lane("old-town"))
    water.open_hydrant(opened, 28.0)
    after = water.pressures()
    assert 20 <= water.outflow(opened) <= 32
    assert after[opened] < 130
    assert after[beyond] < 130
    assert before[near] - after[near] > 80
    far = [hydrant.id for hydrant in town.hydrants if hydrant.zone == "hill"]
    assert max(abs(before[id_] - after[id_]) for id_ in far) < 5


def test_closing_a_hydrant_brings_the_pressure_back(water: Hydraulics, town: Town) -> None:
    before, opened = water.pressures(), town.lane("old-town")[1].id
    water.open_hydrant(opened, 28.0)
    water.close_hydrant(opened)
    assert water.outflow(opened) == 0
    assert water.pressures() == pytest.approx(before, abs=0.5)


def test_a_burst_main_lowers_its_street_until_it_is_mended(water: Hydraulics, town: Town) -> None:
    before, lane = water.pressures(), town.lane("riverside")
    pipe = next(pipe for pipe in town.pipes if pipe.end == lane[1].id)
    water.burst_main(pipe.id, 45.0)
    broken = water.pressures()
    water.repair_main(pipe.id)
    assert broken[lane[1].id] < 100
    assert water.pressures()[lane[1].id] == pytest.approx(before[lane[1].id], abs=0.5)


def test_a_burst_and_an_open_hydrant_at_one_place_add_up(water: Hydraulics, town: Town) -> None:
    lane = town.lane("riverside")
    pipe = next(pipe for pipe in town.pipes if pipe.end == lane[1].id)
    water.open_hydrant(lane[1].id, 15.0)
    alone = water.outflow(lane[1].id)
    water.burst_main(pipe.id, 15.0)
    both = water.outflow(lane[1].id)
    water.close_hydrant(lane[1].id)
    assert both > alone
    assert 0 < water.outflow(lane[1].id) < both


@pytest.mark.parametrize("flow", [0.0, 10.0, 28.0])
def test_what_the_works_supply_is_used_or_stored(water: Hydraulics, town: Town, flow: float) -> None:
    water.open_hydrant(town.lane("old-town")[1].id, flow)
    balance = water.balance()
    assert balance.supplied == pytest.approx(balance.used + balance.stored, abs=0.2)
    assert balance.used > 20


def test_tanks_neither_empty_nor_overflow_within_two_days(water: Hydraulics) -> None:
    levels: list[float] = []
    for quarter in range(2 * 24 * 4):
        water.advance(MORNING + quarter * HOUR // 4)
        levels += water.tank_levels().values()
    assert min(levels) > 1.5
    assert max(levels) < 5.7
    assert max(levels) - min(levels) > 1


def test_small_steps_and_large_steps_lead_to_the_same_water(town: Town, open_water: Open) -> None:
    slow, fast = open_water(town, start=MORNING), open_water(town, start=MORNING)
    for second in range(0, 1801, 30):
        slow.advance(MORNING + second * 1000)
    fast.advance(MORNING + 1_800_000)
    levels = slow.tank_levels(), fast.tank_levels()
    slow.close()
    fast.close()
    assert levels[0] == pytest.approx(levels[1], abs=0.02)


def test_time_never_goes_back(water: Hydraulics) -> None:
    water.advance(MORNING + HOUR)
    levels = water.tank_levels()
    water.advance(MORNING)
    assert water.tank_levels() == levels


@pytest.mark.filterwarnings("error")
def test_a_town_with_every_lane_open_is_starved_but_still_has_an_answer(water: Hydraulics, town: Town) -> None:
    lanes = [hydrant.id for zone in ("riverside", "old-town", "logistics", "hill") for hydrant in town.lane(zone)]
    for hydrant in lanes:
        water.open_hydrant(hydrant, 300.0)
    water.advance(MORNING + 6 * HOUR)
    assert all(-200 < pressure < 450 for pressure in water.pressures().values())
    assert min(water.pressures()[hydrant] for hydrant in lanes) < 10


def test_a_machine_without_epanet_has_water_and_is_told_whose(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, town: Town
) -> None:
    monkeypatch.setattr(epanet_water, "toolkit", None)
    with caplog.at_level("INFO", logger="standpipe.town.hydraulics"):
        model = open_hydraulics(town, start=MORNING)
    assert isinstance(model, OwnWater)
    assert "own solver (EPANET, owa-epanet, is not installed for Python 3" in caplog.text


def test_epanet_is_the_first_choice_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    monkeypatch.setattr(epanet_water, "toolkit", MagicMock())
    assert isinstance(open_hydraulics(town, start=MORNING), EpanetWater)
    assert solver_in_use() == "EPANET"

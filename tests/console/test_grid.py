"""How hydrants are laid out: all of them, or the ones in trouble and a sentence about the rest."""

import pytest
from msgspec.structs import replace

from console.chart import draw_map
from console.grid import arrange, rank
from console.rehearsal import Rehearsal


def some(count: int) -> Rehearsal:
    service = Rehearsal(now=lambda: 1_795_333_200_000)
    service.add_hydrants(count)
    return service


@pytest.mark.parametrize(
    ("count", "fit"), [(0, 0), (1, 8), (8, 8), (9, 18), (32, 32), (33, 60), (60, 60), (61, 84), (112, 112), (900, 112)]
)
def test_the_fewer_the_larger(count: int, fit: int) -> None:
    grid = arrange(list(some(count).hydrants.values()))
    assert grid.fit == fit
    assert len(grid.tiles) == min(count, 112)
    assert sum(grid.left_out.values()) == max(0, count - 112)


def test_trouble_is_drawn_before_anything_that_is_usable() -> None:
    service = some(300)
    service.grade("HY-299", "unusable", 20.0)
    service.grade("HY-300", "unknown", None)
    service.grade("HY-298", "degraded", 120.0)
    grid = arrange(list(service.hydrants.values()))
    assert [tile.id for tile in grid.tiles[:3]] == ["HY-299", "HY-300", "HY-298"]
    assert grid.left_out == {"usable": 188}


def test_a_tile_keeps_its_place_when_its_state_changes() -> None:
    service = some(60)
    before = [tile.id for tile in arrange(list(service.hydrants.values())).tiles]
    service.grade("HY-033", "unusable", 20.0)
    assert [tile.id for tile in arrange(list(service.hydrants.values())).tiles] == before


def test_what_waits_for_a_person_stands_first() -> None:
    service = some(0)
    states = ("false_alarm", "suspected", "test", "confirmed", "acknowledged", "suspected", "drill")
    for number, state in enumerate(states):
        service.open_incident(f"i{number}", site=("a", "b"), zone=("c", "d"))
        incident = service.incidents[f"i{number}"]
        service.incidents[f"i{number}"] = replace(incident, state=state, opened_at=number)  # type: ignore[arg-type]
    assert [one.id for one in rank(list(service.incidents.values()))] == ["i5", "i1", "i3", "i4", "i6", "i2", "i0"]


def test_the_map_is_to_scale_with_north_up() -> None:
    service = some(60)
    plan = draw_map(list(service.hydrants.values()))
    assert all(0 < mark.x < plan.width and 0 < mark.y < plan.height for mark in plan.marks)
    northmost = max(plan.marks, key=lambda mark: mark.hydrant.latitude or 0)
    eastmost = max(plan.marks, key=lambda mark: mark.hydrant.longitude or 0)
    assert northmost.y == min(mark.y for mark in plan.marks)
    assert eastmost.x == max(mark.x for mark in plan.marks)


@pytest.mark.parametrize("count", [0, 1])
def test_a_map_of_hardly_anything_is_still_a_map(count: int) -> None:
    plan = draw_map(list(some(count).hydrants.values()))
    assert [(mark.x, mark.y) for mark in plan.marks] == [(800.0, 400.0)] * count

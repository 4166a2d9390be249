"""Lays hydrants out on the wall so that all fit, or at least those in trouble. Never hides any without saying so."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.views import HydrantView, IncidentState, IncidentView, Readiness
from console.present import short

SIZES = (0, 8, 18, 32, 60, 84, 112)
"""Tile counts for which the style sheet has a layout (`fit-60` …), largest tiles first."""
_TROUBLE: dict[Readiness, int] = {"unusable": 0, "unknown": 1, "degraded": 2, "usable": 3}
_URGENCY: dict[IncidentState, int] = {"suspected": 0, "confirmed": 1, "acknowledged": 2}


@dataclass(frozen=True, slots=True)
class Grid:
    """What is drawn, and how many of each readiness are not."""

    tiles: list[HydrantView]
    fit: int
    left_out: dict[str, int]


def arrange(hydrants: Sequence[HydrantView]) -> Grid:
    """Return the tiles by zone and name, each always in its place; beyond the largest grid the worst come first."""
    placed = sorted(hydrants, key=lambda hydrant: (hydrant.zone, short(hydrant.name, hydrant.id), hydrant.id))
    room = SIZES[-1]
    if len(placed) > room:
        placed.sort(key=lambda hydrant: _TROUBLE[hydrant.readiness])
    left_out: dict[str, int] = {}
    for hydrant in placed[room:]:
        left_out[hydrant.readiness] = left_out.get(hydrant.readiness, 0) + 1
    fit = next((size for size in SIZES if len(placed) <= size), room)
    return Grid(placed[:room], fit, left_out)


def rank(incidents: Sequence[IncidentView]) -> list[IncidentView]:
    """Return the incidents as the wall shows them: what waits for a person first, what only waits for a reset last."""
    return sorted(incidents, key=lambda incident: (_URGENCY.get(incident.state, 3), -incident.opened_at))

"""Shapes for drawing: a pressure chart as columns, a map of hydrants as points in a square. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from alerting.views import HydrantView
from storage.influx.queries import HistoryPoint

WIDTH, HEIGHT, MARGIN = 1600.0, 800.0, 60.0


@dataclass(frozen=True, slots=True)
class Chart:
    """One hydrant's pressure over a span, or why there is none."""

    state: Literal["drawn", "empty", "unreachable", "refused"]
    points: list[HistoryPoint]

    def as_json(self, start: int, end: int) -> dict[str, object]:
        """Return columns as the chart library takes them: seconds, then mean, lowest and highest in kPa."""
        return {
            "state": self.state,
            "start": start / 1000,
            "end": end / 1000,
            "columns": [
                [point.at / 1000 for point in self.points],
                [point.mean for point in self.points],
                [point.low for point in self.points],
                [point.high for point in self.points],
            ],
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """One hydrant on the map."""

    hydrant: HydrantView
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A map without streets: hydrants where they stand, to scale. `bar` is 200 m."""

    marks: list[Mark]
    unplaced: list[HydrantView]
    bar: float
    width: float = WIDTH
    height: float = HEIGHT


def draw_map(hydrants: Sequence[HydrantView]) -> Plan:
    """Return the hydrants that have coordinates, projected flat (a town is small), north up."""
    placed = [(h, h.longitude, h.latitude) for h in hydrants if h.latitude is not None and h.longitude is not None]
    unplaced = [hydrant for hydrant in hydrants if hydrant.latitude is None or hydrant.longitude is None]
    if not placed:
        return Plan([], unplaced, 0.0)
    middle = math.radians(sum(latitude for _, _, latitude in placed) / len(placed))
    metres = [(h, longitude * 111_320 * math.cos(middle), latitude * 110_570) for h, longitude, latitude in placed]
    west, east = min(x for _, x, _ in metres), max(x for _, x, _ in metres)
    south, north = min(y for _, _, y in metres), max(y for _, _, y in metres)
    scale = min((WIDTH - 2 * MARGIN) / max(east - west, 100), (HEIGHT - 2 * MARGIN) / max(north - south, 100))
    left, top = (WIDTH - (east - west) * scale) / 2, (HEIGHT - (north - south) * scale) / 2
    marks = [Mark(h, round(left + (x - west) * scale, 1), round(top + (north - y) * scale, 1)) for h, x, y in metres]
    marks.sort(key=lambda mark: mark.hydrant.readiness != "usable")
    return Plan(marks, unplaced, round(200 * scale, 1))

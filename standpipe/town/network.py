"""Builds the town's water network: an EPANET input text and the hydrants on it. Opens no file, solves nothing.

Water comes from a works by the river, is pumped to a tank that floats on the old town, passes a pressure-reducing valve
down to the riverside, runs on to the logistics park, and is boosted to a second tank on the hill.
"""

import math
import random

import msgspec

from standpipe.town.places import COLUMNS, DEMAND_BY_HOUR, LANE_HYDRANTS, ORIGIN, SPACING, ZONES, Zone

SEED = 26875
_METRES_PER_DEGREE = 111_320.0
_PATTERN_STEPS_PER_HOUR = 4


class Hydrant(msgspec.Struct, frozen=True, kw_only=True):
    """One hydrant: a node of the network with a street address."""

    id: str
    """Registry id, device id and EPANET node id in one: HY-001."""
    zone: str
    zh: str
    en: str
    latitude: float
    longitude: float
    """WGS-84."""
    elevation: float
    """Metres above the town's datum."""


class Pipe(msgspec.Struct, frozen=True, kw_only=True):
    """One main between two nodes; diameter in mm, length in m."""

    id: str
    start: str
    end: str
    length: float
    diameter: float


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """The whole network."""

    hydrants: tuple[Hydrant, ...]
    pipes: tuple[Pipe, ...]
    inp: str
    """EPANET input file as text; flows in L/s, lengths in m."""

    def lane(self, zone: str) -> tuple[Hydrant, ...]:
        """Return the hydrants of a zone's dead-end lane, nearest to the main first."""
        return tuple(hydrant for hydrant in self.hydrants if hydrant.zone == zone)[-LANE_HYDRANTS:]


class _Node(msgspec.Struct, frozen=True):
    id: str
    x: float
    y: float
    elevation: float
    demand: float


def build_town(*, seed: int = SEED) -> Town:
    """Return the town. The same seed gives the same text, byte for byte."""
    rng = random.Random(seed)  # noqa: S311 - shapes a street map, guards nothing
    nodes: list[_Node] = [
        _Node("WORKS", 430.0, -120.0, 4.0, 0.0),
        _Node("HEIGHTS", 620.0, 900.0, 30.0, 0.0),
        _Node("BOOST-IN", 560.0, 940.0, 32.0, 0.0),
        _Node("BOOST-OUT", 555.0, 1000.0, 34.0, 0.0),
        _Node("HILLTOP", 640.0, 1600.0, 62.0, 0.0),
        _Node("PRV-IN", 340.0, 470.0, 8.0, 0.0),
        _Node("PRV-OUT", 340.0, 400.0, 6.0, 0.0),
    ]
    hydrants: list[Hydrant] = []
    pipes: list[Pipe] = []
    corners: dict[tuple[str, int, int], str] = {}
    for zone in ZONES:
        _add_zone(zone, rng, nodes=nodes, hydrants=hydrants, pipes=pipes, corners=corners)

    def main(start: str, end: str, diameter: float) -> None:
        at = {node.id: (node.x, node.y) for node in nodes if node.id in (start, end)}
        length = max(40.0, math.dist(at[start], at[end])) if len(at) == 2 else 60.0
        pipes.append(Pipe(id=f"M-{len(pipes) + 1:03}", start=start, end=end, length=length, diameter=diameter))

    main("WORKS", corners["old-town", 3, 0], 400)
    main(corners["old-town", 3, 0], "HEIGHTS", 350)
    main("HEIGHTS", "TANK-OLD-TOWN", 350)
    main("HEIGHTS", "BOOST-IN", 250)
    main("BOOST-OUT", corners["hill", 1, 0], 250)
    main(corners["hill", 2, 2], "HILLTOP", 250)
    main("HILLTOP", "TANK-HILL", 250)
    main(corners["old-town", 2, 0], "PRV-IN", 250)
    main("PRV-OUT", corners["riverside", 2, 2], 250)
    main("HEIGHTS", corners["logistics", 0, 2], 250)
    main(corners["old-town", 3, 1], corners["logistics", 0, 1], 250)
    return Town(hydrants=tuple(hydrants), pipes=tuple(pipes), inp=_render(nodes, pipes))


def _add_zone(
    zone: Zone,
    rng: random.Random,
    *,
    nodes: list[_Node],
    hydrants: list[Hydrant],
    pipes: list[Pipe],
    corners: dict[tuple[str, int, int], str],
) -> None:
    """Lay one zone's streets and lane, a hydrant at every corner."""
    rows, depth = len(zone.streets), SPACING * (len(zone.streets) - 1)

    def place(x: float, y: float, *, street: tuple[str, str], number: int, demand: float) -> str:
        low, high = zone.ground
        ground = low + (high - low) * min(1.0, max(0.0, (y - zone.at[1]) / depth)) + rng.uniform(-0.4, 0.4)
        id_ = f"HY-{len(hydrants) + 1:03}"
        nodes.append(_Node(id_, x, y, round(ground, 2), round(demand * rng.uniform(0.7, 1.3), 3)))
        latitude, longitude = _degrees(x, y)
        zh, en = f"{street[0]}{number}号", f"{street[1]} {number}"
        hydrants.append(
            Hydrant(
                id=id_, zone=zone.id, zh=zh, en=en, latitude=latitude, longitude=longitude, elevation=round(ground, 2)
            )
        )
        return id_

    def lay(start: str, end: str, *, length: float, diameter: float) -> None:
        id_ = f"M-{len(pipes) + 1:03}"
        pipes.append(Pipe(id=id_, start=start, end=end, length=round(length, 1), diameter=diameter))

    for row in range(rows):
        for column in range(COLUMNS):
            x = zone.at[0] + column * SPACING + rng.uniform(-18, 18)
            y = zone.at[1] + row * SPACING + rng.uniform(-12, 12)
            id_ = place(x, y, street=zone.streets[row], number=column * 2 + 1, demand=zone.demand)
            corners[zone.id, column, row] = id_
            if column:
                lay(corners[zone.id, column - 1, row], id_, length=SPACING * 1.05, diameter=200)
            if row:
                lay(corners[zone.id, column, row - 1], id_, length=SPACING * 1.05, diameter=150)
    lane, before = zone.lane, corners[(zone.id, *zone.lane.corner)]
    for number in range(1, LANE_HYDRANTS + 1):
        x = zone.at[0] + lane.corner[0] * SPACING + lane.heading[0] * lane.step * number
        y = zone.at[1] + lane.corner[1] * SPACING + lane.heading[1] * lane.step * number
        id_ = place(x, y, street=(lane.zh, lane.en), number=number, demand=zone.demand / 5)
        lay(before, id_, length=lane.step, diameter=100)
        before = id_


def _degrees(x: float, y: float) -> tuple[float, float]:
    """Return WGS-84 latitude and longitude of a point given in metres east and north of the town's corner."""
    latitude = ORIGIN[0] + y / _METRES_PER_DEGREE
    longitude = ORIGIN[1] + x / (_METRES_PER_DEGREE * math.cos(math.radians(ORIGIN[0])))
    return round(latitude, 6), round(longitude, 6)


def _render(nodes: list[_Node], pipes: list[Pipe]) -> str:
    """Write the EPANET input text."""
    steps = len(DEMAND_BY_HOUR) * _PATTERN_STEPS_PER_HOUR
    pattern = [_draw(step / _PATTERN_STEPS_PER_HOUR) for step in range(steps)]
    lines = ["[TITLE]", "Yunting Town, a simulated network; no such place exists", "", "[JUNCTIONS]"]
    lines += [f" {node.id}  {node.elevation}  {node.demand}  DAY" for node in nodes]
    lines += ["", "[RESERVOIRS]", " CLEARWELL  6", "", "[TANKS]"]
    lines += [" TANK-OLD-TOWN  46  4.2  0.5  6.0  14  0", " TANK-HILL  82  3.2  0.5  5.0  9  0", "", "[PIPES]"]
    lines += [f" {pipe.id}  {pipe.start}  {pipe.end}  {pipe.length:.1f}  {pipe.diameter:g}  115  0" for pipe in pipes]
    lines += ["", "[PUMPS]", " PUMP-WORKS  CLEARWELL  WORKS  HEAD WORKS", " PUMP-HILL  BOOST-IN  BOOST-OUT  HEAD HILL"]
    lines += ["", "[VALVES]", " PRV-RIVERSIDE  PRV-IN  PRV-OUT  250  PRV  33  0"]
    lines += ["", "[CURVES]", " WORKS  62  54", " HILL  18  48", "", "[PATTERNS]"]
    lines += [f" DAY  {value:.4f}" for value in pattern]
    lines += ["", "[CONTROLS]"]
    lines += [" LINK PUMP-WORKS OPEN IF NODE TANK-OLD-TOWN BELOW 3.2"]
    lines += [" LINK PUMP-WORKS CLOSED IF NODE TANK-OLD-TOWN ABOVE 5.5"]
    lines += [" LINK PUMP-HILL OPEN IF NODE TANK-HILL BELOW 2.2", " LINK PUMP-HILL CLOSED IF NODE TANK-HILL ABOVE 4.5"]
    lines += ["", "[TIMES]", " Duration  87600:00", " Hydraulic Timestep  0:01", " Pattern Timestep  0:15"]
    lines += ["", "[REPORT]", " Status  No", " Summary  No", " Messages  No"]
    lines += ["", "[OPTIONS]", " Units  LPS", " Headloss  H-W", " Trials  100", " Accuracy  0.0005"]
    lines += [" Unbalanced  Continue 10", " Emitter Exponent  0.5", "", "[COORDINATES]"]
    lines += [f" {node.id}  {node.x:.1f}  {node.y:.1f}" for node in nodes]
    lines += [" CLEARWELL  430  -160", " TANK-OLD-TOWN  640  930", " TANK-HILL  660  1640", "", "[END]", ""]
    return "\n".join(lines)


def _draw(hour: float) -> float:
    """Return the share of the average draw at an hour of the day, between the hours in a straight line."""
    whole = int(hour)
    here, after = DEMAND_BY_HOUR[whole % 24], DEMAND_BY_HOUR[(whole + 1) % 24]
    return here + (after - here) * (hour - whole)

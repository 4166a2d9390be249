"""Reads the EPANET input text that `network.py` writes. No reader for others: it refuses what it does not know."""

import msgspec

from standpipe.town.network import Pipe


class Junction(msgspec.Struct, frozen=True):
    """A node that finds its head; elevation in m, average draw in L/s."""

    id: str
    elevation: float
    draw: float


class Tank(msgspec.Struct, frozen=True):
    """A round tank; all in m, levels above its floor at `elevation`."""

    id: str
    elevation: float
    level: float
    lowest: float
    highest: float
    diameter: float


class Pump(msgspec.Struct, frozen=True):
    """A pump by its one rated point, L/s and m; EPANET lays a parabola through it."""

    id: str
    start: str
    end: str
    flow: float
    head: float


class Reducer(msgspec.Struct, frozen=True):
    """A pressure-reducing valve without loss of its own; `pressure` in m at `end`."""

    id: str
    start: str
    end: str
    pressure: float


class Control(msgspec.Struct, frozen=True):
    """Opens or shuts a pump when a tank's level passes a mark, m."""

    link: str
    shut: bool
    tank: str
    below: bool
    level: float


class Parts(msgspec.Struct, frozen=True):
    """All that the text says about water."""

    junctions: tuple[Junction, ...]
    reservoirs: dict[str, float]
    """Head in m by id."""
    tanks: tuple[Tank, ...]
    pipes: tuple[Pipe, ...]
    roughness: float
    """Hazen-Williams C, one for all pipes."""
    pumps: tuple[Pump, ...]
    reducers: tuple[Reducer, ...]
    controls: tuple[Control, ...]
    pattern: tuple[float, ...]
    """Share of the average draw, every quarter of an hour from midnight."""


_UNITS = {"Units LPS", "Headloss H-W", "Emitter Exponent 0.5", "Pattern Timestep 0:15"}
_SAID = {"TITLE", "TIMES", "REPORT", "OPTIONS", "COORDINATES", "END"}
_READ = {"JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES", "CURVES", "PATTERNS", "CONTROLS"}


def read_parts(text: str) -> Parts:
    """Return the parts of an input text; ValueError where it says something that this module does not know."""
    rows: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            rows[line.strip("[]")] = here = []
        elif line:
            here.append(line.split())
    if rows.keys() != _SAID | _READ:
        raise ValueError(f"sections {sorted(rows.keys() ^ (_SAID | _READ))} are unknown or missing")
    if missing := _UNITS - {" ".join(row) for row in rows["OPTIONS"] + rows["TIMES"]}:
        raise ValueError(f"without {sorted(missing)} the numbers mean something else")
    points = {id_: (float(flow), float(head)) for id_, flow, head in rows["CURVES"]}
    pipes, roughness = _pipes(rows["PIPES"])
    return Parts(
        junctions=tuple(
            Junction(id_, float(elevation), float(draw))
            for id_, elevation, draw, pattern in rows["JUNCTIONS"]
            if _known(pattern, "DAY")
        ),
        reservoirs={id_: float(head) for id_, head in rows["RESERVOIRS"]},
        tanks=tuple(Tank(id_, *map(float, five)) for id_, *five, dead in rows["TANKS"] if _known(dead, "0")),
        pipes=pipes,
        roughness=roughness,
        pumps=tuple(
            Pump(id_, start, end, *points[curve])
            for id_, start, end, kind, curve in rows["PUMPS"]
            if _known(kind, "HEAD")
        ),
        reducers=tuple(
            Reducer(id_, start, end, float(pressure))
            for id_, start, end, _, kind, pressure, loss in rows["VALVES"]
            if _known(kind, "PRV") and _known(loss, "0")
        ),
        controls=tuple(_control(row) for row in rows["CONTROLS"]),
        pattern=tuple(float(value) for id_, value in rows["PATTERNS"] if _known(id_, "DAY")),
    )


def _pipes(rows: list[list[str]]) -> tuple[tuple[Pipe, ...], float]:
    """Return the pipes and the one C of them all."""
    pipes = tuple(
        Pipe(id=id_, start=start, end=end, length=float(length), diameter=float(diameter))
        for id_, start, end, length, diameter, c, loss in rows
        if _known(c, rows[0][5]) and _known(loss, "0")
    )
    return pipes, float(rows[0][5])


def _control(row: list[str]) -> Control:
    """Read `LINK id OPEN|CLOSED IF NODE id BELOW|ABOVE level`."""
    _, link, status, _, _, tank, side, level = row
    _known(" ".join((row[0], *row[3:5])), "LINK IF NODE")
    below = side == "BELOW" or not _known(side, "ABOVE")
    return Control(link, status == "CLOSED" or not _known(status, "OPEN"), tank, below, float(level))


def _known(word: str, wanted: str) -> bool:
    """Return True, or raise ValueError for a word that means something else than what is supported."""
    if word != wanted:
        raise ValueError(f"{word} where only {wanted} is known")
    return True

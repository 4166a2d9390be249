"""The town's water by Standpipe's own solver, for machines that EPANET has no package for. Steps time as EPANET does.

What is supported is what `network.py` draws: Hazen-Williams mains, pumps with one rated point and a parabola through
it, round tanks that take nothing more when full and give nothing when empty, pumps switched by a tank's level, a
pressure-reducing valve, draws that follow the hour, and open hydrants and bursts as emitters.
"""

import logging

from standpipe.town.balance import KPA_PER_METRE, RATED_HEAD, Balance
from standpipe.town.inp import Pump, read_parts
from standpipe.town.network import Pipe, Town
from standpipe.town.solver import Link, Solver, Valve
from standpipe.town.vessel import Inflow, Vessel

log = logging.getLogger(__name__)

_FOOT, _CUBIC_FOOT = 0.3048, 28.316846592
_HAZEN_WILLIAMS = 4.727 * _FOOT**4.871 / _CUBIC_FOOT**1.852
"""Head loss is this * length / (C**1.852 * diameter**4.871) * flow**1.852, in m and L/s; EPANET has 4.727 in feet."""
_QUARTER = 900
"""Seconds between two values of the draw's pattern, and the longest step."""


class OwnWater:
    """One running model. Not thread-safe; solving takes a few milliseconds."""

    def __init__(self, town: Town, *, start: int, utc_offset: int = 28_800) -> None:
        """Open the model at `start` (epoch ms); demand follows the hour of the day `utc_offset` seconds east of UTC."""
        self._parts = parts = read_parts(town.inp)
        self._elevations = [junction.elevation for junction in parts.junctions]
        free = len(self._elevations)
        fixed = {**parts.reservoirs, **{tank.id: tank.elevation + tank.level for tank in parts.tanks}, "GROUND": 0.0}
        ids = [*(junction.id for junction in parts.junctions), *fixed]
        self._number = number = {id_: place for place, id_ in enumerate(ids)}

        self._pumps = {pump.id: _parabola(pump, number) for pump in parts.pumps}
        links = [*(_main(pipe, number, roughness=parts.roughness) for pipe in parts.pipes), *self._pumps.values()]
        valves = [
            Valve(number[item.start], number[item.end], self._elevations[number[item.end]] + item.pressure)
            for item in parts.reducers
        ]
        self._solver = Solver(free=free, heads=[*self._elevations, *fixed.values()], links=links, valves=valves)
        self._vessels = {tank.id: Vessel(tank, Inflow.at(number[tank.id], links)) for tank in parts.tanks}
        self._sources = [Inflow.at(number[id_], links) for id_ in parts.reservoirs]
        self._hydrants = {hydrant.id: number[hydrant.id] for hydrant in town.hydrants}
        self._far_ends = {pipe.id: pipe.end for pipe in town.pipes}
        self._outflows: dict[str, dict[str, float]] = {}
        self._taps: dict[str, Link] = {}
        self._second_of_day = (start // 1000 + utc_offset) % 86_400
        self._start = start
        self._elapsed = 0
        self._stands = True
        self._solve()

    def advance(self, now: int) -> None:
        """Let time run to `now` (epoch ms, whole seconds count): demand, tanks and pumps follow. Never goes back."""
        wanted = (now - self._start) // 1000
        while self._elapsed < wanted:
            step = self._step(wanted - self._elapsed)
            for vessel in self._vessels.values():
                vessel.flow_in(step)
            self._elapsed += step
            self._solve()

    def pressures(self) -> dict[str, float]:
        """Return kPa (gauge) in the main at every hydrant, by id."""
        heads, elevations = self._solver.heads, self._elevations
        return {id_: (heads[node] - elevations[node]) * KPA_PER_METRE for id_, node in self._hydrants.items()}

    def open_hydrant(self, hydrant: str, flow: float) -> None:
        """Open a hydrant that would give `flow` L/s at 100 kPa; what it gives now depends on the main behind it."""
        self._set_outflow(hydrant, f"hydrant {hydrant}", flow)

    def close_hydrant(self, hydrant: str) -> None:
        """Shut it again; harmless when it was shut."""
        self._set_outflow(hydrant, f"hydrant {hydrant}", 0.0)

    def burst_main(self, pipe: str, flow: float) -> None:
        """Break a main near its far end: `flow` L/s at 100 kPa runs into the street."""
        self._set_outflow(self._far_ends[pipe], f"burst {pipe}", flow)

    def repair_main(self, pipe: str) -> None:
        """Close the break."""
        self._set_outflow(self._far_ends[pipe], f"burst {pipe}", 0.0)

    def outflow(self, node: str) -> float:
        """Return L/s that leave the network through open hydrants and bursts at a node now."""
        return self._taps[node].flow if node in self._taps else 0.0

    def tank_levels(self) -> dict[str, float]:
        """Return water level in metres by tank."""
        return {id_: vessel.level for id_, vessel in self._vessels.items()}

    def balance(self) -> Balance:
        """Return what goes in and out of the network now."""
        return Balance(
            supplied=-sum(source.now() for source in self._sources),
            stored=sum(vessel.inflow.now() for vessel in self._vessels.values()),
            used=sum(self._draws()) + sum(tap.flow for tap in self._taps.values()),
        )

    def close(self) -> None:
        """Release nothing: the model lives in memory alone."""

    def _draws(self) -> list[float]:
        """Return L/s drawn at each junction at this hour."""
        quarter = (self._second_of_day + self._elapsed) // _QUARTER
        share = self._parts.pattern[quarter % len(self._parts.pattern)]
        return [junction.draw * share for junction in self._parts.junctions]

    def _step(self, limit: int) -> int:
        """Return seconds until something changes: the draw, a tank at its limit, a pump's control; at most `limit`."""
        ends = [limit, _QUARTER - (self._second_of_day + self._elapsed) % _QUARTER]
        ends += [vessel.seconds_to_limit() for vessel in self._vessels.values()]
        for control in self._parts.controls:
            if self._pumps[control.link].shut != control.shut:
                ends.append(self._vessels[control.tank].seconds_to(control.level))
        return min(end for end in ends if end > 0)

    def _solve(self) -> None:
        """Solve for the present moment."""
        for control in self._parts.controls:
            pump = self._pumps[control.link]
            if pump.shut != control.shut and self._vessels[control.tank].passes(control):
                pump.shut, pump.flow = control.shut, 0.0 if control.shut else pump.usual
        for vessel in self._vessels.values():
            vessel.guard()
            self._solver.heads[vessel.inflow.node] = vessel.head
        stands = self._solver.solve(self._draws(), taps=tuple(self._taps.values()))
        if self._stands and not stands:
            log.warning("elapsed=%d reason=flows do not come to rest; the last ones are taken", self._elapsed)
        self._stands = stands

    def _set_outflow(self, node: str, cause: str, flow: float) -> None:
        """Lay one outflow over the others at a node and solve again at the present moment."""
        causes = self._outflows.setdefault(node, {})
        causes[cause] = flow
        self._taps.pop(node, None)
        if total := sum(causes.values()):
            place = self._number[node]
            ground, loss = self._elevations[place], RATED_HEAD / total**2
            self._taps[node] = Link(place, self._number["GROUND"], loss, exponent=2.0, lift=-ground, flow=total)
        self._solve()


def _main(pipe: Pipe, number: dict[str, int], *, roughness: float) -> Link:
    """Return a main as the solver has it."""
    diameter = pipe.diameter / 1000
    resistance = _HAZEN_WILLIAMS * pipe.length / (roughness**1.852 * diameter**4.871)
    return Link(number[pipe.start], number[pipe.end], resistance)


def _parabola(pump: Pump, number: dict[str, int]) -> Link:
    """Return a pump: a third more than the rated head at rest, none at twice the rated flow; it lets nothing back."""
    resistance = pump.head / 3 / pump.flow**2
    lift = pump.head * 4 / 3
    return Link(number[pump.start], number[pump.end], resistance, exponent=2.0, lift=lift, way=1, usual=pump.flow)

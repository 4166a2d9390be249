"""Solves a water network at one moment by the global gradient algorithm. Knows no clock, no town and no tank's volume.

The method is EPANET's: Todini & Pilati, "A gradient algorithm for the analysis of pipe networks" (1988). Each trial
takes heads from a symmetric positive definite system, made of the slopes of the links' head loss at the flows of the
trial before, and corrects the flows from those heads, until flows stand still. Flows are in L/s, heads in m.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from standpipe.town.elimination import Elimination

TRIALS = 100
"""More than any moment takes; after half of them steps are shortened, and checks shut links for good."""
_ACCURACY = 1e-6
"""Share of all flow that one trial may still move when flows are said to stand still."""
_FLAT = 1e-6
"""Least slope of head loss, m per L/s: near rest a power law has none, and the system would have no answer."""
_SHUT, _WIDE, _HELD = 1e-6, 1e5, 1e8
"""Conductance, L/s per m: of a shut link, of a valve fully open, of the grip that holds a node at a valve's setting."""
_STILL_FLOW, _STILL_HEAD = 1e-4, 1e-4
"""L/s and m within which nothing flows and nothing drives."""


@dataclass(slots=True)
class Link:
    """A way for water from node `start` to node `end`: loses `resistance * flow ** exponent - lift` metres on it."""

    start: int
    end: int
    resistance: float
    exponent: float = 1.852
    lift: float = 0.0
    way: Literal[-1, 0, 1] = 0
    """1: water runs from start to end only, -1: from end to start only, 0: both."""
    usual: float = 10.0
    """L/s with which the first trial begins after it was shut."""
    shut: bool = False
    """Shut by whoever runs the network."""
    checked: bool = False
    """Shut by `way`: the water would run against it."""
    flow: float = 0.0


@dataclass(slots=True)
class Valve:
    """A pressure-reducing valve: holds `setting` metres at `end` while water comes with more, and lets none back."""

    start: int
    end: int
    setting: float
    state: Literal["active", "open", "closed"] = "active"
    flow: float = 0.0


class Solver:
    """Heads and flows of one network, kept from one moment to the next as the first guess."""

    def __init__(self, *, free: int, heads: Sequence[float], links: Sequence[Link], valves: Sequence[Valve]) -> None:
        """Take the network: nodes below `free` find their head, those from `free` on keep the one given in `heads`."""
        self.heads = list(heads)
        self._free = free
        self._links = links
        self._valves = valves
        self._taps: Sequence[Link] = ()
        ends = [*((link.start, link.end) for link in links), *((valve.start, valve.end) for valve in valves)]
        self._system = Elimination(free, [pair for pair in ends if max(pair) < free])
        for link in links:
            link.flow = link.usual

    def solve(self, demands: Sequence[float], *, taps: Sequence[Link] = ()) -> bool:
        """Solve for draws at the free nodes (L/s) and links that come and go; return whether flows stand still.

        `taps` run from a free node to one of fixed head: an open hydrant is one.
        """
        self._taps = taps
        for trial in range(TRIALS):
            moved = self._trial(demands, share=1.0 if trial < TRIALS // 2 else 0.6)
            if moved <= _ACCURACY and not self._check(reopen=trial < TRIALS // 2):
                return True
        return False

    def _trial(self, demands: Sequence[float], *, share: float) -> float:
        """Correct heads and flows once; return the share of all flow that moved."""
        free, heads, places = self._free, self.heads, self._system.places
        diagonal, off, right = [0.0] * free, [0.0] * self._system.size, [-draw for draw in demands]
        terms = [(link, *_slope(link)) for link in (*self._links, *self._taps)]
        rows: list[tuple[Link | Valve, float, float]] = [*terms, *self._open_valves()]
        for link, conductance, known in rows:
            start, end = link.start, link.end
            if start < free:
                diagonal[start] += conductance
                right[start] -= known
                if end >= free:
                    right[start] += conductance * heads[end]
            if end < free:
                diagonal[end] += conductance
                right[end] += known
                if start >= free:
                    right[end] += conductance * heads[start]
            if start < free and end < free:
                off[places[start, end]] -= conductance
        held = {valve.end: valve for valve in self._valves if valve.state == "active"}
        for node, valve in held.items():
            right[valve.start] -= valve.flow
            diagonal[node] += _HELD
            right[node] += _HELD * valve.setting
        self._system.solve(diagonal, off, right, heads)

        moved = total = 0.0
        leaving = {node: demands[node] for node in held}
        for link, conductance, known in rows:
            change = known + conductance * (heads[link.start] - heads[link.end]) - link.flow
            link.flow += share * change
            moved += abs(change)
            total += abs(link.flow)
            if link.start in held:
                leaving[link.start] += link.flow
            if link.end in held:
                leaving[link.end] -= link.flow
        for node, valve in held.items():
            moved += abs(leaving[node] - valve.flow)
            valve.flow = leaving[node]
        return moved / max(total, 1e-9)

    def _open_valves(self) -> Iterator[tuple[Valve, float, float]]:
        """Give the valves that do not hold a head as the links which they then are."""
        for valve in self._valves:
            if valve.state != "active":
                yield valve, _WIDE if valve.state == "open" else _SHUT, 0.0

    def _check(self, *, reopen: bool) -> bool:
        """Shut what water runs through against its way, open what it presses upon; return whether anything changed."""
        changed = False
        for link in self._links:
            against = not link.shut and link.flow * link.way < -_STILL_FLOW
            drive = (self.heads[link.start] - self.heads[link.end] + link.lift) * link.way
            if link.checked and (not link.way or (reopen and drive > _STILL_HEAD)):
                link.checked, link.flow, changed = False, math.copysign(link.usual, link.way or 1), True
            elif against and not link.checked:
                link.checked, link.flow, changed = True, 0.0, True
        for valve in self._valves:
            state = _state(valve, self.heads[valve.start], self.heads[valve.end])
            changed |= state != valve.state
            valve.state = state
        return changed


def _slope(link: Link) -> tuple[float, float]:
    """Return a link's conductance and what it would carry without a difference of head, both by its tangent."""
    if link.shut or link.checked:
        return _SHUT, 0.0
    slope = link.exponent * link.resistance * abs(link.flow) ** (link.exponent - 1)
    if slope < _FLAT:
        return 1 / _FLAT, link.lift / _FLAT
    return 1 / slope, link.flow * (1 - 1 / link.exponent) + link.lift / slope


def _state(valve: Valve, before: float, after: float) -> Literal["active", "open", "closed"]:
    """Return what a pressure-reducing valve does with these heads before and after it."""
    if valve.state == "closed":
        if before > valve.setting > after:
            return "active"
        return "open" if valve.setting > before > after + _STILL_HEAD else "closed"
    if valve.flow < -_STILL_FLOW:
        return "closed"
    if valve.state == "open":
        return "active" if after > valve.setting + _STILL_HEAD else "open"
    return "open" if before < valve.setting - _STILL_HEAD else "active"

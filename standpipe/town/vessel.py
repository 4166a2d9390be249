"""A tank as it fills and empties, and how soon it comes to a level. Solves nothing."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from standpipe.town.inp import Control, Tank
from standpipe.town.solver import Link


@dataclass(slots=True)
class Inflow:
    """What runs into one node of fixed head, L/s."""

    node: int
    arriving: list[Link] = field(default_factory=list)
    leaving: list[Link] = field(default_factory=list)

    @classmethod
    def at(cls, node: int, links: Iterable[Link]) -> "Inflow":
        """Find the links of a node."""
        links = tuple(links)
        return cls(node, [link for link in links if link.end == node], [link for link in links if link.start == node])

    def now(self) -> float:
        """Return L/s; negative when it runs out."""
        return sum(link.flow for link in self.arriving) - sum(link.flow for link in self.leaving)


class Vessel:
    """One tank and the level in it."""

    def __init__(self, tank: Tank, inflow: Inflow) -> None:
        """Fill it to its first level."""
        self.tank = tank
        self.inflow = inflow
        self.level = tank.level
        self._litres_per_metre = 1000 * math.pi * tank.diameter**2 / 4

    @property
    def head(self) -> float:
        """Return m above datum."""
        return self.tank.elevation + self.level

    def flow_in(self, seconds: int) -> None:
        """Let its inflow run on for a time; it neither overflows nor gives more than it has."""
        level = self.level + self._rise() * seconds
        self.level = min(max(level, self.tank.lowest), self.tank.highest)

    def seconds_to(self, level: float) -> int:
        """Return the nearest whole second to a level at this inflow; 0 or less when it moves away or stands."""
        return round(self._wait(level))

    def seconds_to_limit(self) -> int:
        """Return the first whole second in which it is full or empty; 0 when it stands."""
        return math.ceil(self._wait(self.tank.highest if self._rise() > 0 else self.tank.lowest))

    def guard(self) -> None:
        """Let its mains take nothing into a full tank and nothing out of an empty one."""
        full, empty = self.level >= self.tank.highest, self.level <= self.tank.lowest
        for link in self.inflow.arriving:
            link.way = -1 if full else 1 if empty else 0
        for link in self.inflow.leaving:
            link.way = 1 if full else -1 if empty else 0

    def passes(self, control: Control) -> bool:
        """Return whether a control's mark is reached, or will be within a second, which is how EPANET judges."""
        margin = abs(self._rise())
        return self.level <= control.level + margin if control.below else self.level >= control.level - margin

    def _rise(self) -> float:
        """Return m/s by which the level rises."""
        return self.inflow.now() / self._litres_per_metre

    def _wait(self, level: float) -> float:
        """Return seconds to a level at this inflow; 0 when it stands."""
        rise = self._rise()
        return (level - self.level) / rise if abs(rise) > 1e-9 else 0.0

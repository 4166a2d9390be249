"""The front door to the town's water. Chooses who computes it, EPANET or our own solver; computes nothing itself."""

import logging
import platform
from typing import Protocol

from standpipe.town import epanet_water
from standpipe.town.balance import Balance
from standpipe.town.network import Town
from standpipe.town.own_water import OwnWater

log = logging.getLogger(__name__)


class Hydraulics(Protocol):
    """One running model, at a moment that only goes forward."""

    def advance(self, now: int) -> None:
        """Let time run to `now` (epoch ms, whole seconds count): demand, tanks and pumps follow. Never goes back."""

    def pressures(self) -> dict[str, float]:
        """Return kPa (gauge) in the main at every hydrant, by id."""

    def open_hydrant(self, hydrant: str, flow: float) -> None:
        """Open a hydrant that would give `flow` L/s at 100 kPa; what it gives now depends on the main behind it."""

    def close_hydrant(self, hydrant: str) -> None:
        """Shut it again; harmless when it was shut."""

    def burst_main(self, pipe: str, flow: float) -> None:
        """Break a main near its far end: `flow` L/s at 100 kPa runs into the street."""

    def repair_main(self, pipe: str) -> None:
        """Close the break."""

    def outflow(self, node: str) -> float:
        """Return L/s that leave the network through open hydrants and bursts at a node now."""

    def tank_levels(self) -> dict[str, float]:
        """Return water level in metres by tank."""

    def balance(self) -> Balance:
        """Return what goes in and out of the network now."""

    def close(self) -> None:
        """Release what the model holds."""


def solver_in_use() -> str:
    """Return who computes the water on this machine, for people."""
    if epanet_water.toolkit is not None:
        return "EPANET"
    here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return f"Standpipe's own solver (EPANET, owa-epanet, is not installed for {here})"


def open_hydraulics(town: Town, *, start: int, utc_offset: int = 28_800) -> Hydraulics:
    """Open the town's water at `start` (epoch ms): by EPANET where it is installed, else by Standpipe's own solver.

    Demand follows the hour of the day `utc_offset` seconds east of UTC.
    """
    log.info("water=%s", solver_in_use())
    if epanet_water.toolkit is None:
        return OwnWater(town, start=start, utc_offset=utc_offset)
    return epanet_water.EpanetWater(town, start=start, utc_offset=utc_offset)

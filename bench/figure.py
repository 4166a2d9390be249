"""What one measurement prints: `bench NAME FIGURE MEDIAN MIN MAX UNIT`."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over the repeats of a run. Ratios against peers have the unit `x`."""

    name: str
    figure: str
    samples: tuple[float, ...]
    unit: str

    def __str__(self) -> str:
        """Render as one line with four significant digits."""
        values = (statistics.median(self.samples), min(self.samples), max(self.samples))
        return f"bench {self.name} {self.figure} {' '.join(f'{value:.4g}' for value in values)} {self.unit}"


def percentile(samples: list[float], share: float) -> float:
    """Return the sample below which `share` (0..1) of the samples lie, nearest rank."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]

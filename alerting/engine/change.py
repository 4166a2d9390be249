"""Rules about change: has a metric fallen or risen by so much within a window of event time? Pure.

The samples of the window are kept with the track; a late one is judged with those around it, before and after.
"""

from bisect import bisect_left, bisect_right, insort

from alerting.engine.track import BREACH, CLEAR, Track
from standpipe.model.rule import Rule

_KEEP = 256
"""Samples kept at most: one a second for four minutes, one in five minutes for a day."""


def levels(track: Track, rule: Rule, at: int, value: float) -> list[tuple[int, int, float]]:
    """Take one sample; return (event time, BREACH | CLEAR, change) of it and of the later ones it throws light on."""
    samples = track.samples
    if any(known == at for known, _ in samples[bisect_left(samples, (at, float("-inf"))) :][:1]):
        return []
    insort(samples, (at, value))
    found = []
    start, end = bisect_left(samples, (at, float("-inf"))), bisect_right(samples, (at + rule.within, float("inf")))
    for later, _ in samples[start:end]:
        change = _change(samples, rule, later)
        if later == at or change >= rule.limit:
            found.append((later, BREACH if change >= rule.limit else CLEAR, change))
    horizon = samples[-1][0] - 2 * rule.within
    del samples[: max(bisect_left(samples, (horizon, float("-inf"))), len(samples) - _KEEP)]
    return found


def _change(samples: list[tuple[int, float]], rule: Rule, at: int) -> float:
    """Return by how much the sample at `at` lies beyond the farthest of its window, in the rule's direction."""
    start = bisect_left(samples, (at - rule.within, float("-inf")))
    end = bisect_right(samples, (at, float("inf")))
    window = [value for _, value in samples[start:end]]
    return max(window) - window[-1] if rule.comparison == "falls" else window[-1] - min(window)

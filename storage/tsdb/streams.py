"""Functions over points in time order: derivative, difference, moving average …, and fill. Pure; touches no SQL."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

from storage.tsdb.condition import MAX_TIME, MIN_TIME
from storage.tsdb.window import Window

Point: TypeAlias = tuple[int, Any]
"""(ns, value); a value of None stands where an interval had nothing."""
SECOND = 1_000_000_000


def derivative(points: list[Point], unit: int, *, floor: bool) -> Iterator[Point]:
    """Yield the rate of change per `unit` ns; with `floor` only what is not negative."""
    before: Point | None = None
    for at, value in points:
        if value is None:
            continue
        if before is not None and at == before[0]:
            continue
        if before is not None:
            elapsed = abs(at - before[0]) / unit
            change = (value - before[1]) / elapsed
            if not (floor and change < 0):  # what is not a number goes on
                yield at, change
        before = (at, value)


def difference(points: list[Point], *, floor: bool) -> Iterator[Point]:
    """Yield the change since the point before."""
    before: Point | None = None
    for at, value in points:
        if value is None:
            continue
        if before is not None and at == before[0]:
            continue
        if before is not None and not (floor and value - before[1] < 0):
            yield at, value - before[1]
        before = (at, value)


def moving_average(points: list[Point], count: int) -> Iterator[Point]:
    """Yield the mean of the last `count` points, from the `count`-th on."""
    window: list[Any] = []
    total: float = 0
    for at, value in points:
        if value is None:
            continue
        total += value
        window.append(value)
        if len(window) > count:
            total -= window.pop(0)
        if len(window) == count:
            yield at, total / count


def cumulative_sum(points: list[Point]) -> Iterator[Point]:
    """Yield the sum of all points so far."""
    total = 0
    for at, value in points:
        if value is not None:
            total += value
            yield at, total


def elapsed(points: list[Point], unit: int) -> Iterator[Point]:
    """Yield the time since the point before in whole `unit`s of ns."""
    before: int | None = None
    for at, value in points:
        if value is None:
            continue
        if before is not None:
            yield at, int((at - before) / unit) if abs(at - before) < 1 << 52 else (at - before) // unit
        before = at


def integral(points: list[Point], unit: int, window: Window, start: int) -> Iterator[Point]:
    """Yield the area under the points per interval (all of it at `start` when there are none), in value x `unit`."""
    if not points:
        return
    before, total = points[0], 0.0
    here = window.start(before[0]) if window.length else start
    until = window.next(here) if window.length else MAX_TIME + 1
    for at, value in points[1:]:
        if at == before[0]:
            before = (at, value)
            continue
        if window.length and not here <= at < until:
            if before[0] != until:
                edge = before[1] + (value - before[1]) * (until - before[0]) / (at - before[0])
                total += 0.5 * (edge + before[1]) * (until - before[0]) / unit
                before = (until, edge)
            yield here, total
            here, total = window.start(at), 0.0
            until = window.next(here)
        total += 0.5 * (value + before[1]) * (at - before[0]) / unit
        before = (at, value)
    yield here, total


def transform(name: str, points: list[Point], argument: int) -> list[Point]:
    """Apply one of the functions above by its InfluxQL name."""
    functions: dict[str, Callable[[], Iterator[Point]]] = {
        "derivative": lambda: derivative(points, argument, floor=False),
        "non_negative_derivative": lambda: derivative(points, argument, floor=True),
        "difference": lambda: difference(points, floor=False),
        "non_negative_difference": lambda: difference(points, floor=True),
        "moving_average": lambda: moving_average(points, argument),
        "cumulative_sum": lambda: cumulative_sum(points),
        "elapsed": lambda: elapsed(points, argument),
    }
    return list(functions[name]())


def fill(points: list[Point], window: Window, span: tuple[int, int], how: str | float) -> list[Point]:
    """Put a point into every interval of `span` (ns, both included) that has none. Points ascend in time."""
    low, high = span
    first = window.start(low) if low > MIN_TIME else points[0][0]
    last = window.start(high) if high < MAX_TIME else points[-1][0]
    known = dict(points)
    filled: list[Point] = []
    at = min(first, points[0][0])
    while at <= max(last, points[-1][0]):
        if at in known:
            filled.append((at, known[at]))
        elif isinstance(how, str):
            filled.append((at, None))
        else:
            filled.append((at, how))
        at = window.next(at)
    return filled


def carry(points: list[Point]) -> list[Point]:
    """Replace None by the value before it, where there is one: fill(previous)."""
    held = None
    out = []
    for at, value in points:
        held = value if value is not None else held
        out.append((at, held))
    return out


def interpolate(points: list[Point]) -> list[Point]:
    """Replace None by the line between the neighbours, where both are there: fill(linear)."""
    known = [number for number, (_, value) in enumerate(points) if isinstance(value, float | int)]
    out = list(points)
    for left, right in pairwise(known):
        (at0, value0), (at1, value1) = points[left], points[right]
        if isinstance(value0, bool):
            continue
        slope = (value1 - value0) / (at1 - at0)
        for number in range(left + 1, right):
            value = slope * (points[number][0] - at0) + value0
            out[number] = (points[number][0], int(value) if isinstance(value0, int) else value)
    return out


def finite(value: Any) -> Any:
    """Return None for what JSON has no number for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value

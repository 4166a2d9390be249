"""Answers to "what is the newest value" from memory. Says None when only the rows can tell."""

from typing import Any

from storage.tsdb.relation import Relation, Selection


def newest_values(
    relation: Relation, selection: Selection, span: tuple[int, int], position: int
) -> dict[int, tuple[int, Any]] | None:
    """Return group -> (time, value) of the newest value of one column within `span`."""
    if relation.measurement is None or any(expr is not None for expr, _ in selection.filters):
        return None
    low, high = span
    out: dict[int, tuple[int, Any]] = {}
    for number, group in enumerate(selection.groups):
        best: tuple[int, Any] | None = None
        for series in group.series:
            found = series.last.get(position)
            if found is None or found[0] < low:
                continue
            if found[0] > high:
                return None
            if best is None or found > best:
                best = found
        if best is not None:
            out[number] = best
    return out


def newest_rows(
    relation: Relation, selection: Selection, span: tuple[int, int], positions: list[int]
) -> list[tuple[Any, ...]] | None:
    """Return the newest row (group, time, series, columns …) of each group within `span`."""
    if relation.measurement is None or any(expr is not None for expr, _ in selection.filters):
        return None
    low, high = span
    out: list[tuple[Any, ...]] = []
    for number, group in enumerate(selection.groups):
        best: tuple[int, int, Any] | None = None
        for series in group.series:
            last = series.last
            at = max((last[position][0] for position in positions if position in last), default=low - 1)
            if at < low:
                continue
            if at > high:
                return None
            if best is None or (at, series.id) > best[:2]:
                best = (at, series.id, last)
        if best is not None:
            at, id_, last = best
            values = [last[p][1] if p in last and last[p][0] == at else None for p in positions]
            out.append((number, at, id_, *values))
    return out

"""Places of panels on the grid, how much a dashboard asks at once, and how often. Looks at no query's text."""

import re
from collections.abc import Iterator

from dashboards.lint.problem import Problem, Subject, name_of, panels
from dashboards.text import JsonObject

COLUMNS = 24
MOST_QUERIES = 12
"""Queries that run when a dashboard is opened; those of folded rows wait until somebody opens the row."""
FASTEST_REFRESH = 5
_DURATION = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def check(subject: Subject) -> Iterator[Problem]:
    """Yield overlaps, panels off the grid, too many queries, a refresh that the server refuses."""
    board = subject.board
    yield from _places(subject, [panel for panel in board.get("panels", [])])
    for row in board.get("panels", []):
        if row.get("type") == "row":
            yield from _places(subject, row.get("panels", []))
            if row.get("panels") and not row.get("collapsed"):
                yield subject.problem(name_of(row), "is open, so its panels must stand beside it, not in it")
    asked = sum(len(panel.get("targets", [])) for panel in board.get("panels", []))
    if asked > MOST_QUERIES:
        yield subject.problem("", f"runs {asked} queries when it is opened; {MOST_QUERIES} at most")
    refresh = board.get("refresh", "")
    if refresh:
        found = _DURATION.fullmatch(str(refresh))
        if not found or int(found[1]) * _SECONDS[found[2]] < FASTEST_REFRESH:
            yield subject.problem("refresh", f"{refresh!r} is not a duration of {FASTEST_REFRESH} s or more")
    for panel in panels(board):
        for key in ("timeFrom", "interval"):
            if panel.get(key) and not _DURATION.fullmatch(panel[key]):
                yield subject.problem(name_of(panel), f"{key} {panel[key]!r} is not a duration like 15m")


def _places(subject: Subject, group: list[JsonObject]) -> Iterator[Problem]:
    placed: list[tuple[JsonObject, tuple[int, int, int, int]]] = []
    for panel in group:
        place = panel.get("gridPos") or {}
        if not all(isinstance(place.get(key), int) for key in "xywh"):
            yield subject.problem(name_of(panel), f"gridPos needs whole x, y, w and h: {place}")
            continue
        x, y, w, h = (int(place[key]) for key in "xywh")
        if w < 1 or h < 1 or x < 0 or y < 0 or x + w > COLUMNS:
            yield subject.problem(name_of(panel), f"does not fit the {COLUMNS} columns: {place}")
        for other, (ox, oy, ow, oh) in placed:
            if x < ox + ow and ox < x + w and y < oy + oh and oy < y + h:
                yield subject.problem(name_of(panel), f"overlaps {name_of(other)}")
        placed.append((panel, (x, y, w, h)))

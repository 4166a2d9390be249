"""Fills in a query the way Grafana does: dashboard variables first, then the server's macros. Asks nothing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from standpipe.model.duration import format_duration, parse_duration

_SPECIAL = re.compile(r"([\\^$*+?.()|[\]{}/])")
_LEFT = re.compile(r"\$[A-Za-z_{]|\[\[")
MAX_POINTS = 1000
STEPS = ("1s", "5s", "10s", "30s", "1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h", "6h", "12h", "1d", "7d")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What a panel asks for, epoch ms."""

    start: int
    end: int

    def interval(self, smallest: str = "") -> int:
        """Return $__interval in ms: about a thousand steps, no shorter than the panel's smallest."""
        wanted = max((self.end - self.start) // MAX_POINTS, parse_duration(smallest or "1m"))
        return next((ms for step in STEPS if (ms := parse_duration(step)) >= wanted), wanted)


def panel_range(board_from: str, panel_from: str, now: int) -> TimeRange:
    """Return the range of a panel: its own where it has one, else the dashboard's `now-…`."""
    return TimeRange(now - parse_duration(panel_from or board_from.removeprefix("now-")), now)


def fill(text: str, *, variables: Mapping[str, Sequence[str] | str], span: TimeRange, smallest: str = "") -> str:
    """Return the statement as it reaches the database. A list is a choice of several values.

    Raises ValueError naming what is left, if something is.
    """
    for name in sorted(variables, key=len, reverse=True):
        chosen = variables[name]
        value = chosen if isinstance(chosen, str) else _several(chosen)
        text = re.sub(rf"\$\{{{name}(?::\w+)?\}}|\$\b{name}\b|\[\[{name}\]\]", lambda _: value, text)  # noqa: B023
    step = span.interval(smallest)
    macros = (
        ("$timeFilter", f"time >= {span.start}ms and time <= {span.end}ms"),
        ("$__interval_ms", str(step)),
        ("$__interval", format_duration(step)),
        ("$interval", format_duration(step)),
    )
    for macro, value in macros:
        text = text.replace(macro, value)
    if found := _LEFT.search(text):
        raise ValueError(f"nothing fills in {text[found.start() : found.start() + 20]!r}")
    return text


def escape(value: str) -> str:
    """Return a value as Grafana puts it into a regular expression."""
    return _SPECIAL.sub(r"\\\1", value)


def _several(values: Sequence[str]) -> str:
    """Return several values as Grafana does: one plain, more as (a|b); `.*` is the value of "All" and goes in raw."""
    if list(values) == [".*"]:
        return ".*"
    return escape(values[0]) if len(values) == 1 else "(" + "|".join(escape(value) for value in values) + ")"

"""What the store knows by heart: databases, measurements, fields, series, newest values. Touches no file."""

from dataclasses import dataclass, field
from typing import TypeAlias

Value: TypeAlias = float | int | bool | str
Row: TypeAlias = list[Value | None]
"""series id, time in ns, then one value per column of the measurement."""

KINDS = {"float": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN", "string": "VARCHAR"}
"""InfluxDB's field types and DuckDB's."""

WEEK = 604_800_000_000_000
"""ns per partition."""


@dataclass(slots=True, eq=False)
class Series:
    """One tag set of one measurement."""

    id: int
    measurement: "Measurement"
    tags: dict[str, str]
    """Sorted by key; never an empty value."""
    newest: int = -(1 << 63)
    """Time of the newest row handed in, durable or about to be. The writer's own."""
    last: dict[int, tuple[int, Value]] = field(default_factory=dict)
    """Column -> (time, value) of the newest durable value."""


@dataclass(slots=True, eq=False)
class Measurement:
    """One measurement of one database: its columns, its series, the weeks it has rows in."""

    id: int
    name: str
    columns: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Field name -> (position among the columns, kind)."""
    series: list[Series] = field(default_factory=list)
    weeks: set[int] = field(default_factory=set)
    """Weeks since the epoch that have a table."""

    tag_keys: set[str] = field(default_factory=set)
    by_tag: dict[tuple[str, str], list[Series]] = field(default_factory=dict)
    """(tag, value) -> the series that have it."""

    def add(self, series: Series) -> None:
        """Take in a new series."""
        for pair in series.tags.items():
            self.tag_keys.add(pair[0])
            self.by_tag.setdefault(pair, []).append(series)
        self.series.append(series)

    def table(self, week: int) -> str:
        """Return the SQL name of one week's rows."""
        return f"p_{self.id}_{week}" if week >= 0 else f"p_{self.id}_m{-week}"


@dataclass(slots=True, eq=False)
class Database:
    """One database (1.x) or bucket (2.x)."""

    id: int
    name: str
    measurements: dict[str, Measurement] = field(default_factory=dict)
    heads: dict[str, Series] = field(default_factory=dict)
    """`measurement,tag=value…` exactly as some client writes it -> series."""
    keys: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = field(default_factory=dict)
    """(measurement, sorted tags) -> series."""

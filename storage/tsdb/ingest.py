"""Line protocol to rows of known series, checking field types. Touches no file: the store makes rows durable."""

from dataclasses import dataclass, field
from typing import Protocol

from storage.tsdb.line_parser import BOOLEANS, INT64, LineError, parse_head, parse_line, split_lines
from storage.tsdb.schema import Database, Measurement, Row, Series, Value

_KIND = {float: "float", int: "integer", bool: "boolean", str: "string"}
_FLOAT_ENDS = frozenset("0123456789.")


class Naming(Protocol):
    """Whoever gives out numbers to new names, and makes them durable with the rows."""

    def measurement(self, database: Database, name: str) -> Measurement:
        """Return the measurement, new or known."""

    def column(self, measurement: Measurement, name: str, kind: str) -> None:
        """Add a field."""

    def series(self, database: Database, measurement: Measurement, tags: tuple[tuple[str, str], ...]) -> Series:
        """Add a series."""


@dataclass(slots=True)
class Batch:
    """What one request asks to store, and which of its lines cannot be."""

    rows: dict[Measurement, list[Row]] = field(default_factory=dict)
    """Newer than everything known of their series."""
    late: dict[Measurement, list[Row]] = field(default_factory=dict)
    """May be there already: to be merged, the later writer winning field by field."""
    faults: list[str] = field(default_factory=list)
    """Lines that are not line protocol, in InfluxDB's words."""
    conflicts: list[str] = field(default_factory=list)
    """Lines whose field has another type than before."""
    refused: list[str] = field(default_factory=list)
    """The lines of `conflicts`, as they came."""
    good: int = 0


def read_lines(text: str, database: Database, naming: Naming, *, factor: int, now: int) -> Batch:
    """Parse `text` whose timestamps are in units of `factor` ns; lines without one are stamped `now` (ns)."""
    batch = Batch()
    heads = database.heads
    plain = '"' not in text and "\\" not in text
    low, high = -INT64 + 2, INT64 - 2
    for line in split_lines(text):
        values: list[tuple[int, Value]] | None = None
        parts = line.split(" ")
        series = heads.get(parts[0]) if len(parts) == 3 and (plain or ('"' not in line and "\\" not in line)) else None
        if series is not None and parts[2].isdecimal():
            values = _known_fields(parts[1], series.measurement.columns)
        if values and series is not None:
            time = int(parts[2]) * factor
        else:
            found = _carefully(line, database, naming, batch)
            if found is None:
                continue
            series, values, at = found
            time = now if at is None else at * factor
        if not low <= time <= high:
            batch.faults.append(f"unable to parse '{line}': time outside range {low} - {high}")
            continue
        measurement = series.measurement
        width = len(measurement.columns)
        if width == 1:
            row: Row = [series.id, time, values[0][1]] if values else [series.id, time, None]
        else:
            row = [series.id, time, *[None] * width]
            for position, value in values:
                row[position + 2] = value
        batch.good += 1
        if time > series.newest:
            series.newest = time
            target = batch.rows
        else:
            target = batch.late
        if measurement in target:
            target[measurement].append(row)
        else:
            target[measurement] = [row]
    return batch


def _carefully(
    line: str, database: Database, naming: Naming, batch: Batch
) -> tuple[Series, list[tuple[int, Value]], int | None] | None:
    """Read a line that is new or not plain; a line that cannot be kept is noted in the batch."""
    try:
        return _read(line, database, naming)
    except LineError as err:
        batch.faults.append(f"unable to parse '{line}': {err}")
    except TypeError as err:
        batch.conflicts.append(str(err))
        batch.refused.append(line)
    return None


def _read(line: str, database: Database, naming: Naming) -> tuple[Series, list[tuple[int, Value]], int | None]:
    """Return series, (column, value) pairs and time as written. Raises LineError, TypeError for a type conflict."""
    head, fields, at = parse_line(line)
    series = database.heads.get(head)
    if series is not None:
        measurement = series.measurement
    else:
        name, tags = parse_head(head)
        measurement = naming.measurement(database, name)
    for name, value in fields:
        known = measurement.columns.get(name)
        if known is not None and known[1] != _KIND[type(value)]:
            raise TypeError(
                f'field type conflict: input field "{name}" on measurement "{measurement.name}" is type '
                f"{_KIND[type(value)]}, already exists as type {known[1]}"
            )
    for name, value in fields:
        if name not in measurement.columns:
            naming.column(measurement, name, _KIND[type(value)])
    if series is None:
        series = database.keys.get((measurement.name, tags)) or naming.series(database, measurement, tags)
        database.heads[head] = series
    return series, [(measurement.columns[name][0], value) for name, value in fields if name != "time"], at


def _known_fields(text: str, columns: dict[str, tuple[int, str]]) -> list[tuple[int, Value]]:
    """Parse fields that are known and plain; empty where the careful parser has to look."""
    if "," not in text:
        name, _, raw = text.partition("=")
        column = columns.get(name)
        if column is not None and column[1] == "float" and raw.replace(".", "", 1).isdecimal() and raw.isascii():
            return [(column[0], float(raw))]
    values: list[tuple[int, Value]] = []
    try:
        for part in text.split(","):
            name, raw = part.split("=")
            position, kind = columns[name]
            if kind == "float":
                if raw[-1] not in _FLOAT_ENDS or "_" in raw or raw[0] == "+":
                    return []
                values.append((position, float(raw)))
            elif kind == "boolean":
                values.append((position, BOOLEANS[raw]))
            elif kind == "integer" and raw[-1] == "i" and raw[:-1].lstrip("-").isdecimal() and len(raw) < 19:
                values.append((position, int(raw[:-1])))
            else:
                return []
    except (ValueError, KeyError, IndexError):
        return []
    return values

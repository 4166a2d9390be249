"""The DuckDB file: names, weekly tables, commits. One process owns it; one thread writes. Parses nothing."""

# ruff: noqa: S608 - names in this SQL are numbers that we gave out; values are bound

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import duckdb

from storage.tsdb.ingest import Batch
from storage.tsdb.schema import KINDS, WEEK, Database, Measurement, Row, Series

_DDL = """
CREATE TABLE IF NOT EXISTS databases (id INTEGER, name VARCHAR);
CREATE TABLE IF NOT EXISTS measurements (id INTEGER, database_id INTEGER, name VARCHAR);
CREATE TABLE IF NOT EXISTS fields (measurement_id INTEGER, position INTEGER, name VARCHAR, kind VARCHAR);
CREATE TABLE IF NOT EXISTS series (id INTEGER, measurement_id INTEGER, tags VARCHAR);
CREATE TABLE IF NOT EXISTS weeks (measurement_id INTEGER, week INTEGER);
"""


class Store:
    """Names and rows on disk, and the same names in memory. Not safe for two writing threads."""

    def __init__(self, folder: Path, memory_limit: str) -> None:
        """Open or make `folder`/tsdb.duckdb. Raises OSError, duckdb.Error when it is locked or damaged."""
        folder.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": "2",
            "preserve_insertion_order": "false",
            "temp_directory": str(folder / "spill"),
            "enable_external_access": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self.connection = duckdb.connect(str(folder / "tsdb.duckdb"), config=config)
        self.connection.execute(_DDL)
        self.databases: dict[str, Database] = {}
        self.widths: dict[str, int] = {}
        """Weekly table -> how many field columns it has. What readers may rely on: it changes after a commit."""
        self._wider: dict[str, tuple[Measurement, int, int]] = {}
        self._series: dict[int, Series] = {}
        self._fresh: dict[str, list[tuple[object, ...]]] = {}
        self._next: dict[str, int] = {}
        self.load()

    def load(self) -> None:
        """Read all names, and the newest values, from disk. Also the way back after a commit that failed."""
        run = self.connection.execute
        databases = {id_: Database(id_, name) for id_, name in run("SELECT id, name FROM databases").fetchall()}
        measurements: dict[int, tuple[Database, Measurement]] = {}
        for id_, database_id, name in run("SELECT id, database_id, name FROM measurements").fetchall():
            database = databases[database_id]
            measurement = database.measurements[name] = Measurement(id_, name)
            measurements[id_] = (database, measurement)
        for id_, position, name, kind in run("SELECT * FROM fields ORDER BY measurement_id, position").fetchall():
            measurements[id_][1].columns[name] = (position, kind)
        for id_, week in run("SELECT measurement_id, week FROM weeks").fetchall():
            measurements[id_][1].weeks.add(week)
        series: dict[int, Series] = {}
        for id_, measurement_id, text in run("SELECT id, measurement_id, tags FROM series ORDER BY id").fetchall():
            database, measurement = measurements[measurement_id]
            one = series[id_] = Series(id_, measurement, json.loads(text))
            measurement.add(one)
            database.keys[measurement.name, tuple(one.tags.items())] = one
        self.widths = {}
        for _, measurement in measurements.values():
            self._load_newest(measurement, series)
        self._series = series
        self.databases = {database.name: database for database in databases.values()}
        self._fresh = {"databases": [], "measurements": [], "fields": [], "series": [], "weeks": []}
        self._next = {
            "databases": max(databases, default=0) + 1,
            "measurements": max(measurements, default=0) + 1,
            "series": max(series, default=0) + 1,
        }

    def _load_newest(self, measurement: Measurement, series: dict[int, Series]) -> None:
        """Rebuild the newest time and value of each column of each series, oldest week first."""
        for week in sorted(measurement.weeks):
            table = measurement.table(week)
            described = self.connection.execute(f"SELECT count(*) FROM (DESCRIBE {table})").fetchall()
            self.widths[table] = described[0][0] - 2
            for position in range(self.widths[table]):
                found = self.connection.execute(
                    f"SELECT s, max(t), arg_max(f{position}, t) FROM {table} WHERE f{position} IS NOT NULL GROUP BY s"
                )
                for id_, at, value in found.fetchall():
                    one = series[id_]
                    one.last[position] = (at, value)
                    one.newest = max(one.newest, at)

    def database(self, name: str) -> Database:
        """Return the database, made now if it is new; on disk with the next commit."""
        database = self.databases.get(name)
        if database is None:
            database = self.databases[name] = Database(self._number("databases"), name)
            self._fresh["databases"].append((database.id, name))
        return database

    def measurement(self, database: Database, name: str) -> Measurement:
        """Return the measurement, made now if it is new."""
        measurement = database.measurements.get(name)
        if measurement is None:
            measurement = database.measurements[name] = Measurement(self._number("measurements"), name)
            self._fresh["measurements"].append((measurement.id, database.id, name))
        return measurement

    def column(self, measurement: Measurement, name: str, kind: str) -> None:
        """Add a field to a measurement."""
        position = len(measurement.columns)
        measurement.columns[name] = (position, kind)
        self._fresh["fields"].append((measurement.id, position, name, kind))

    def series(self, database: Database, measurement: Measurement, tags: tuple[tuple[str, str], ...]) -> Series:
        """Add a series."""
        series = Series(self._number("series"), measurement, dict(tags))
        measurement.add(series)
        self._series[series.id] = series
        database.keys[measurement.name, tags] = series
        text = json.dumps(series.tags, ensure_ascii=False)
        self._fresh["series"].append((series.id, measurement.id, text))
        return series

    @property
    def unsaved(self) -> bool:
        """Whether there are names that only memory knows."""
        return any(self._fresh.values())

    def commit(self, batches: list[Batch]) -> None:
        """Make new names and all rows durable in one transaction. Raises duckdb.Error; call `load` then."""
        rows: dict[Measurement, list[Row]] = defaultdict(list)
        late: dict[Measurement, list[Row]] = defaultdict(list)
        for batch in batches:
            for measurement, found in batch.rows.items():
                rows[measurement] += found
            for measurement, found in batch.late.items():
                late[measurement] += found
        self.connection.execute("BEGIN")
        try:
            for measurement, found in rows.items():
                for week, some in _by_week(found).items():
                    self._append(self._table(measurement, week), self._pad(measurement, some))
            for measurement, found in late.items():
                for week, some in _by_week(found).items():
                    self._merge(self._table(measurement, week), self._pad(measurement, some))
            for table, fresh in self._fresh.items():
                if fresh:
                    self._append(table, fresh)
            self.connection.execute("COMMIT")
        except BaseException:
            self._wider.clear()
            self.connection.execute("ROLLBACK")
            raise
        for fresh in self._fresh.values():
            fresh.clear()
        for table, (measurement, week, width) in self._wider.items():
            self.widths[table] = width
            measurement.weeks.add(week)
        self._wider.clear()
        for found in rows.values():
            self._remember_newer(found)
        for found in late.values():
            self._remember(found)

    def drop_weeks(self, measurement: Measurement, before: int) -> list[int]:
        """Drop the weeks that end at or before `before` (ns); return them. Raises duckdb.Error."""
        weeks = sorted(week for week in measurement.weeks if (week + 1) * WEEK <= before)
        if not weeks:
            return []
        self.connection.execute("BEGIN")
        try:
            for week in weeks:
                self.connection.execute(f"DROP TABLE {measurement.table(week)}")
                self.connection.execute(
                    "DELETE FROM weeks WHERE measurement_id = ? AND week = ?", [measurement.id, week]
                )
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        for week in weeks:
            measurement.weeks.discard(week)
            self.widths.pop(measurement.table(week), None)
        for series in measurement.series:
            series.last = {
                position: last for position, last in series.last.items() if last[0] >= (weeks[-1] + 1) * WEEK
            }
        return weeks

    def close(self) -> None:
        """Write everything into the main file and let it go."""
        self.connection.close()

    def _table(self, measurement: Measurement, week: int) -> str:
        """Return the week's table, made or widened to the measurement's columns."""
        table = measurement.table(week)
        columns = [f"f{position} {KINDS[kind]}" for position, kind in measurement.columns.values()]
        width = self._wider[table][2] if table in self._wider else self.widths.get(table)
        if width is None:
            self.connection.execute(f"CREATE TABLE {table} ({', '.join(['s INTEGER', 't BIGINT', *columns])})")
            self._fresh["weeks"].append((measurement.id, week))
        elif width == len(columns):
            return table
        else:
            for column in columns[width:]:
                self.connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        self._wider[table] = (measurement, week, len(columns))
        return table

    @staticmethod
    def _pad(measurement: Measurement, rows: list[Row]) -> list[Row]:
        """Lengthen rows that were read before the batch's last new field was."""
        width = len(measurement.columns) + 2
        if len(rows[0]) < width:  # rows only get longer
            for row in rows:
                row.extend([None] * (width - len(row)))
        return rows

    def _append(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        with self.connection.appender(table) as appender:
            appender.append_rows(rows)

    def _merge(self, table: str, rows: list[Row]) -> None:
        """Lay rows over what is there, field by field: the later writer wins, as in InfluxDB."""
        merged: dict[tuple[int, int], Row] = {}
        for row in rows:
            key = (int(row[0] or 0), int(row[1] or 0))
            merged[key] = _over(merged[key], row) if key in merged else row
        keys = [[s for s, _ in merged], [t for _, t in merged]]
        span = [min(keys[1]), max(keys[1])]
        wanted = "(SELECT unnest(?::INTEGER[]) AS s, unnest(?::BIGINT[]) AS t) k"
        match = "p.s = k.s AND p.t = k.t AND p.t BETWEEN ? AND ?"
        found = self.connection.execute(f"SELECT p.* FROM {table} p, {wanted} WHERE {match}", keys + span)
        old = found.fetchall()
        for was in old:
            merged[was[0], was[1]] = _over(list(was), merged[was[0], was[1]])
        if old:
            self.connection.execute(f"DELETE FROM {table} p USING {wanted} WHERE {match}", keys + span)
        self._append(table, list(merged.values()))

    def _remember_newer(self, rows: list[Row]) -> None:
        """Keep the values of rows that are each newer than everything before in their series."""
        known = self._series
        if len(rows[0]) == 3:
            for id_, at, value in rows:
                known[id_].last[0] = (at, value)  # type: ignore[index,assignment]
            return
        for row in rows:
            last = known[row[0]].last  # type: ignore[index]
            at = row[1]
            for position, value in enumerate(row[2:]):
                if value is not None:
                    last[position] = (at, value)  # type: ignore[assignment]

    def _remember(self, rows: list[Row]) -> None:
        """Keep the newest value of each column of each series at hand."""
        known = self._series
        for row in rows:
            last = known[row[0]].last  # type: ignore[index]
            at: int = row[1]  # type: ignore[assignment]
            for position in range(len(row) - 2):
                value = row[position + 2]
                if value is not None and (position not in last or at >= last[position][0]):
                    last[position] = (at, value)

    def _number(self, table: str) -> int:
        number = self._next[table]
        self._next[table] = number + 1
        return number


def _by_week(rows: list[Row]) -> dict[int, list[Row]]:
    """Group rows by week since the epoch."""
    times: list[int] = [row[1] for row in rows]  # type: ignore[misc]
    first, final = min(times) // WEEK, max(times) // WEEK
    if first == final:
        return {first: rows}
    weeks: dict[int, list[Row]] = {}
    for row, at in zip(rows, times, strict=True):
        weeks.setdefault(at // WEEK, []).append(row)
    return weeks


def _over(old: Row, new: Row) -> Row:
    """Return `old` with every value that `new` has."""
    return [was if now is None else now for was, now in zip(old, new, strict=True)]

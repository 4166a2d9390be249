"""SHOW statements, answered from the names in memory. Reads no rows."""

from collections.abc import Iterable

from storage.tsdb.condition import compiled, known_by_tags, split_time
from storage.tsdb.schema import Database, Measurement, Series
from storage.tsdb.select import Table
from storage.tsdb.store import Store
from storage.tsdb.syntax import QueryError, Show

POLICY = ["autogen", "0s", "168h0m0s", 1, True]


def show(statement: Show, store: Store, database: str, now: int) -> list[Table]:
    """Return the series that answer a SHOW statement. Raises QueryError."""
    if statement.kind == "databases":
        return [Table("databases", {}, ["name"], [[name] for name in sorted(store.databases)])]
    if not database:
        raise QueryError("database name required")
    if database not in store.databases:
        if statement.kind in ("policies", "series", "field_keys"):
            raise QueryError(f"database not found: {database}")
        return []
    if statement.kind == "policies":
        return [Table("", {}, ["name", "duration", "shardGroupDuration", "replicaN", "default"], [list(POLICY)])]
    chosen = list(_chosen(statement, store.databases[database], now))
    tables = {
        "measurements": _measurements,
        "tag_keys": _tag_keys,
        "tag_values": _tag_values,
        "field_keys": _field_keys,
        "series": _series,
    }[statement.kind](statement, chosen)
    return _counted(statement, tables, chosen) if statement.counted else tables


def _chosen(statement: Show, database: Database, now: int) -> Iterable[tuple[Measurement, list[Series]]]:
    """Yield each measurement that FROM and WITH MEASUREMENT name, with the series that WHERE leaves."""
    where = split_time(statement.where, now, "").rest
    for name in sorted(database.measurements):
        measurement = database.measurements[name]
        named = not statement.sources or any(
            source.name == name or (source.regex and compiled(source.regex.pattern).search(name))
            for source in statement.sources
        )
        if statement.kind == "measurements" and statement.key is not None:
            named = named and known_by_tags(statement.key, {"key": name}, {}) is True
        if not named:
            continue
        series = list(measurement.series)
        if where is not None:
            series = [one for one in series if known_by_tags(where, one.tags, {}) is True]
        if series:
            yield measurement, series


Chosen = list[tuple[Measurement, list[Series]]]


def _measurements(statement: Show, chosen: Chosen) -> list[Table]:
    rows = _cut(statement, [[measurement.name] for measurement, _ in chosen])
    return [Table("measurements", {}, ["name"], rows)] if rows else []


def _tag_keys(statement: Show, chosen: Chosen) -> list[Table]:
    keys = ((measurement, sorted({key for one in series for key in one.tags})) for measurement, series in chosen)
    return _per_measurement(statement, ((m, [[key] for key in found]) for m, found in keys), ["tagKey"])


def _tag_values(statement: Show, chosen: Chosen) -> list[Table]:
    def rows(series: list[Series]) -> list[list[object]]:
        pairs = {pair for one in series for pair in one.tags.items() if wanted(pair[0])}
        return [list(pair) for pair in sorted(pairs)]

    cache: dict[str, bool] = {}

    def wanted(key: str) -> bool:
        if key not in cache:
            cache[key] = statement.key is None or known_by_tags(statement.key, {"key": key}, {}) is True
        return cache[key]

    return _per_measurement(statement, ((m, rows(series)) for m, series in chosen), ["key", "value"])


def _field_keys(statement: Show, chosen: Chosen) -> list[Table]:
    def rows(measurement: Measurement) -> list[list[object]]:
        return [[name, kind] for name, (_, kind) in sorted(measurement.columns.items())]

    return _per_measurement(statement, ((m, rows(m)) for m, _ in chosen), ["fieldKey", "fieldType"])


def _series(statement: Show, chosen: Chosen) -> list[Table]:
    keys = sorted(series_key(measurement.name, one.tags) for measurement, series in chosen for one in series)
    rows = _cut(statement, [[key] for key in keys])
    return [Table("", {}, ["key"], rows)] if rows else []


def series_key(measurement: str, tags: dict[str, str]) -> str:
    """Return a series as line protocol writes it."""

    def escaped(text: str, special: str) -> str:
        return "".join("\\" + letter if letter in special else letter for letter in text)

    pairs = (f",{escaped(key, ',= ')}={escaped(value, ',= ')}" for key, value in tags.items())
    return escaped(measurement, ", ") + "".join(pairs)


def _per_measurement(
    statement: Show, found: Iterable[tuple[Measurement, list[list[object]]]], columns: list[str]
) -> list[Table]:
    tables = [Table(measurement.name, {}, columns, _cut(statement, rows)) for measurement, rows in found]
    return [table for table in tables if table.values]


def _counted(statement: Show, tables: list[Table], chosen: Chosen) -> list[Table]:
    """Return the CARDINALITY form: how many rows there would have been."""
    estimated = statement.counted == "estimated" and not statement.sources and statement.where is None
    if statement.kind == "series":
        if estimated:
            return [Table("", {}, ["cardinality estimation"], [[sum(len(series) for _, series in chosen)]])]
        return [Table(m.name, {}, ["count"], [[len(series)]]) for m, series in chosen]
    if statement.kind == "measurements":
        return [Table("", {}, ["cardinality estimation" if estimated else "count"], [[len(chosen)]])]
    return [Table(table.name, {}, ["count"], [[len(table.values)]]) for table in tables]


def _cut(statement: Show, rows: list[list[object]]) -> list[list[object]]:
    limits = statement.limits
    rows = rows[limits.offset :]
    return rows[: limits.limit] if limits.limit else rows

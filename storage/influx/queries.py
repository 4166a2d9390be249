"""The questions that the program asks of stored time series, one function each. Never formats a value by hand."""

import msgspec

from storage.influx.query import Cell, InfluxQuery, Instant, Name, Span


class HistoryPoint(msgspec.Struct, frozen=True):
    """One step of a chart. `at` is the step's start, epoch ms; values are None where nothing was reported."""

    at: int
    mean: float | None
    low: float | None
    high: float | None


class LastValue(msgspec.Struct, frozen=True):
    """The newest point of one device. `at` is epoch ms by the device's clock."""

    device: str
    at: int
    fields: dict[str, Cell]
    site: str = ""
    zone: str = ""
    district: str = ""


async def history(
    query: InfluxQuery, kind: str, field: str, device: str, span: tuple[int, int, int]
) -> list[HistoryPoint]:
    """Return mean, minimum and maximum of one field in steps. `span` = start (inclusive), end (exclusive), step; ms."""
    start, end, step = span
    found = await query.query(
        "SELECT mean($field) AS mean, min($field) AS low, max($field) AS high FROM $kind "
        "WHERE device = $device AND time >= $start AND time < $end GROUP BY time($step) fill(null)",
        {
            "field": Name(field),
            "kind": Name(kind),
            "device": device,
            "start": Instant(start),
            "end": Instant(end),
            "step": Span(step),
        },
    )
    return [msgspec.convert(row, HistoryPoint) for series in found for row in _times_first(series.values)]


async def pressure_history(query: InfluxQuery, device: str, start: int, end: int, step: int) -> list[HistoryPoint]:
    """Return one hydrant's pressure in kPa from `start` to before `end` in steps of `step`, all ms."""
    return await history(query, "hydrant", "pressure", device, (start, end, step))


async def last_values(query: InfluxQuery, kind: str, since: int) -> list[LastValue]:
    """Return the newest point of every device of a kind that has reported at or after `since`, epoch ms.

    A device that was moved is two series; the newer one counts.
    """
    found = await query.query(
        "SELECT * FROM $kind WHERE time >= $since GROUP BY device, site, zone, district ORDER BY time DESC LIMIT 1",
        {"kind": Name(kind), "since": Instant(since)},
    )
    newest: dict[str, LastValue] = {}
    for series in found:
        for row in series.rows():
            one = _last_value(series.tags, row)
            if one.device not in newest or newest[one.device].at < one.at:
                newest[one.device] = one
    return [newest[device] for device in sorted(newest)]


def _last_value(tags: dict[str, str], row: dict[str, Cell]) -> LastValue:
    fields: dict[str, Cell] = {name: value for name, value in row.items() if name != "time" and value is not None}
    known = {tag: tags.get(tag, "") for tag in ("device", "site", "zone", "district")}
    return LastValue(at=int(row["time"] or 0), fields=fields, **known)


def _times_first(values: list[list[Cell]]) -> list[dict[str, Cell]]:
    """Name the columns of a history row."""
    return [dict(zip(("at", "mean", "low", "high"), row, strict=True)) for row in values]

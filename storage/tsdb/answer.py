"""Series to the JSON or CSV that InfluxDB would send. Asks nothing and decides nothing."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from storage.tsdb.select import Table

EPOCHS = {"ns": 1, "n": 1, "u": 1000, "µ": 1000, "us": 1000, "ms": 1_000_000, "s": 1_000_000_000} | {
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


class Result(msgspec.Struct):
    """What one statement answered: series, or an error."""

    tables: Sequence[Table] = ()
    error: str = ""
    zone: str = ""
    """Time zone in which times are spelled out."""
    timed: bool = True
    """Whether the first column is a time."""


def to_json(results: Sequence[Result], epoch: str, *, pretty: str = "") -> bytes:
    """Return the body of an answer in JSON, times as `epoch` says or else as RFC 3339."""
    body = {"results": [_result(number, result, epoch) for number, result in enumerate(results)]}
    if pretty:
        return json.dumps(body, indent=4, ensure_ascii=False).encode() + b"\n"
    return msgspec.json.encode(body) + b"\n"


def _result(number: int, result: Result, epoch: str) -> dict[str, Any]:
    body: dict[str, Any] = {"statement_id": number}
    if result.tables:
        body["series"] = [_series(table, result, epoch) for table in result.tables]
    if result.error:
        body["error"] = result.error
    return body


def _series(table: Table, result: Result, epoch: str) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if table.name:
        body["name"] = table.name
    if table.tags:
        body["tags"] = table.tags
    body["columns"] = table.columns
    if table.values:
        body["values"] = timed(table.values, result, epoch)
    return body


def timed(values: list[list[Any]], result: Result, epoch: str) -> list[list[Any]]:
    """Return rows with the first column in the unit that was asked for."""
    if not result.timed:
        return values
    if epoch:
        unit = EPOCHS[epoch]
        return [[row[0] // unit, *row[1:]] for row in values] if unit != 1 else values
    return [[rfc3339(row[0], result.zone), *row[1:]] for row in values]


def rfc3339(ns: int, zone: str = "") -> str:
    """Return a moment as InfluxDB spells it, with as many decimals as it needs."""
    seconds, rest = divmod(ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, ZoneInfo(zone) if zone else UTC)
    text = moment.isoformat()
    place, offset = text[:19], text[19:]
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return place + fraction + ("Z" if offset == "+00:00" else offset)


def to_csv(results: Sequence[Result], epoch: str) -> bytes:
    """Return the body of an answer in CSV: a header per statement, then name, tags and columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    first = True
    for result in results:
        if result.error:
            out.write(("" if first else "\n") + f"error\n{result.error}\n")
            first = False
        header: list[str] = []
        for table in result.tables:
            columns = ["name", "tags", *table.columns]
            if columns != header:
                if not first:
                    out.write("\n")
                writer.writerow(columns)
                header, first = columns, False
            tags = ",".join(f"{key}={value}" for key, value in table.tags.items())
            for row in timed(table.values, result, epoch or "ns"):
                writer.writerow([table.name, tags, *(_cell(value) for value in row)])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)

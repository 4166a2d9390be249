"""The way out: copies a database of the embedded store to another InfluxDB, hour by hour. Deletes nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from standpipe.model.errors import Rejected, Retryable
from storage.influx.query import Name, bind
from storage.influx.writer import InfluxWriter, server_words

HOUR = 3_600_000_000_000
"""ns that one step copies."""
BATCH = 5000
"""Lines per request."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a measurement has got."""

    measurement: str
    copied: int
    """Points so far, in this run."""
    through: int
    """ns; everything before is on the other side."""


class Export:
    """One copy, resumable: what is done stands in a file, and a step that is done twice changes nothing."""

    def __init__(self, source: httpx.Client, database: str, target: InfluxWriter, state: Path) -> None:
        """Take a client of the embedded store, a writer with ns precision, and the file that remembers."""
        self._source = source
        self._database = database
        self._target = target
        self._state = state
        self._through: dict[str, int] = json.loads(state.read_text()) if state.exists() else {}

    def run(self, report: Callable[[Progress], None]) -> int:
        """Copy everything there is; return how many points. Raises Retryable and Rejected; run it again to go on."""
        total = 0
        for [name] in self._rows("SHOW MEASUREMENTS"):
            total += self._measurement(name, report)
        return total

    def _measurement(self, name: str, report: Callable[[Progress], None]) -> int:
        kinds = dict(self._rows(bind("SHOW FIELD KEYS FROM $m", {"m": Name(name)})))
        copied = 0
        while (start := self._next(name)) is not None:
            end = (start // HOUR + 1) * HOUR
            q = bind(
                "SELECT * FROM $m WHERE time >= $start AND time < $end GROUP BY *",
                {"m": Name(name), "start": start, "end": end},
            )
            lines = [line for series in self._ask(q) for line in _lines(series, kinds)]
            for first in range(0, len(lines), BATCH):
                self._target.write(b"".join(lines[first : first + BATCH]))
            copied += len(lines)
            self._remember(name, end)
            report(Progress(name, copied, end))
        return copied

    def _next(self, name: str) -> int | None:
        """Return the time of the first point that is not copied yet."""
        low = self._through.get(name, -(1 << 62))
        rows = self._rows(bind("SELECT * FROM $m WHERE time >= $low LIMIT 1", {"m": Name(name), "low": low}))
        return int(rows[0][0]) if rows else None

    def _remember(self, name: str, through: int) -> None:
        self._through[name] = through
        draft = self._state.with_suffix(".draft")
        draft.write_text(json.dumps(self._through))
        draft.replace(self._state)

    def _rows(self, q: str) -> list[list[Any]]:
        return [row for series in self._ask(q) for row in series.get("values", [])]

    def _ask(self, q: str) -> list[dict[str, Any]]:
        try:
            answer = self._source.post("/query", params={"db": self._database, "epoch": "ns"}, data={"q": q})
        except httpx.HTTPError as err:
            raise Retryable(f"embedded store: {type(err).__name__}: {err}") from err
        if answer.status_code != 200:
            raise Retryable(f"embedded store: {server_words(answer.text, answer.headers)}")
        [result] = answer.json()["results"]
        if "error" in result:
            raise Rejected(f"embedded store: {result['error']}")
        series: list[dict[str, Any]] = result.get("series", [])
        return series


def _lines(series: dict[str, Any], kinds: dict[str, str]) -> list[bytes]:
    """Return a series as line protocol with times in ns."""
    tags = "".join(f",{_key(name)}={_key(value)}" for name, value in series.get("tags", {}).items() if value)
    head = _key(series["name"], special=", ") + tags
    names = [(_key(name), kinds.get(name, "")) for name in series["columns"][1:]]
    lines = []
    for at, *values in series["values"]:
        fields = ",".join(
            f"{name}={_value(value, kind)}"
            for (name, kind), value in zip(names, values, strict=True)
            if value is not None and kind
        )
        lines.append(f"{head} {fields} {at}\n".encode())
    return lines


def _key(text: str, *, special: str = ",= ") -> str:
    return "".join("\\" + letter if letter in special else letter for letter in text)


def _value(value: Any, kind: str) -> str:
    if kind == "float":
        return repr(float(value))
    if kind == "integer":
        return f"{value}i"
    if kind == "boolean":
        return "true" if value else "false"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

"""The embedded store answers as InfluxDB 1.6 does: the same data in both, the same questions, equal JSON."""

import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.integration

START = 1_772_323_200  # 2026-03-01T00:00:00Z
QUERIES = [
    line
    for line in (Path(__file__).parent / "queries.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]

ONE = ["count({f})", "mean({f})", "sum({f})", "median({f})", "min({f})", "max({f})", "first({f})", "last({f})"]
ONE += [
    "spread({f})",
    "stddev({f})",
    "percentile({f}, 75)",
    "count(distinct({f}))",
    "mean({f}) * 2 + 1",
]
OVER = ["derivative({a})", "difference({a})", "moving_average({a}, 2)", "cumulative_sum({a})", "elapsed({a}, 1s)"]
OVER += ["non_negative_derivative({a}, 1m)", "non_negative_difference({a})"]
RANGES = [
    "time >= '2026-03-01T00:00:00Z' AND time < '2026-03-01T01:30:00Z'",
    "time > '2026-02-28T23:51:00Z' AND time <= '2026-03-01T00:50:30Z'",
    "time >= '2026-03-01T01:00:00Z' AND time < '2026-03-01T03:00:00Z'",
    "time >= '2025-01-01' AND time < '2025-01-01T01:00:00Z'",
]
FILTERS = ["", " AND device = 'HY-1'", " AND device =~ /[23]$/", " AND site != ''", " AND pressure > 301.25"]
FILTERS += [" AND (zone = 'a' OR battery < 60)", " AND device = 'HY-4'"]
TAGS = ["", "device", "site, zone", "*", "/^z/"]
STEPS = ["", "time(10m)", "time(17m)", "time(1h, 20m)", "time(5m, -90s)"]
FILLS = ["", " fill(none)", " fill(0)", " fill(previous)", " fill(linear)", " fill(3.5)"]
ENDS = ["", "", " ORDER BY time DESC", " LIMIT 4", " LIMIT 3 OFFSET 1", " SLIMIT 1", " SLIMIT 2 SOFFSET 1"]


def generated(count: int) -> Iterator[str]:
    """Questions put together from the grammar's parts, the same ones in every run."""
    choose = random.Random(26875).choice
    for number in range(count):
        step, tags = choose(STEPS), choose(TAGS)
        columns = []
        for _ in range(choose([1, 1, 1, 2, 3])):
            one = choose(ONE)
            over = number % 4 == 0 and step and " * " not in one
            columns.append(choose(OVER).format(a=one) if over else one)
        field = choose(["pressure", "pressure", "battery", "count"])
        fields = ", ".join(f"{column.format(f=field)} AS c{n}" for n, column in enumerate(columns))
        group = ", ".join(part for part in (step, tags) if part)
        text = f"SELECT {fields} FROM hydrant WHERE {choose(RANGES)}{choose(FILTERS)}"
        text += f" GROUP BY {group}" if group else ""
        yield text + (choose(FILLS) if step else "") + choose(ENDS)


QUERIES += generated(400)


def points() -> Iterator[str]:
    """Three hydrants every few minutes, one silent for a while; a detector with booleans; values exact in binary."""
    for number in range(14):
        at = START + 300 * number
        text = ["ok", 'low \\"x\\"', "leak"][number % 3]
        yield (
            f"hydrant,device=HY-1,site=old\\ town,zone=a pressure={300 + number * 1.5},battery={90 - number}i,"
            f'count={number % 4}i,on={"true" if number % 2 else "false"},text="{text}" {at}'
        )
    for number in range(6):
        fields = f"pressure={330.25 - number * 7},battery={50 + number * 5}i"
        yield f"hydrant,device=HY-2,site=城东 {fields} {START + 17 + 600 * number}"
    for number in range(5):
        fields = f"pressure={290 + (number % 2) * 40},count={number}i"
        yield f"hydrant,device=HY-3,site=old\\ town,zone=b {fields} {START + 3601 + 240 * number}"
    yield f"hydrant,device=HY-4 battery=77i {START + 5}"
    for number in range(4):
        fields = f"signal_fire={'true' if number == 2 else 'false'},temperature={20.5 + number}"
        yield f"smoke,device=SM-1,site=城东 {fields} {START + 900 * number}"


@pytest.fixture(scope="module")
def servers(influxd: str, tsdb: str) -> tuple[str, str]:
    httpx.post(f"{influxd}/query", data={"q": "CREATE DATABASE answers"}).raise_for_status()
    body = "\n".join(points()).encode()
    for url in (influxd, tsdb):
        answer = httpx.post(f"{url}/write", params={"db": "answers", "precision": "s"}, content=body)
        assert (answer.status_code, answer.text) == (204, "")
    return influxd, tsdb


CLIENT = httpx.Client(timeout=30)


def ask(url: str, q: str, **params: str) -> Any:
    return CLIENT.post(f"{url}/query", params={"db": "answers", "epoch": "ms", **params}, data={"q": q}).json()


def same(ours: Any, theirs: Any) -> bool:
    """Equal JSON; numbers may differ in the last of their 15 digits, as sums in another order do."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float) or isinstance(theirs, float):
        both = isinstance(ours, int | float) and isinstance(theirs, int | float)
        return both and math.isclose(ours, theirs, rel_tol=1e-12)
    return type(ours) is type(theirs) and bool(ours == theirs)


@pytest.mark.parametrize("q", QUERIES)
def test_the_embedded_store_answers_as_influxdb_does(servers: tuple[str, str], q: str) -> None:
    theirs, ours = (ask(url, q) for url in servers)
    assert same(ours, theirs), f"\n{q}\nours   {ours}\ninflux {theirs}"

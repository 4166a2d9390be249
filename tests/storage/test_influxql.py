"""The embedded store answers as InfluxDB 1.6 does: the same data in both, the same questions, equal JSON."""

import math
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


def ask(url: str, q: str, **params: str) -> Any:
    return httpx.post(f"{url}/query", params={"db": "answers", "epoch": "ms", **params}, data={"q": q}).json()


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

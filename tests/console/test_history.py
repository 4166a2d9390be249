"""The chart's data: a silent hydrant and a silent database are two different answers."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from console.rehearsal import Rehearsal
from standpipe.model.errors import Rejected, Retryable
from storage.influx.query import Series

Desk = Callable[..., TestClient]
URL = "/hydrants/HY-001/history"
COLUMNS = ["time", "mean", "low", "high"]


class Store:
    """Stands for InfluxQuery: gives one answer, keeps the questions."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    async def query(self, _q: str, params: dict[str, Any]) -> list[Series]:
        self.asked.append(params)
        if isinstance(self.answer, Exception):
            raise self.answer
        return list(self.answer)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ([], "empty"),
        ([Series("hydrant", COLUMNS, [[0, None, None, None]])], "empty"),
        ([Series("hydrant", COLUMNS, [[1_000, 200.0, 190.0, 210.0], [2_000, None, None, None]])], "drawn"),
        (Retryable("connection refused"), "unreachable"),
        (Rejected("error parsing query"), "refused"),
    ],
)
def test_each_kind_of_nothing_has_its_own_name(service: Rehearsal, desk: Desk, answer: Any, state: str) -> None:
    service.add_hydrants(1)
    assert desk(query=Store(answer)).get(URL).json()["state"] == state


def test_gaps_stay_gaps(service: Rehearsal, desk: Desk) -> None:
    service.add_hydrants(1)
    rows = [[1_000, 200.0, 190.0, 210.0], [2_000, None, None, None]]
    columns = desk(query=Store([Series("hydrant", COLUMNS, rows)])).get(URL).json()["columns"]
    assert columns == [[1.0, 2.0], [200.0, None], [190.0, None], [210.0, None]]


@pytest.mark.parametrize(("span", "length"), [("1h", 3_600_000), ("24h", 86_400_000), ("7d", 604_800_000)])
def test_a_span_ends_now(service: Rehearsal, desk: Desk, clock: Any, span: str, length: int) -> None:
    service.add_hydrants(1)
    store = Store([])
    desk(query=store).get(URL, params={"span": span})
    asked = store.asked[0]
    assert asked["end"] == clock.ms
    assert asked["end"] - asked["start"] - length in range(asked["step"])
    assert length // asked["step"] in range(200, 400)


@pytest.mark.parametrize("path", ["/hydrants/HY-404/history", URL + "?span=1y", URL + "?span=1h%27%3B%20DROP"])
def test_only_known_hydrants_and_spans_are_asked_for(service: Rehearsal, desk: Desk, path: str) -> None:
    service.add_hydrants(1)
    store = Store([])
    assert desk(query=store).get(path).status_code == 404
    assert store.asked == []


def test_a_console_without_a_store_says_that_it_cannot_ask(service: Rehearsal, desk: Desk) -> None:
    service.add_hydrants(1)
    assert desk(query=None).get(URL).json()["state"] == "unreachable"

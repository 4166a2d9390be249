"""Every query, variable and annotation of every dashboard, asked of real databases."""

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.query_run import asker, run_all

COMMITTED = Path(__file__).parents[2] / "provisioning" / "grafana" / "dashboards"
FILES = sorted(str(path.relative_to(COMMITTED)) for path in COMMITTED.glob("*/*.json"))
ENGLISH = [name for name in FILES if name.startswith("en/")]
"""The two languages ask the same questions; one is enough for a second database."""

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dashboard databases")]


def _board(name: str) -> dict[str, Any]:
    board: dict[str, Any] = json.loads((COMMITTED / name).read_text())
    return board


@pytest.mark.parametrize("name", FILES)
def test_every_query_finds_what_its_panel_needs(name: str, seeded: tuple[str, str], now: int) -> None:
    runs = run_all(name, _board(name), asker(*seeded), now=now)
    assert [str(run.problem()) for run in runs if run.reason] == []


@pytest.mark.parametrize("name", ENGLISH)
def test_the_embedded_database_answers_too(name: str, seeded_tsdb: tuple[str, str], now: int) -> None:
    runs = run_all(name, _board(name), asker(*seeded_tsdb), now=now)
    assert [str(run.problem()) for run in runs if run.reason] == []


@pytest.mark.parametrize("name", FILES)
def test_an_empty_database_gives_no_error(name: str, empty: tuple[str, str], now: int) -> None:
    runs = run_all(name, _board(name), asker(*empty), now=now, may_be_empty=True)
    assert [str(run.problem()) for run in runs if run.reason] == []


SPOILT = {
    "a field that nothing wrote": ('"pressure"', '"nothing"', "finds nothing"),
    "no InfluxQL": ("SELECT", "CHOOSE", "error parsing query"),
    "a variable that nothing fills in": ("$timeFilter", "$when", "nothing fills in"),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_bad_query_is_found(fault: str, seeded: tuple[str, str], now: int) -> None:
    old, new, says = SPOILT[fault]
    board = _board("en/hydrant-pressure.json")
    target = next(panel for panel in board["panels"] if panel["id"] == 9)["targets"][0]
    target["query"] = target["query"].replace(old, new)
    reasons = [run.reason for run in run_all("x", board, asker(*seeded), now=now) if run.reason]
    assert any(says in reason for reason in reasons), reasons


def test_a_missing_column_is_found(seeded: tuple[str, str], now: int) -> None:
    board = _board("en/hydrant-pressure.json")
    target = next(panel for panel in board["panels"] if panel["type"] == "geomap")["targets"][0]
    target["query"] = target["query"].replace(', "longitude"', "")
    reasons = [run.reason for run in run_all("x", board, asker(*seeded), now=now) if run.reason]
    assert any("has no column longitude" in reason for reason in reasons), reasons

"""The linter passes what is committed and names each mistake that it promises to find."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards.facts import Facts
from dashboards.linter import check

COMMITTED = Path(__file__).parents[2] / "provisioning" / "grafana" / "dashboards"
Board = dict[str, Any]


def test_committed_dashboards_have_no_problem(facts: Facts) -> None:
    assert [str(problem) for problem in check(COMMITTED, facts=facts)] == []


def _panel(board: Board, kind: str) -> Board:
    return next(panel for panel in board["panels"] if panel["type"] == kind)


def _query(board: Board, kind: str, old: str, new: str) -> None:
    target = _panel(board, kind)["targets"][0]
    assert old in target["query"]
    target["query"] = target["query"].replace(old, new)


def _mapless(board: Board) -> None:
    panel = _panel(board, "stat")
    panel["type"] = "state-timeline"
    panel["fieldConfig"]["defaults"]["mappings"] = []


MISTAKES: dict[str, tuple[Callable[[Board], Any], str]] = {
    "wrapped": (lambda b: b.update(dashboard={}), "files are bare"),
    "uid": (lambda b: b.update(uid="not a uid"), "must be 1 to 40"),
    "id": (lambda b: b.update(id=7), "belongs to an export"),
    "title": (lambda b: b.update(title=""), "is missing"),
    "schema": (lambda b: b.update(schemaVersion=42), "is not 39 to 41"),
    "export variable": (lambda b: _panel(b, "stat")["datasource"].update(uid="${DS_X}"), "nothing fills in"),
    "unknown source": (lambda b: _panel(b, "stat")["datasource"].update(uid="other"), "is not provisioned"),
    "source as text": (lambda b: _panel(b, "stat").update(datasource="Standpipe"), "must be {type, uid}"),
    "panel id twice": (lambda b: b["panels"][0].update(id=b["panels"][1]["id"]), "is used 2 times"),
    "panel id nought": (lambda b: b["panels"][0].update(id=0), "must be a positive number"),
    "refId twice": (lambda b: b["panels"][0]["targets"].append(b["panels"][0]["targets"][0]), "refIds must"),
    "no description": (lambda b: b["panels"][0].update(description=""), "has no description"),
    "dead link": (lambda b: b["panels"][0].update(links=[{"title": "x", "url": "/d/gone"}]), "not in the set"),
    "overlap": (lambda b: b["panels"][1]["gridPos"].update(x=0), "overlaps"),
    "too wide": (lambda b: b["panels"][0]["gridPos"].update(w=30), "does not fit"),
    "no size": (lambda b: b["panels"][0]["gridPos"].pop("h"), "needs whole"),
    "refresh": (lambda b: b.update(refresh="1s"), "5 s or more"),
    "time range": (lambda b: b["panels"][0].update(timeFrom="a day"), "is not a duration"),
    "too many queries": (lambda b: b["panels"][0].update(targets=b["panels"][0]["targets"] * 9), "at most"),
    "unit": (lambda b: _panel(b, "stat")["fieldConfig"]["defaults"].update(unit="MPa"), "printed as a suffix"),
    "no unit": (lambda b: _panel(b, "timeseries")["fieldConfig"]["defaults"].pop("unit"), "has no unit"),
    "bars without range": (lambda b: _panel(b, "bargauge")["fieldConfig"]["defaults"].pop("max"), "min and max"),
    "table order": (lambda b: _panel(b, "table").update(transformations=[]), "organize"),
    "table format": (lambda b: _panel(b, "table")["targets"][0].update(resultFormat="time_series"), "format table"),
    "one-coloured states": (_mapless, "one colour"),
    "blank map": (lambda b: _panel(b, "geomap")["options"]["basemap"].update(type="blank"), "reject the whole map"),
    "map zoom": (lambda b: _panel(b, "geomap")["options"]["view"].pop("zoom"), "shows the world"),
    "map format": (lambda b: _panel(b, "geomap")["targets"][0].update(resultFormat="time_series"), "no marker"),
    "map without place": (lambda b: _query(b, "geomap", ', "latitude"', ""), "no latitude"),
    "two statements": (lambda b: _query(b, "stat", "fill(none)", "fill(none); SHOW DATABASES"), "more than one"),
    "no time filter": (lambda b: _query(b, "stat", "$timeFilter", "time > now() - 1h"), "no $timeFilter"),
    "equals many": (lambda b: _query(b, "bargauge", "=~ /^$zone$/", "= '$zone'"), "may hold several"),
    "unknown variable": (lambda b: _query(b, "stat", "$zone", "$area"), "uses $area"),
    "unused variable": (lambda b: b["templating"]["list"].append({"name": "x", "type": "custom"}), "is used nowhere"),
    "unknown measurement": (lambda b: _query(b, "timeseries", '"hydrant"', '"hydrants"'), "no device type writes"),
    "unknown field": (lambda b: _query(b, "timeseries", '"pressure"', '"presure"'), "is no field or tag"),
    "alias": (lambda b: _panel(b, "timeseries")["targets"][0].update(alias="$tag_site"), "does not group"),
    "dialect": (lambda b: _query(b, "stat", "SELECT", "SELECT holt_winters(1),"), "not understood by every"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_named(mistake: str, tmp_path: Path, facts: Facts) -> None:
    spoil, says = MISTAKES[mistake]
    board = _committed()
    spoil(board)
    folder = tmp_path / "dashboards" / "en"
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(json.dumps(board))
    _neighbour(folder)
    found = [str(problem) for problem in check(folder.parent, facts=facts)]
    assert any(says in problem for problem in found), found


def test_titles_and_uids_must_differ_in_a_folder(tmp_path: Path, facts: Facts) -> None:
    folder = tmp_path / "dashboards" / "en"
    folder.mkdir(parents=True)
    for name in ("one.json", "two.json"):
        (folder / name).write_text(json.dumps(_committed()))
    found = "\n".join(str(problem) for problem in check(folder.parent, facts=facts))
    assert "is also another file's" in found
    assert "in this folder" in found


def test_a_file_that_is_not_json_is_named(tmp_path: Path, facts: Facts) -> None:
    (tmp_path / "bad.json").write_text("{")
    assert "bad.json: cannot be read" in str(check(tmp_path, facts=facts)[0])


def test_an_empty_folder_is_a_problem(tmp_path: Path, facts: Facts) -> None:
    assert "holds no dashboard" in str(check(tmp_path, facts=facts)[0])


def _committed() -> Board:
    board: Board = json.loads((COMMITTED / "en" / "hydrant-pressure.json").read_text())
    return copy.deepcopy(board)


def _neighbour(folder: Path) -> None:
    (folder / "one-hydrant.json").write_text((COMMITTED / "en" / "one-hydrant.json").read_text())

"""Grafana's optional alert rules: identities, references, and their queries run as its back end runs them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.facts import Facts
from dashboards.interpolate import TimeRange, fill
from dashboards.panels import SOURCE
from dashboards.query_run import asker

GRAFANA = Path(__file__).parents[2] / "provisioning" / "grafana"
FILE = yaml.safe_load((GRAFANA / "alerting" / "standpipe.yaml.example").read_text(encoding="utf-8"))
RULES: dict[str, dict[str, Any]] = {rule["uid"]: rule for group in FILE["groups"] for rule in group["rules"]}


def _queries(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in rule["data"] if one["datasourceUid"] != "__expr__"]


def test_nothing_is_loaded_unless_somebody_renames_it() -> None:
    assert not list((GRAFANA / "alerting").glob("*.y*ml"))


def test_the_folder_is_a_provisioned_one() -> None:
    providers = yaml.safe_load((GRAFANA / "dashboards" / "provider.yaml").read_text(encoding="utf-8"))["providers"]
    assert {group["folder"] for group in FILE["groups"]} <= {provider["folder"] for provider in providers}


@pytest.mark.parametrize("uid", RULES)
def test_everything_named_exists(uid: str) -> None:
    rule = RULES[uid]
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid)
    refs = [one["refId"] for one in rule["data"]]
    assert len(set(refs)) == len(refs) and rule["condition"] in refs
    for place, one in enumerate(rule["data"]):
        assert one["model"]["refId"] == one["refId"]
        assert one["model"].get("expression", refs[0]) in refs[: max(place, 1)]
    assert {one["datasourceUid"] for one in _queries(rule)} == {SOURCE["uid"]}
    boards = [json.loads(path.read_text()) for path in (GRAFANA / "dashboards").glob("*/*.json")]
    board = next(board for board in boards if board["uid"] == rule["dashboardUid"])
    assert rule["panelId"] in [panel["id"] for panel in board["panels"]]


def test_the_limit_is_the_rules() -> None:
    condition = RULES["standpipe_low_pressure"]["data"][-1]["model"]["conditions"][0]["evaluator"]
    assert condition == {"type": "lt", "params": [140]}


def test_the_limit_is_the_one_that_standpipe_uses(facts: Facts) -> None:
    assert facts.limit("hydrant.low_pressure") == 140


@pytest.mark.integration
@pytest.mark.xdist_group("dashboard databases")
@pytest.mark.parametrize("uid", RULES)
def test_its_query_finds_numbers(uid: str, seeded: tuple[str, str], now: int) -> None:
    ask = asker(*seeded)
    for one in _queries(RULES[uid]):
        span = TimeRange(now - one["relativeTimeRange"]["from"] * 1000, now)
        answer = ask(fill(one["model"]["query"], variables={}, span=span))
        values = [row[1] for series in answer["results"][0]["series"] for row in series["values"]]
        assert values and all(isinstance(value, int | float) for value in values)

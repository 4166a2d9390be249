"""Grafana's own models read each dashboard and give every key back: none is misspelt or unknown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

COMMITTED = Path(__file__).parents[2] / "provisioning" / "grafana" / "dashboards"
FILES = sorted(str(path.relative_to(COMMITTED)) for path in COMMITTED.glob("*/*.json"))


pytestmark = pytest.mark.filterwarnings("ignore:Prefer using dashboardv2")


@pytest.fixture(scope="module", autouse=True)
def panel_models() -> None:
    plugins.register_default_plugins()


@pytest.mark.parametrize("name", FILES)
def test_every_key_survives(name: str) -> None:
    board = json.loads((COMMITTED / name).read_text())
    assert list(_lost(board, _round_trip(board))) == []


@pytest.mark.parametrize(
    ("section", "key"), [("custom", "lineWidht"), ("options", "tooltipp"), ("panel", "descripton"), ("board", "refrsh")]
)
def test_a_misspelt_key_is_found(section: str, key: str) -> None:
    board = json.loads((COMMITTED / "en" / "hydrant-pressure.json").read_text())
    panel = next(panel for panel in board["panels"] if panel["type"] == "timeseries")
    places = {
        "custom": panel["fieldConfig"]["defaults"]["custom"],
        "options": panel["options"],
        "panel": panel,
        "board": board,
    }
    places[section][key] = 1
    assert any(path.endswith(key) for path in _lost(board, _round_trip(board)))


def _round_trip(board: dict[str, Any]) -> Any:
    return json.loads(JSONEncoder(sort_keys=True, indent=None).encode(Dashboard.from_json(board)))


def _lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of what is gone or changed."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from _lost(value, after[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{path}[{index}]")
    elif before != after:
        yield path

"""The committed dashboards are what the code makes, and a new device type appears in them without an edit."""

import json
from pathlib import Path

import pytest

from dashboards.facts import Facts
from dashboards.gallery import write_gallery
from dashboards.generate import boards, files, load_facts, write
from dashboards.text import FOLDERS, Words, localise

COMMITTED = Path(__file__).parents[2] / "provisioning" / "grafana" / "dashboards"
OPTIONAL_WORDS = {"fire_systems.state.description", "fire_systems.state.title", "one_hydrant.more.title"}
"""Said only when some device type has a named state, or hydrants have many metrics."""

PUMP = """
name = "Fire pump cabinet"
kind = "fire_pump"
models = ["*"]
status = "bench"
interval = "1m"
labels = { zh = "消防泵", en = "fire pump" }
signals = ["fault"]
[metrics]
header = { unit = "kPa", label = { zh = "管网压力", en = "header pressure" } }
[metrics.mode]
unit = "enum"
label = { zh = "工作方式", en = "mode" }
values = { auto = { zh = "自动", en = "auto" }, manual = { zh = "手动", en = "manual" } }
[rules]
low_header = { metric = "header", below = 350, signal = "supervisory", source = "judgement" }
"""


def test_committed_files_are_what_the_code_makes() -> None:
    assert write(COMMITTED, check=True) == []


def test_check_writes_nothing(tmp_path: Path) -> None:
    stale = write(tmp_path / "new", check=True)
    assert "en/hydrant-pressure.json" in stale
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_no_longer_made_is_removed(tmp_path: Path) -> None:
    write(tmp_path, check=False)
    (tmp_path / "en" / "old.json").write_text("{}")
    assert write(tmp_path, check=True) == ["en/old.json"]
    write(tmp_path, check=False)
    assert not (tmp_path / "en" / "old.json").exists()


def test_both_languages_ask_the_same_questions() -> None:
    made = files()
    for uid in boards(load_facts(), Words.read()):
        zh, en = (json.loads(made[f"{folder}/{uid}.json"]) for folder in FOLDERS.values())
        assert _queries(zh) == _queries(en)
        assert zh["title"] != en["title"]


def test_every_phrase_is_used(facts: Facts) -> None:
    words = Words.read()
    boards(facts, words)
    assert set(words.unused) <= OPTIONAL_WORDS


def test_a_new_device_type_appears_without_an_edit(tmp_path: Path) -> None:
    folder = tmp_path / "fire_pump"
    folder.mkdir()
    (folder / "device.toml").write_text(PUMP)
    (folder / "codec.py").write_text(
        "from standpipe.model.reading import Observation, Uplink\n\n\n"
        "def decode(uplink: Uplink) -> list[Observation]:\n    return []\n"
    )
    made = localise(boards(load_facts([folder]), Words.read())["fire-systems"], "en")
    text = json.dumps(made)
    assert "fire pump: mode" in text
    assert 'FROM \\"fire_pump\\"' in text
    assert '"value": 350.0' in text


@pytest.mark.parametrize(
    ("kind", "field", "steps"),
    [
        (
            "hydrant",
            "pressure",
            [("dark-red", None), ("red", 20), ("orange", 100), ("green", 140), ("orange", 600), ("red", 800)],
        ),
        ("hydrant", "battery", [("yellow", None), ("green", 20)]),
    ],
)
def test_colours_follow_the_rules(facts: Facts, kind: str, field: str, steps: list[tuple[str, float]]) -> None:
    assert facts.thresholds(kind, field) == steps


def _queries(board: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[str]:
    return [target["query"] for panel in board["panels"] for target in panel.get("targets", [])]


def test_the_gallery_is_current() -> None:
    assert write_gallery(COMMITTED.parents[2] / "docs" / "dashboards.md", check=True) == []

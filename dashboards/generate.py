"""Writes the dashboards to their folder, or says which files differ there. Asks no database."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from dashboards.board import Board
from dashboards.boards import (
    alarms,
    device_health,
    fire_systems,
    fire_wall,
    hydrant_pressure,
    one_hydrant,
    pressure_zones,
    standpipe_itself,
)
from dashboards.facts import Facts
from dashboards.text import FOLDERS, JsonObject, Words, localise
from plugins.catalogue import load_catalogue
from standpipe.model.platform import read_platform
from standpipe.model.rule import Rule

Build: TypeAlias = Callable[[Board], JsonObject]

BOARDS: dict[str, Build] = {
    hydrant_pressure.UID: hydrant_pressure.build,
    one_hydrant.UID: one_hydrant.build,
    pressure_zones.UID: pressure_zones.build,
    device_health.UID: device_health.build,
    fire_wall.UID: fire_wall.build,
    alarms.UID: alarms.build,
    fire_systems.UID: fire_systems.build,
    standpipe_itself.UID: standpipe_itself.build,
}
"""Uid without language -> what builds it, in the order in which they are listed."""


def load_facts(extra: Iterable[Path] = (), rules: Iterable[Rule] = ()) -> Facts:
    """Return what manifests, rules and the platform say. Raises ConfigError with every fault."""
    return Facts.of(load_catalogue(extra), read_platform(), rules)


def boards(facts: Facts, words: Words) -> dict[str, JsonObject]:
    """Return each dashboard, not yet in a language. Raises KeyError for a phrase or a metric that nobody has."""
    return {uid: build(Board(uid, words, facts)) for uid, build in BOARDS.items()}


def files(facts: Facts | None = None) -> dict[str, str]:
    """Return relative path -> content of every file, like `zh-CN/hydrant-pressure.json`."""
    made = boards(facts or load_facts(), Words.read())
    return {
        f"{folder}/{uid}.json": json.dumps(localise(tree, language), ensure_ascii=False, indent=2) + "\n"
        for language, folder in FOLDERS.items()
        for uid, tree in made.items()
    }


def write(folder: Path, check: bool, *, facts: Facts | None = None) -> list[str]:
    """Write what differs and remove what is no longer made; with `check` only say so. Return those paths, sorted."""
    made = files(facts)
    there = {str(path.relative_to(folder)) for path in folder.glob("*/*.json")} if folder.is_dir() else set()
    stale = sorted(there - made.keys())
    changed = []
    for name, content in made.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == content:
            continue
        changed.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    if not check:
        for name in stale:
            (folder / name).unlink()
    return sorted([*changed, *stale])

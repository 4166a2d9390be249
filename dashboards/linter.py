"""Checks dashboard files for everything that can be known without a Grafana and without a database."""

from collections import Counter
from pathlib import Path

import yaml

from dashboards.facts import Facts
from dashboards.generate import load_facts
from dashboards.lint import identity, layout, looks, statements
from dashboards.lint.problem import Problem, Subject, load
from dashboards.panels import SOURCE
from dashboards.text import JsonObject

RULES = (identity.check, layout.check, looks.check, statements.check)


def check(folder: Path, *, facts: Facts | None = None) -> list[Problem]:
    """Return every problem of every dashboard below `folder`, which holds one folder of files per language."""
    facts = facts or load_facts()
    problems: list[Problem] = []
    found: dict[str, JsonObject] = {}
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        board, reason = load(path)
        if board is None:
            problems.append(Problem(name, "", reason))
        else:
            found[name] = board
    if not found:
        problems.append(Problem(str(folder), "", "holds no dashboard"))
    sources = provisioned_sources(folder.parent / "datasources")
    siblings = {str(board.get("uid")): board for board in found.values()}
    for name, board in found.items():
        subject = Subject(name, board, facts, sources, siblings)
        for rule in RULES:
            problems.extend(rule(subject))
    problems.extend(_set(found))
    return problems


def provisioned_sources(folder: Path) -> frozenset[str]:
    """Return the uids of the provisioned data sources; our own where there is no such folder."""
    uids = {
        str(source.get("uid"))
        for path in sorted(folder.glob("*.y*ml"))
        for source in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("datasources", [])
    }
    return frozenset(uids or {SOURCE["uid"]})


def _set(found: dict[str, JsonObject]) -> list[Problem]:
    """Return what is wrong between the files: uids used twice, titles used twice in a folder."""
    problems = []
    uids = Counter(str(board.get("uid")) for board in found.values())
    titles = Counter((Path(name).parent, str(board.get("title"))) for name, board in found.items())
    for name, board in found.items():
        if uids[str(board.get("uid"))] > 1:
            problems.append(Problem(name, "uid", f"{board.get('uid')!r} is also another file's"))
        if titles[Path(name).parent, str(board.get("title"))] > 1:
            problems.append(Problem(name, "title", f"{board.get('title')!r} is also another file's in this folder"))
    return problems

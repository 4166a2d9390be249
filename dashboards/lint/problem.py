"""One thing wrong with a dashboard file, and walks over its parts. Judges nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dashboards.facts import Facts
from dashboards.text import JsonObject

BUILT_IN = re.compile(r"__\w+|timeFilter|interval|timezone|tag_\w+|col|measurement|m|\d")
"""Names that Grafana fills in by itself, in queries, aliases and links."""
VARIABLE = re.compile(r"\$\{(\w+)(?::[^}]*|\.[^}]*)?\}|\$(\w+)|\[\[(\w+)\]\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: file and panel."""

    file: str
    where: str
    reason: str

    def __str__(self) -> str:
        """Return `file: where: reason`."""
        return f"{self.file}: {self.where}: {self.reason}" if self.where else f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Subject:
    """One dashboard file under inspection, with what its neighbours say."""

    file: str
    board: JsonObject
    facts: Facts
    sources: frozenset[str]
    """Uids of the provisioned data sources."""
    siblings: Mapping[str, JsonObject] = field(default_factory=dict)
    """Every dashboard of the folder by uid, this one too."""

    def problem(self, where: str, reason: str) -> Problem:
        """Return a problem of this file."""
        return Problem(self.file, where, reason)


@dataclass(frozen=True, slots=True)
class Statement:
    """One InfluxQL statement of a dashboard and what asks it."""

    where: str
    text: str
    panel: JsonObject | None = None
    target: JsonObject | None = None
    variable: JsonObject | None = None

    @property
    def is_table(self) -> bool:
        """Return whether the answer is taken as a table."""
        return self.target is not None and self.target.get("resultFormat") == "table"


def panels(board: JsonObject) -> Iterator[JsonObject]:
    """Yield every panel and row, those inside folded rows too."""
    for panel in board.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def name_of(panel: JsonObject) -> str:
    """Return how a panel is called in problems."""
    return f"panel {panel.get('id')} ({panel.get('title', '')})"


def statements(board: JsonObject) -> Iterator[Statement]:
    """Yield every InfluxQL statement: targets, variables, annotations."""
    for panel in panels(board):
        for target in panel.get("targets", []):
            if not target.get("hide") and (target.get("datasource") or {}).get("type") == "influxdb":
                where = f"{name_of(panel)}, query {target.get('refId')}"
                yield Statement(where, target.get("query", ""), panel, target)
    for variable in board.get("templating", {}).get("list", []):
        if variable.get("type") == "query":
            query = variable.get("query", "")
            text = query.get("query", "") if isinstance(query, dict) else query
            yield Statement(f"variable {variable.get('name')}", text, variable=variable)
    for annotation in board.get("annotations", {}).get("list", []):
        if annotation.get("target", {}).get("query"):
            yield Statement(
                f"annotation {annotation.get('name')}", annotation["target"]["query"], target=annotation["target"]
            )


def variables_in(text: str) -> set[str]:
    """Return the names of dashboard variables in a query, alias or link; Grafana's own are left out."""
    found = {next(filter(None, match.groups())) for match in VARIABLE.finditer(text)}
    return {name.removeprefix("var-") for name in found if not BUILT_IN.fullmatch(name)}


def strings(tree: object) -> Iterator[str]:
    """Yield every string of a JSON tree."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)


def load(path: Path) -> tuple[JsonObject | None, str]:
    """Return (dashboard, "") or (None, why it cannot be read)."""
    import json  # noqa: PLC0415 — here so that the rules above stay free of files

    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as err:
        return None, f"cannot be read: {err}"
    return (tree, "") if isinstance(tree, dict) else (None, "is not a JSON object")

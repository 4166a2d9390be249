"""Uids, ids, titles, data sources and links: whether everything named exists, once. Looks at no query."""

import re
from collections import Counter
from collections.abc import Iterator

from dashboards.lint.problem import Problem, Subject, name_of, panels, strings

UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
DASHBOARD_LINK = re.compile(r"/d/([A-Za-z0-9_-]+)")
GRAFANA_SOURCES = {"-- Grafana --", "-- Mixed --", "-- Dashboard --", "__expr__"}
OLDEST_SCHEMA, NEWEST_SCHEMA = 39, 41


def check(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with the names of a dashboard and of what is in it."""
    yield from _envelope(subject)
    yield from _panels(subject)
    yield from _sources(subject)
    for uid in {uid for text in strings(subject.board) for uid in DASHBOARD_LINK.findall(text)}:
        if uid not in subject.siblings:
            yield subject.problem("", f"links to dashboard {uid!r}, which is not in the set")


def _envelope(subject: Subject) -> Iterator[Problem]:
    board = subject.board
    if "dashboard" in board:
        yield subject.problem("", 'is wrapped in {"dashboard": …}, which is the HTTP API\'s shape; files are bare')
        return
    if not UID.fullmatch(str(board.get("uid", ""))):
        yield subject.problem("uid", f"{board.get('uid')!r} must be 1 to 40 of letters, digits, - and _")
    for key in ("id", "__inputs", "__requires", "__elements"):
        if key in board:
            yield subject.problem(key, "belongs to an export, not to a provisioned file")
    for key in ("title", "description"):
        if not board.get(key):
            yield subject.problem(key, "is missing")
    schema = board.get("schemaVersion")
    if not isinstance(schema, int) or not OLDEST_SCHEMA <= schema <= NEWEST_SCHEMA:
        yield subject.problem("schemaVersion", f"{schema!r} is not {OLDEST_SCHEMA} to {NEWEST_SCHEMA}")
    if any("${DS_" in text for text in strings(board)):
        yield subject.problem("", "contains ${DS_…}, which nothing fills in a provisioned file")


def _panels(subject: Subject) -> Iterator[Problem]:
    ids = Counter(panel.get("id") for panel in panels(subject.board))
    for id_, count in ids.items():
        if not isinstance(id_, int) or id_ < 1:
            yield subject.problem(f"panel id {id_!r}", "must be a positive number")
        elif count > 1:
            yield subject.problem(f"panel id {id_}", f"is used {count} times")
    for panel in panels(subject.board):
        refs = [target.get("refId") for target in panel.get("targets", [])]
        if len(set(refs)) != len(refs) or None in refs:
            yield subject.problem(name_of(panel), f"refIds must be there and differ: {refs}")
        if not panel.get("title"):
            yield subject.problem(name_of(panel), "has no title")
        if panel.get("type") != "row" and not panel.get("description"):
            yield subject.problem(name_of(panel), "has no description")


def _sources(subject: Subject) -> Iterator[Problem]:
    parts = [(name_of(panel), panel) for panel in panels(subject.board) if panel.get("type") != "row"]
    parts += [(f"{where}, query {t.get('refId')}", t) for where, panel in list(parts) for t in panel.get("targets", [])]
    parts += [
        (f"variable {v.get('name')}", v)
        for v in subject.board.get("templating", {}).get("list", [])
        if v.get("type") == "query"
    ]
    parts += [(f"annotation {a.get('name')}", a) for a in subject.board.get("annotations", {}).get("list", [])]
    for where, part in parts:
        source = part.get("datasource")
        if not isinstance(source, dict) or not source.get("type") or not source.get("uid"):
            yield subject.problem(where, f"its data source must be {{type, uid}}, found {source!r}")
        elif source["uid"] not in subject.sources | GRAFANA_SOURCES:
            yield subject.problem(where, f"data source {source['uid']!r} is not provisioned")

"""The text of queries: variables, macros, aliases, and measurements and fields that something writes. Runs none."""

import re
from collections.abc import Iterator

from dashboards.lint.problem import VARIABLE, Problem, Statement, Subject, panels, statements, strings, variables_in

_MEASUREMENT = re.compile(r'(?i)\bFROM\s+"(\w+)"')
_ALIAS = re.compile(r'(?i)\bAS\s+"([^"]+)"')
_KEY = re.compile(r'(?i)\bWITH\s+KEY\s*=\s*"(\w+)"')
_QUOTED = re.compile(r'"([^"]+)"')
_GROUP_BY = re.compile(r"(?i)\bGROUP BY\b(.*?)(?:\bfill\b|\bORDER\b|\bLIMIT\b|\btz\(|$)")
_UNKNOWN_TO_OTHERS = re.compile(r"(?i)\b(INTO|holt_winters|CARDINALITY)\b")


def check(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with the statements of a dashboard, and with its variables."""
    defined = {variable["name"]: variable for variable in subject.board.get("templating", {}).get("list", [])}
    asked = list(statements(subject.board))
    for statement in asked:
        for reason in _reasons(subject, statement, defined):
            yield subject.problem(statement.where, reason)
    used = {name for text in strings(subject.board.get("panels", [])) for name in variables_in(text)}
    used |= {name for s in asked if s.variable for name in variables_in(s.text)}
    used |= {panel["repeat"] for panel in panels(subject.board) if panel.get("repeat")}
    for name in sorted(used - defined.keys()):
        yield subject.problem("", f"uses ${name}, which is not a variable of this dashboard")
    for name in sorted(defined.keys() - used):
        yield subject.problem(f"variable {name}", "is used nowhere")


def _reasons(subject: Subject, statement: Statement, defined: dict[str, dict[str, object]]) -> Iterator[str]:
    text = statement.text
    if not text.strip():
        yield "is empty"
        return
    if ";" in re.sub(r"'[^']*'", "", text):
        yield "has more than one statement; Grafana reads the first only"
    if statement.panel is not None and "$timeFilter" not in text:
        yield "has no $timeFilter"
    if found := _UNKNOWN_TO_OTHERS.search(text):
        yield f"{found[0]} is not understood by every InfluxDB"
    for name in variables_in(text) & defined.keys():
        if defined[name].get("multi") and not _only_in_regex(text, name):
            yield f"${name} may hold several values: compare with =~ /^${name}$/"
    yield from _names(subject, text)
    if statement.target is not None and statement.panel is not None:
        yield from _alias(statement, text)


def _only_in_regex(text: str, name: str) -> bool:
    rest = re.sub(rf"=~\s*/\^\${name}\$/", "", text)
    return not any(name in match.groups() for match in VARIABLE.finditer(rest))


def _names(subject: Subject, text: str) -> Iterator[str]:
    """Yield measurements, fields and tags that nothing writes."""
    facts = subject.facts
    measurements = set(_MEASUREMENT.findall(text))
    known = set(facts.kinds) | set(facts.platform)
    for name in sorted(measurements - known):
        yield f'no device type writes the measurement "{name}"; known: {", ".join(sorted(known))}'
    if measurements - known:
        return
    allowed = set(_ALIAS.findall(text)) | measurements | {"time"}
    for measurement in measurements:
        allowed |= facts.fields(measurement) | facts.tags(measurement)
    plain = re.sub(r"'[^']*'|/(?:[^/\\]|\\.)*/", "", text)
    for name in sorted(set(_QUOTED.findall(plain)) - allowed):
        yield f'"{name}" is no field or tag of {", ".join(sorted(measurements))}'


def _alias(statement: Statement, text: str) -> Iterator[str]:
    """Yield tags in the alias by which the query does not group: Grafana would print them as they stand."""
    assert statement.target is not None
    grouped = {name for part in _GROUP_BY.findall(text) for name in _QUOTED.findall(part)}
    for tag in re.findall(r"\$tag_(\w+)|\[\[tag_(\w+)\]\]", str(statement.target.get("alias", ""))):
        name = next(filter(None, tag))
        if name not in grouped:
            yield f"alias names the tag {name}, by which the query does not group"

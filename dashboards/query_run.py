"""Asks every query of a set of dashboards of a real database, and judges the answers. Writes nothing to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from dashboards.interpolate import TimeRange, fill, panel_range
from dashboards.lint.problem import Problem, Statement, statements
from dashboards.text import JsonObject

MOST_SERIES = 1000
MOST_POINTS = 11_000
TIMEOUT = 30.0
NUMBER_PANELS = {"stat", "gauge", "bargauge", "timeseries"}

Ask = Callable[[str], Mapping[str, Any]]
"""A statement to the decoded answer of /query, as Grafana would receive it. Raises httpx.HTTPError."""


@dataclass(frozen=True, slots=True)
class Run:
    """One statement as it was asked, and what was wrong with the answer; `reason` empty when nothing was."""

    board: str
    statement: Statement
    asked: str
    reason: str
    series: int = 0

    def problem(self) -> Problem:
        """Return it as a problem of the dashboard's file."""
        return Problem(self.board, self.statement.where, f"{self.reason}; asked: {self.asked}")


def asker(url: str, database: str, *, token: str = "") -> Ask:
    """Return a function that asks as Grafana's back end does: POST, epoch=ms, the statement as q."""
    headers = {"Authorization": f"Token {token}"} if token else {}
    client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT)

    def ask(text: str) -> Mapping[str, Any]:
        response = client.post("/query", params={"db": database, "epoch": "ms"}, data={"q": text})
        try:
            answer: Mapping[str, Any] = response.json()
        except ValueError:
            return {"error": f"HTTP {response.status_code}: {response.text[:200]}"}
        return answer if response.status_code == 200 else {"error": f"HTTP {response.status_code}", **answer}

    return ask


def run_all(name: str, board: JsonObject, ask: Ask, *, now: int, may_be_empty: bool = False) -> list[Run]:
    """Ask everything in one dashboard: variables first, then each statement with all, one and two of their values."""
    span = panel_range(board["time"]["from"], "", now)
    values: dict[str, list[str]] = {}
    runs = []
    for statement in statements(board):
        if statement.variable is not None:
            chosen = {key: found[0] if found else "none" for key, found in values.items()}
            run, answer = _ask(name, statement, _fill(statement, chosen, span), ask)
            values[statement.variable["name"]] = sorted({row[-1] for row in _rows(answer)})
            if not run.reason and not values[statement.variable["name"]] and not may_be_empty:
                run = Run(name, statement, run.asked, "has no value to choose")
            runs.append(run)
    choices = list(_choices(board, values))
    for statement in statements(board):
        if statement.variable is None:
            runs.extend(_panel_runs(name, board, statement, choices, ask, now=now, may_be_empty=may_be_empty))
    return runs


def _choices(board: JsonObject, values: Mapping[str, list[str]]) -> Iterator[dict[str, Sequence[str] | str]]:
    """Yield what a reader may choose: everything, then one value of each, then two where several are allowed."""
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    several = {name for name, variable in variables.items() if variable.get("multi")}
    one = {name: found[0] if found else "none" for name, found in values.items()}
    yield {name: [".*"] if name in several else one[name] for name in variables}
    if several:
        yield {name: [one[name]] if name in several else one[name] for name in variables}
        yield {name: (values[name] or ["none"])[:2] if name in several else one[name] for name in variables}


def _panel_runs(
    name: str,
    board: JsonObject,
    statement: Statement,
    choices: Sequence[Mapping[str, Sequence[str] | str]],
    ask: Ask,
    *,
    now: int,
    may_be_empty: bool,
) -> Iterator[Run]:
    """Yield the runs of one panel query or annotation. Only the choice of everything must find something."""
    panel = statement.panel or {}
    span = panel_range(board["time"]["from"], panel.get("timeFrom", ""), now)
    for index, choice in enumerate(choices):
        run, answer = _ask(name, statement, _fill(statement, choice, span, panel.get("interval", "")), ask)
        if not run.reason:
            reason = _judge(statement, answer, must_find=index == 0 and not may_be_empty)
            run = Run(name, statement, run.asked, reason, len(_series(answer)))
        yield run


def _fill(
    statement: Statement, choice: Mapping[str, Sequence[str] | str], span: TimeRange, smallest: str = ""
) -> str | ValueError:
    try:
        return fill(statement.text, variables=choice, span=span, smallest=smallest)
    except ValueError as err:
        return err


def _ask(name: str, statement: Statement, text: str | ValueError, ask: Ask) -> tuple[Run, Mapping[str, Any]]:
    if isinstance(text, ValueError):
        return Run(name, statement, statement.text, str(text)), {}
    try:
        answer = ask(text)
    except httpx.HTTPError as err:
        return Run(name, statement, text, f"no answer: {err!r}"), {}
    faults = [answer.get("error", ""), *(result.get("error", "") for result in answer.get("results", []))]
    reason = "; ".join(filter(None, faults))
    if not reason and len(answer.get("results", [])) != 1:
        reason = "has not exactly one result"
    return Run(name, statement, text, reason), answer


def _series(answer: Mapping[str, Any]) -> list[JsonObject]:
    return [series for result in answer.get("results", []) for series in result.get("series", [])]


def _rows(answer: Mapping[str, Any]) -> Iterator[list[Any]]:
    for series in _series(answer):
        yield from series.get("values", [])


def _judge(statement: Statement, answer: Mapping[str, Any], *, must_find: bool) -> str:
    """Return what is wrong with an answer that is no error."""
    series = _series(answer)
    points = sum(len(item.get("values", [])) for item in series)
    if must_find and not any(value is not None for row in _rows(answer) for value in row[1:]):
        return "finds nothing"
    if len(series) > MOST_SERIES:
        return f"finds {len(series)} series; {MOST_SERIES} at most"
    if points > MOST_POINTS * max(1, len(series)):
        return f"finds {points} points; {MOST_POINTS} per series at most"
    for item in series:
        if missing := _wanted(statement) - {*item["columns"], "Time", *item.get("tags", {})}:
            return f"has no column {', '.join(sorted(missing))}; it has {', '.join(item['columns'])}"
        if statement.panel is not None and statement.panel["type"] in NUMBER_PANELS:
            firsts = (
                next((row[i] for row in item["values"] if row[i] is not None), 0)
                for i in range(1, len(item["columns"]))
            )
            if any(isinstance(first, str) for first in firsts):
                return "has text where the panel shows numbers"
    return ""


def _wanted(statement: Statement) -> set[str]:
    """Return the columns that whoever asked needs."""
    panel, target = statement.panel, statement.target or {}
    if panel is None:
        return {target[key] for key in ("titleColumn", "textColumn", "tagsColumn") if target.get(key)}
    if panel["type"] not in ("table", "geomap"):
        return set()
    before = {step["id"] for step in panel.get("transformations", [])} - {"organize", "sortBy"}
    named = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"] if o["matcher"]["id"] == "byName"}
    places = {"latitude", "longitude"} if panel["type"] == "geomap" else set()
    return places if before else named | places

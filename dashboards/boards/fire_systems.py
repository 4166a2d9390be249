"""Fire systems of one site: state time lines and values of every kind of device. Made from the manifests alone."""

from collections.abc import Mapping

from dashboards.board import Board, id_block, incident_annotation, variable
from dashboards.boards import shared_looks as looks
from dashboards.lint.layout import MOST_QUERIES
from dashboards.panels import Draw, Look, Query, state_timeline, table, time_series
from dashboards.text import JsonObject
from standpipe.model.device_type import Metric
from standpipe.model.duration import parse_duration

UID = "fire-systems"
SITE = "\"site\" = '$site'"
ELSEWHERE = {"hydrant"}
"""Kinds that have dashboards of their own."""
PHYSICAL = {"kPa", "Cel", "m", "L/s", "m3/min", "m/s", "%LEL", "[ppm]", "mA", "V"}
FIXED_QUERIES = 2
PANELS_AT_ONCE = 2
"""A kind with fewer time lines than this shows its first quantity too, before the folded row."""
ORDER = ("transmitter", "fire_component", "pump", "tank", "sprinkler", "electrical", "gas")
"""Kinds that stand first where they exist; every other kind follows by name."""


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.variables.append(
        variable("site", board.words("variable.site"), 'SHOW TAG VALUES FROM "fleet" WITH KEY = "site"', multi=False)
    )
    board.annotations.append(incident_annotation(board.words))
    _records(board)
    asked = FIXED_QUERIES
    for kind in sorted(set(board.facts.kinds) - ELSEWHERE, key=_place):
        first_id, title = id_block(kind), board.facts.label_of_kind(kind)
        shown, values = _states(board, kind, first_id + 2), _values(board, kind, first_id + 50)
        if len(shown) < PANELS_AT_ONCE:
            shown, values = shown + values[:1], values[1:]
        if not shown:
            continue
        queries = sum(len(panel["targets"]) for panel in shown)
        folded = asked + queries > MOST_QUERIES
        asked += 0 if folded else queries
        board.row(first_id, title, folded=folded)
        board.add(*shown)
        if values and not folded:
            board.row(first_id + 1, board.say("values").format(kind=title), folded=True)
        board.add(*values)
    return board.finish()


def _place(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind)


def _records(board: Board) -> None:
    """Add the site's incidents and alerts."""
    board.add(
        table(
            board.frame(1, "incidents", (12, 7)),
            [
                Query(
                    f'SELECT "title", "event", "zone" FROM "incident" WHERE $timeFilter AND {SITE} '
                    "ORDER BY time DESC LIMIT 50",
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.column(board, "incident", "title"),
                looks.word_column(board, "event"),
                looks.word_column(board, "zone"),
            ],
        ),
        table(
            board.frame(2, "alerts", (12, 7)),
            [
                Query(
                    f'SELECT "title", "device", "zone", "state" FROM "alert" WHERE $timeFilter AND {SITE} '
                    "ORDER BY time DESC LIMIT 50",
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.column(board, "alert", "title"),
                looks.word_column(board, "device"),
                looks.word_column(board, "zone"),
                looks.word_column(board, "state"),
            ],
        ),
    )


def _states(board: Board, kind: str, first_id: int) -> list[JsonObject]:
    """Return time lines: signals of devices that had one on, switches that a rule minds, named states."""
    facts = board.facts
    title = facts.label_of_kind(kind)
    panels = []
    signals = facts.signals(kind)
    if signals:
        panels.append(
            state_timeline(
                board.frame_of(
                    first_id,
                    board.say("signals.title").format(kind=title),
                    board.say("signals.description"),
                    (24, 8),
                    step="1m",
                ),
                [_timeline_query(kind, {f"signal_{signal}": True for signal in signals})],
                looks.switch(board.words("text.on"), board.words("text.off"), "red"),
            )
        )
    switches = _minded(board, kind)
    if switches:
        panel = state_timeline(
            board.frame_of(
                first_id + 1,
                board.say("switches.title").format(kind=title),
                board.say("switches.description"),
                (24, 8),
                step="1m",
            ),
            [_timeline_query(kind, switches)],
            looks.yes_no(board),
        )
        panel["fieldConfig"]["overrides"] = [_good_when_on(board, name) for name, bad in switches.items() if not bad]
        panels.append(panel)
    for offset, (name, metric) in enumerate((n, m) for n, m in facts.metrics(kind).items() if m.unit == "enum"):
        panels.append(
            state_timeline(
                board.frame_of(
                    first_id + 2 + offset,
                    board.say("state.title").format(kind=title, metric=facts.label(kind, name)),
                    board.say("state.description"),
                    (24, 7),
                    step="1m",
                ),
                [_timeline_query(kind, {name: None})],
                facts.value_mappings(kind, name, _colours(metric)),
            )
        )
    return panels


def _colours(metric: Metric) -> dict[str, str]:
    """Return a colour per named value, in the order in which the manifest names them: the first is the good one."""
    palette = ("green", "orange", "red", "yellow", "blue", "purple")
    return {value: palette[min(index, len(palette) - 1)] for index, value in enumerate(metric.values)}


def _minded(board: Board, kind: str) -> dict[str, bool]:
    """Return the yes-or-no metrics that a rule minds, and the value that it minds: manual mode on, mains power off."""
    metrics = board.facts.metrics(kind)
    return {
        rule.metric: rule.comparison == "above"
        for rule in board.facts.rules
        if rule.kind == kind and rule.metric in metrics and metrics[rule.metric].field_type is bool
    }


def _good_when_on(board: Board, name: str) -> JsonObject:
    """Return the override that colours a switch whose "no" is the bad state."""
    yes, no = board.words("text.yes"), board.words("text.no")
    options = {
        "true": {"text": yes, "color": "#8e8e8e", "index": 0},
        "false": {"text": no, "color": "orange", "index": 1},
    }
    return {
        "matcher": {"id": "byRegexp", "options": f"/ {name}$/"},
        "properties": [{"id": "mappings", "value": [{"type": "value", "options": options}]}],
    }


def _timeline_query(kind: str, fields: Mapping[str, bool | None]) -> Query:
    """Ask for the last state per step and device, where some field had the value that matters; None for any value."""
    chosen = ", ".join(f'last("{name}") AS "{name.removeprefix("signal_")}"' for name in fields)
    some = " OR ".join(f'"{name}" = {str(bad).lower()}' for name, bad in fields.items() if bad is not None)
    condition = f" AND ({some})" if some else ""
    return Query(
        f'SELECT {chosen} FROM "{kind}" WHERE $timeFilter AND {SITE}{condition} '
        'GROUP BY time($__interval), "device" fill(none)',
        "$tag_device $col",
    )


def _values(board: Board, kind: str, first_id: int) -> list[JsonObject]:
    """Return charts of physical quantities; a transmitter's belong to its components."""
    facts = board.facts
    types = facts.of_kind(kind)
    if all(type_.component_kind not in ("", kind) for type_ in types):
        return []
    every = min(parse_duration(type_.interval) for type_ in types)
    numbers = [name for name, m in facts.metrics(kind).items() if m.unit in PHYSICAL and m.field_type is float]
    panels = []
    for offset, name in enumerate(numbers):
        look = looks.metric(board, kind, name)
        panels.append(
            time_series(
                board.frame_of(
                    first_id + offset,
                    facts.label(kind, name),
                    board.say("value.description").format(metric=facts.label(kind, name)),
                    (12, 8),
                    step="1m",
                ),
                [
                    Query(
                        f'SELECT mean("{name}") FROM "{kind}" WHERE $timeFilter AND {SITE} '
                        'GROUP BY time($__interval), "device" fill(none)',
                        "$tag_device",
                    )
                ],
                Look(unit=look.unit, steps=look.steps),
                draw=Draw(limits=bool(facts.limits(kind, name)), gap_ms=3 * every),
            )
        )
    return panels

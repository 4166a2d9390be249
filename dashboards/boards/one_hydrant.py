"""One hydrant: everything it has reported, beside its neighbours. Follows the manifests: a new metric has a panel."""

from dashboards.board import Board, id_block, incident_annotation, variable
from dashboards.boards import shared_looks as looks
from dashboards.boards.hydrant_pressure import hydrant_interval
from dashboards.panels import Draw, Look, Query, named, stat, state_timeline, table, time_series
from dashboards.text import JsonObject

UID = "one-hydrant"
DEVICE = "\"device\" = '$device'"
QUERIES_FOR_METRICS = 3
"""Metrics shown at once; those beyond are in a folded row, so that opening the dashboard stays cheap."""


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    zone_of = f'SHOW TAG VALUES FROM "hydrant" WITH KEY = "zone" WHERE {DEVICE}'
    board.variables += [
        variable(
            "device", board.words("variable.device"), 'SHOW TAG VALUES FROM "hydrant" WITH KEY = "device"', multi=False
        ),
        variable("zone", board.words("variable.zone"), zone_of, multi=False, hidden=True),
    ]
    board.annotations.append(incident_annotation(board.words))
    _now(board)
    _pressure(board)
    _records(board)
    _metrics(board)
    return board.finish()


def _now(board: Board) -> None:
    """Add the latest values."""
    facts = board.facts
    numbers = {
        name: metric
        for name, metric in facts.metrics("hydrant").items()
        if metric.field_type is float and name != "pressure"
    }
    latest = ", ".join(f'last("{name}") AS "{name}"' for name in numbers)
    shown = [
        named(
            name,
            {
                "displayName": facts.label("hydrant", name),
                "unit": facts.unit("hydrant", name),
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"color": colour, "value": value} for colour, value in facts.thresholds("hydrant", name)],
                },
            },
        )
        for name in numbers
    ]
    board.add(
        stat(
            board.frame(1, "pressure", (5, 4)),
            [Query(f'SELECT last("pressure") FROM "hydrant" WHERE $timeFilter AND {DEVICE}')],
            looks.pressure(board),
            fill="background",
        ),
        stat(
            board.frame(2, "readiness", (4, 4), last="5m"),
            [Query(f'SELECT last("readiness") FROM "device_health" WHERE $timeFilter AND {DEVICE}')],
            looks.readiness(board),
            fill="background",
        ),
        stat(
            board.frame(3, "newest", (4, 4)),
            [Query(f'SELECT last("pressure") FROM "hydrant" WHERE $timeFilter AND {DEVICE}')],
            Look(unit="dateTimeFromNow"),
            field="/^Time$/",
        ),
        stat(
            board.frame(4, "latest", (11, 4)),
            [Query(f'SELECT {latest} FROM "hydrant" WHERE $timeFilter AND {DEVICE}', "$col")],
            Look(),
            overrides=shown,
        ),
    )


def _pressure(board: Board) -> None:
    """Add the hydrant's own pressure, and its neighbours on the same axis."""
    every = hydrant_interval(board)
    pressure = looks.pressure(board)
    names = [
        named(name, {"displayName": board.words(f"text.{word}")})
        for name, word in (("mean", "mean"), ("low", "lowest"), ("high", "highest"))
    ]
    board.add(
        time_series(
            board.frame(5, "trend", (24, 9), step=f"{every // 60_000}m"),
            [
                Query(
                    'SELECT mean("pressure") AS "mean", min("pressure") AS "low", max("pressure") AS "high" '
                    f'FROM "hydrant" WHERE $timeFilter AND {DEVICE} GROUP BY time($__interval) fill(none)',
                    "$col",
                )
            ],
            pressure,
            draw=Draw(limits=True, gap_ms=3 * every),
            overrides=names,
        ),
        time_series(
            board.frame(6, "neighbours", (24, 9), step=f"{every // 60_000}m"),
            [
                Query(
                    'SELECT mean("pressure") FROM "hydrant" WHERE $timeFilter AND "zone" = \'$zone\' '
                    'GROUP BY time($__interval), "device" fill(none)',
                    "$tag_device",
                )
            ],
            pressure,
            draw=Draw(limits=True, gap_ms=3 * every, legend="table"),
        ),
    )


def _records(board: Board) -> None:
    """Add its alerts and its last flow test."""
    board.add(
        table(
            board.frame(7, "events", (14, 7)),
            [
                Query(
                    f'SELECT "title", "rule", "state", "value" FROM "alert" WHERE $timeFilter AND {DEVICE} '
                    "ORDER BY time DESC LIMIT 50",
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.column(board, "alert", "title"),
                looks.word_column(board, "rule"),
                looks.word_column(board, "state"),
                looks.column(board, "alert", "value", Look(decimals=1)),
            ],
        ),
        table(
            board.frame(8, "flow_test", (10, 7), last="730d"),
            [
                Query(
                    'SELECT last("flow") AS "flow", "residual", "static", "tester" FROM "flow_test" '
                    f"WHERE $timeFilter AND {DEVICE}",
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.column(board, "flow_test", "flow", Look(unit="suffix: L/s", decimals=1, steps=looks.FIRE_FLOW)),
                looks.column(board, "flow_test", "residual"),
                looks.column(board, "flow_test", "static"),
                looks.column(board, "flow_test", "tester"),
            ],
        ),
    )


def _metrics(board: Board) -> None:
    """Add a panel for every other metric that some hydrant type declares."""
    facts = board.facts
    every = hydrant_interval(board)
    metrics = facts.metrics("hydrant")
    switches = [name for name, metric in metrics.items() if metric.field_type is bool]
    numbers = [name for name, metric in metrics.items() if metric.field_type is float and name != "pressure"]
    if switches:
        chosen = ", ".join(f'last("{name}") AS "{name}"' for name in switches)
        panel = state_timeline(
            board.frame(9, "switches", (24, 4)),
            [
                Query(
                    f'SELECT {chosen} FROM "hydrant" WHERE $timeFilter AND {DEVICE} '
                    "GROUP BY time($__interval) fill(none)",
                    "$col",
                )
            ],
            looks.yes_no(board),
        )
        panel["fieldConfig"]["overrides"] = [
            named(name, {"displayName": facts.label("hydrant", name)}) for name in switches
        ]
        board.add(panel)
    for index, name in enumerate(numbers):
        if index == QUERIES_FOR_METRICS:
            board.row(10, board.say("more.title"), folded=True)
        board.add(
            time_series(
                board.frame_of(
                    id_block(name),
                    facts.label("hydrant", name),
                    board.say("metric.description").format(metric=facts.label("hydrant", name)),
                    (8, 7),
                    step=f"{every // 60_000}m",
                ),
                [
                    Query(
                        f'SELECT mean("{name}") FROM "hydrant" WHERE $timeFilter AND {DEVICE} '
                        "GROUP BY time($__interval) fill(none)",
                        facts.label("hydrant", name),
                    )
                ],
                looks.metric(board, "hydrant", name),
                draw=Draw(limits=True, gap_ms=3 * every, legend="hidden"),
            )
        )

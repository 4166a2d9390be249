"""Hydrant pressure: how the zones stand, where pressure is low, how it moved. For the water utility's engineers."""

from dashboards.board import Board, incident_annotation, variable
from dashboards.boards import shared_looks as looks
from dashboards.panels import Draw, Look, Query, bar_gauge, geo_map, named, stat, table, time_series
from dashboards.text import JsonObject
from standpipe.model.duration import parse_duration

UID = "hydrant-pressure"
ZONE = '"zone" =~ /^$zone$/'
HYDRANTS = f"$timeFilter AND \"kind\" = 'hydrant' AND {ZONE}"
FALL = Look(unit="pressurekpa", decimals=0, steps=(("green", None), ("orange", 50.0), ("red", 100.0)))
"""kPa: a fall of 50 is three times the largest normal change of a well-fed network in five minutes. Judgement."""
GRADES = (("usable", "green"), ("degraded", "orange"), ("unusable", "red"), ("unknown", "#8e8e8e"))
TIMEZONE = "Asia/Shanghai"


def hydrant_interval(board: Board) -> int:
    """Return the shortest reporting interval of hydrant device types, ms."""
    return min(parse_duration(type_.interval) for type_ in board.facts.of_kind("hydrant"))


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.variables.append(
        variable("zone", board.words("variable.zone"), 'SHOW TAG VALUES FROM "hydrant" WITH KEY = "zone"')
    )
    board.annotations.append(incident_annotation(board.words))
    _now(board)
    _where(board)
    _moved(board)
    return board.finish()


def _now(board: Board) -> None:
    """Add one line of numbers: readiness, compliance, freshness, the lowest pressure."""
    every = hydrant_interval(board) / 1000
    grades = ", ".join(f'sum("{grade}") AS "{grade}"' for grade, _ in GRADES)
    colours = [
        named(
            grade, {"displayName": board.facts.label("fleet", grade), "color": {"mode": "fixed", "fixedColor": colour}}
        )
        for grade, colour in GRADES
    ]
    board.add(
        stat(
            board.frame(1, "readiness", (8, 4), last="15m"),
            [Query(f'SELECT {grades} FROM "fleet" WHERE {HYDRANTS} GROUP BY time(1m) fill(none)', "$col")],
            Look(decimals=0),
            overrides=colours,
        ),
        stat(
            board.frame(2, "compliance", (4, 4)),
            [
                Query(
                    'SELECT 100 * sum("compliant") / sum("samples") AS "compliance" FROM "zone_hour" '
                    f"WHERE $timeFilter AND {ZONE}"
                )
            ],
            looks.COMPLIANCE,
        ),
        stat(
            board.frame(3, "minimum", (4, 4), last="15m"),
            [Query(f'SELECT min("pressure") FROM "device_health" WHERE {HYDRANTS} GROUP BY time(1m) fill(none)')],
            looks.pressure(board),
            sparkline="area",
        ),
        stat(
            board.frame(4, "newest", (4, 4)),
            [Query(f'SELECT last("pressure") FROM "hydrant" WHERE $timeFilter AND {ZONE}')],
            Look(unit="dateTimeFromNow"),
            field="/^Time$/",
        ),
        stat(
            board.frame(5, "oldest", (4, 4), last="15m"),
            [Query(f'SELECT max("age") FROM "device_health" WHERE {HYDRANTS} GROUP BY time(1m) fill(none)')],
            looks.age(every),
        ),
    )


def _where(board: Board) -> None:
    """Add the map, compliance by zone and the lowest points."""
    every = hydrant_interval(board) / 1000
    shown = [
        looks.column(board, "device_health", "readiness", looks.readiness(board)),
        looks.column(board, "device_health", "name"),
        looks.hydrant_column(board),
        looks.column(board, "device_health", "pressure", looks.pressure(board)),
        looks.column(board, "device_health", "age", looks.age(every)),
        looks.word_column(board, "zone"),
    ]
    lowest = [
        looks.hydrant_column(board),
        looks.column(board, "device_health", "name"),
        looks.word_column(board, "zone"),
        looks.column(board, "device_health", "pressure", looks.pressure(board), cell="color-text"),
        looks.column(board, "device_health", "age", looks.age(every), cell="color-text"),
    ]
    board.add(
        geo_map(
            board.frame(6, "map", (12, 15), last="5m"),
            [
                Query(
                    'SELECT last("readiness") AS "readiness", "latitude", "longitude", "name", "pressure", "age" '
                    f'FROM "device_health" WHERE {HYDRANTS} GROUP BY "device", "zone"',
                    format="table",
                )
            ],
            shown,
            colour="readiness",
            words=board.facts.label("device_health", "readiness"),
        )
    )
    board.stack(
        bar_gauge(
            board.frame(7, "by_zone", (12, 6)),
            [
                Query(
                    'SELECT 100 * sum("compliant") / sum("samples") AS "compliance" FROM "zone_hour" '
                    f'WHERE $timeFilter AND {ZONE} GROUP BY "zone"',
                    "$tag_zone",
                )
            ],
            looks.COMPLIANCE,
        ),
        table(
            board.frame(8, "lowest", (12, 9), last="5m"),
            [
                Query(
                    'SELECT bottom("pressure", "device", "zone", 10) AS "pressure", "age", "name" '
                    f'FROM "device_health" WHERE {HYDRANTS}',
                    format="table",
                )
            ],
            lowest,
            hidden=("Time",),
            sort=("pressure", "asc"),
        ),
    )


def _moved(board: Board) -> None:
    """Add the trend against the limits, fourteen nights, the falls of the last hour."""
    every = hydrant_interval(board)
    pressure = looks.pressure(board)
    trend = (
        f'FROM "hydrant" WHERE $timeFilter AND {ZONE} GROUP BY time($__interval), "zone" fill(none)',
        board.words("text.mean"),
        board.words("text.lowest"),
    )
    falls = [
        looks.hydrant_column(board),
        looks.word_column(board, "zone"),
        looks.word_column(board, "fall", FALL, cell="color-background"),
    ]
    board.add(
        time_series(
            board.frame(9, "trend", (24, 10), step=f"{every // 60_000}m"),
            [
                Query(
                    f'SELECT mean("pressure") {trend[0]}',
                    board.words("text.series").format(name="$tag_zone", of=trend[1]),
                ),
                Query(
                    f'SELECT min("pressure") {trend[0]}',
                    board.words("text.series").format(name="$tag_zone", of=trend[2]),
                ),
            ],
            pressure,
            draw=Draw(limits=True, gap_ms=3 * every),
        ),
        time_series(
            board.frame(10, "night", (12, 8), last="15d"),
            [
                Query(
                    'SELECT min("minimum") FROM "zone_hour" '
                    f'WHERE $timeFilter AND {ZONE} AND "hour" >= 2 AND "hour" <= 3 '
                    f"GROUP BY time(1d), \"zone\" fill(none) tz('{TIMEZONE}')",
                    "$tag_zone",
                )
            ],
            pressure,
            draw=Draw(limits=True, gap_ms=172_800_000, legend="table"),
        ),
        table(
            board.frame(11, "drops", (12, 8), last="1h"),
            [
                Query(
                    'SELECT top("fall", 10) AS "fall", "device", "zone" FROM '
                    '(SELECT max("pressure") - last("pressure") AS "fall" FROM "hydrant" '
                    f'WHERE $timeFilter AND {ZONE} GROUP BY "device", "zone")',
                    format="table",
                )
            ],
            falls,
            hidden=("Time",),
            sort=("fall", "desc"),
        ),
    )

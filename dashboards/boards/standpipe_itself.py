"""Standpipe itself: readings per second, how late, how far behind, what was lost, what it needs."""

from dashboards.board import Board, variable
from dashboards.boards import shared_looks as looks
from dashboards.panels import Draw, Look, Query, stat, table, time_series
from dashboards.text import JsonObject

UID = "standpipe-itself"
COLLECTOR = '"collector" =~ /^$collector$/'
FIRE_BUDGET_S = 0.25
"""Seconds from bytes on a socket to the message in the gateway's hands, 99th percentile."""
LAG = Look(unit="s", decimals=1, steps=(("green", None), ("orange", 60.0), ("red", 600.0)))
LOST = Look(unit="none", decimals=0, steps=(("green", None), ("red", 1.0)))


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.span = "now-6h"
    board.variables.append(
        variable(
            "collector", board.words("variable.collector"), 'SHOW TAG VALUES FROM "collector" WITH KEY = "collector"'
        )
    )
    where = f"$timeFilter AND {COLLECTOR}"
    per_step = "GROUP BY time($__interval)"
    board.add(
        stat(
            board.frame(1, "rate", (6, 5), last="15m"),
            [
                Query(
                    f'SELECT non_negative_derivative(max("received"), 1s) FROM "collector" WHERE {where} '
                    'GROUP BY time(1m), "collector" fill(none)',
                    "$tag_collector",
                )
            ],
            Look(unit="cps", decimals=1),
            sparkline="area",
        ),
        stat(
            board.frame(2, "fire", (6, 5), last="1h"),
            [Query('SELECT max("p99") FROM "latency" WHERE $timeFilter AND "stage" = \'handed_over\'')],
            Look(unit="s", decimals=3, steps=(("green", None), ("red", FIRE_BUDGET_S))),
        ),
        stat(
            board.frame(3, "dead_letters", (6, 5)),
            [Query(f'SELECT spread("dead_letters") FROM "collector" WHERE {where}')],
            LOST,
        ),
        stat(
            board.frame(4, "youngest", (6, 5)),
            [
                Query(
                    'SELECT min("uptime") FROM "process" WHERE $timeFilter GROUP BY "process"',
                    "$tag_process",
                )
            ],
            Look(unit="s", decimals=0, steps=(("orange", None), ("green", 3600.0))),
        ),
        time_series(
            board.frame(5, "traffic", (12, 8), step="1m"),
            [
                Query(
                    f'SELECT non_negative_derivative(max("received"), 1s) AS "received", '
                    'non_negative_derivative(max("stored"), 1s) AS "stored", '
                    'non_negative_derivative(max("quarantined"), 1s) AS "quarantined", '
                    'non_negative_derivative(max("duplicates"), 1s) AS "duplicates" '
                    f'FROM "collector" WHERE {where} {per_step}, "collector" fill(none)',
                    "$tag_collector $col",
                )
            ],
            Look(unit="cps", decimals=1),
            draw=Draw(gap_ms=180_000),
        ),
        time_series(
            board.frame(6, "latency", (12, 8), step="1m"),
            [Query(f'SELECT max("p99") FROM "latency" WHERE $timeFilter {per_step}, "stage" fill(none)', "$tag_stage")],
            Look(unit="s", decimals=3),
            draw=Draw(gap_ms=180_000),
        ),
        time_series(
            board.frame(7, "lag", (12, 8), step="1m"),
            [
                Query(
                    f'SELECT max("lag") FROM "collector_output" WHERE {where} {per_step}, "output", "lane" fill(none)',
                    "$tag_output $tag_lane",
                )
            ],
            LAG,
            draw=Draw(limits=True, gap_ms=180_000),
        ),
        time_series(
            board.frame(8, "connections", (12, 8), step="1m"),
            [
                Query(
                    f'SELECT max("connections") FROM "collector" WHERE {where} {per_step}, "collector" fill(none)',
                    "$tag_collector",
                )
            ],
            Look(unit="none", decimals=0),
            draw=Draw(gap_ms=180_000),
        ),
        time_series(
            board.frame(9, "memory", (12, 8), step="1m"),
            [
                Query(
                    f'SELECT max("memory") FROM "process" WHERE $timeFilter {per_step}, "process" fill(none)',
                    "$tag_process",
                )
            ],
            Look(unit="bytes"),
            draw=Draw(stacked=True, gap_ms=180_000),
        ),
        time_series(
            board.frame(10, "cpu", (12, 8), step="1m"),
            [
                Query(
                    f'SELECT mean("cpu") FROM "process" WHERE $timeFilter {per_step}, "process" fill(none)',
                    "$tag_process",
                )
            ],
            Look(unit="percent", decimals=0),
            draw=Draw(gap_ms=180_000),
        ),
        table(
            board.frame(11, "processes", (24, 6), last="5m"),
            [
                Query(
                    'SELECT last("uptime") AS "uptime", "memory", "cpu" FROM "process" WHERE $timeFilter '
                    'GROUP BY "process", "host"',
                    format="table",
                )
            ],
            [
                looks.word_column(board, "process"),
                looks.word_column(board, "host"),
                looks.column(board, "process", "uptime", Look(unit="s", decimals=0)),
                looks.column(board, "process", "memory", Look(unit="bytes")),
                looks.column(board, "process", "cpu", Look(unit="percent", decimals=0)),
            ],
            hidden=("Time",),
        ),
    )
    return board.finish()

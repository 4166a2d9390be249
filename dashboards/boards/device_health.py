"""Device health: who is silent, who soon will be, and whether facilities are intact. By kind, site and company."""

from dashboards.board import Board, variable
from dashboards.boards import shared_looks as looks
from dashboards.panels import Column, Draw, Look, Query, bar_gauge, stat, table, time_series
from dashboards.text import JsonObject

UID = "device-health"
WHERE = '$timeFilter AND "kind" =~ /^$kind$/ AND "site" =~ /^$site$/'
DAY = 86_400.0
SHARE = Look(unit="percent", decimals=1, low=0, high=100, steps=(("red", None), ("orange", 90.0), ("green", 97.0)))
BATTERY_LEFT = Look(unit="s", decimals=1, steps=(("red", None), ("orange", 30 * DAY), ("green", 90 * DAY)))
SIM_LEFT = Look(unit="s", decimals=1, steps=(("red", None), ("orange", 30 * DAY), ("green", 60 * DAY)))
CLOCK = Look(unit="s", decimals=1, steps=(("green", None), ("orange", 1.0), ("red", 5.0)))
"""Seconds: 5 is the accumulated error that a monitoring centre may have (GB 50440)."""
SIGNAL = Look(unit="dBm", decimals=0, steps=(("red", None), ("orange", -120.0), ("green", -110.0)))


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.span = "now-7d"
    board.refresh = "1m"
    board.variables += [
        variable("kind", board.words("variable.kind"), 'SHOW TAG VALUES FROM "fleet" WITH KEY = "kind"'),
        variable("site", board.words("variable.site"), 'SHOW TAG VALUES FROM "fleet" WITH KEY = "site"'),
    ]
    online = '100 * sum("online") / sum("total")'
    intact = '100 * sum("intact") / sum("total")'
    board.add(
        stat(
            board.frame(1, "online", (6, 5), last="15m"),
            [Query(f'SELECT {online} FROM "fleet" WHERE {WHERE} GROUP BY time(1m) fill(none)')],
            SHARE,
        ),
        stat(board.frame(2, "intact", (6, 5)), [Query(f'SELECT {intact} FROM "fleet" WHERE {WHERE}')], SHARE),
        time_series(
            board.frame(3, "trend", (12, 5), step="5m"),
            [
                Query(
                    f'SELECT {online} FROM "fleet" WHERE {WHERE} GROUP BY time($__interval), "kind" fill(none)',
                    "$tag_kind",
                )
            ],
            SHARE,
            draw=Draw(gap_ms=900_000),
        ),
        bar_gauge(
            board.frame(4, "by_kind", (8, 7), last="15m"),
            [Query(f'SELECT {online} FROM "fleet" WHERE {WHERE} GROUP BY time(1m), "kind" fill(none)', "$tag_kind")],
            SHARE,
        ),
        bar_gauge(
            board.frame(5, "by_site", (8, 7)),
            [Query(f'SELECT {intact} FROM "fleet" WHERE {WHERE} GROUP BY "site"', "$tag_site")],
            SHARE,
        ),
        bar_gauge(
            board.frame(6, "by_company", (8, 7)),
            [Query(f'SELECT {intact} FROM "fleet" WHERE {WHERE} GROUP BY "company"', "$tag_company")],
            SHARE,
        ),
    )
    _worst(board)
    return board.finish()


def _worst(board: Board) -> None:
    """Add the tables of devices that need somebody."""
    health = "device_health"
    age = looks.column(board, health, "age", looks.age(3600), cell="color-text")
    ranked = (
        (7, "silent", 'top("age", "device", "kind", "site", 20) AS "age", "name"', age, "desc", 'AND "online" = 0'),
        (8, "battery", _lowest("battery_left"), _coloured(board, "battery_left", BATTERY_LEFT), "asc", ""),
        (9, "signal", _lowest("rsrp"), _coloured(board, "rsrp", SIGNAL), "asc", ""),
        (10, "sim", _lowest("sim_left"), _coloured(board, "sim_left", SIM_LEFT), "asc", ""),
        (11, "clock", 'top("clock_error", "device", "kind", "site", 20) AS "clock_error", "name"',
         _coloured(board, "clock_error", CLOCK), "desc", ""),
    )  # fmt: skip
    names = [
        looks.word_column(board, "device"),
        looks.column(board, health, "name"),
        looks.word_column(board, "kind"),
        looks.word_column(board, "site"),
    ]
    for id_, key, chosen, column, order, condition in ranked:
        query = f'SELECT {chosen} FROM "device_health" WHERE {WHERE} {condition}'.strip()
        board.add(
            table(
                board.frame(id_, key, (12, 8), last="5m"),
                [Query(query, format="table")],
                [*names, column],
                hidden=("Time",),
                sort=(column.name, "asc" if order == "asc" else "desc"),
            )
        )
    board.add(
        table(
            board.frame(12, "firmware", (12, 8), last="5m"),
            [
                Query(
                    'SELECT count("online") AS "devices" FROM (SELECT last("online") AS "online" FROM "device_health" '
                    f'WHERE {WHERE} GROUP BY "device", "kind", "firmware") GROUP BY "kind", "firmware"',
                    format="table",
                )
            ],
            [
                looks.word_column(board, "kind"),
                looks.word_column(board, "firmware"),
                looks.word_column(board, "devices", Look(decimals=0)),
            ],
            hidden=("Time",),
        )
    )


def _lowest(field: str) -> str:
    return f'bottom("{field}", "device", "kind", "site", 20) AS "{field}", "name"'


def _coloured(board: Board, field: str, look: Look) -> Column:
    return looks.column(board, "device_health", field, look, cell="color-text")

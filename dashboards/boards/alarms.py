"""Alarms and on call: how many, from where, how fast they were answered, and whether the messages arrived."""

from dashboards.board import Board, variable
from dashboards.boards import shared_looks as looks
from dashboards.boards.hydrant_pressure import TIMEZONE
from dashboards.panels import Draw, Look, Query, named, stat, table, time_series
from dashboards.text import JsonObject

UID = "alarms-on-call"
SITE = '"site" =~ /^$site$/'
FIRING = f"$timeFilter AND {SITE} AND \"state\" = 'firing'"
PER_HOUR = Look(
    unit="none", decimals=0, low=0, steps=(("green", None), ("yellow", 6.0), ("orange", 12.0), ("red", 30.0))
)
"""Alarms per operator and hour: 6 acceptable, 12 manageable, 30 a flood (EEMUA 191)."""
ACKNOWLEDGE_S, CONFIRM_S = 60.0, 180.0
"""Targets: acknowledged within 60 s in 95 %, confirmed on the spot within 180 s in 90 %."""
DISPOSITIONS = ("confirmed", "false_alarm", "fault", "test")


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.span = "now-7d"
    board.refresh = "1m"
    board.variables.append(
        variable("site", board.words("variable.site"), 'SHOW TAG VALUES FROM "alert" WITH KEY = "site"')
    )
    _answers(board)
    _load(board)
    _people(board)
    return board.finish()


def _answers(board: Board) -> None:
    """Add times to acknowledge and confirm, the dispositions, the share of false alarms."""
    events = "|".join(DISPOSITIONS)
    board.add(
        stat(
            board.frame(1, "acknowledge", (5, 5)),
            [Query(_percentile("acknowledged", 95))],
            Look(unit="s", decimals=0, steps=(("green", None), ("orange", ACKNOWLEDGE_S), ("red", 2 * ACKNOWLEDGE_S))),
        ),
        stat(
            board.frame(2, "confirm", (5, 5)),
            [Query(_percentile("confirmed", 90))],
            Look(unit="s", decimals=0, steps=(("green", None), ("orange", CONFIRM_S), ("red", 2 * CONFIRM_S))),
        ),
        stat(
            board.frame(3, "false_rate", (4, 5)),
            [Query(f'SELECT 100 * mean("false_alarm") FROM "incident" WHERE $timeFilter AND {SITE}')],
            Look(unit="percent", decimals=0, steps=(("green", None), ("orange", 50.0), ("red", 90.0))),
        ),
        stat(
            board.frame(4, "dispositions", (10, 5)),
            [
                Query(
                    f'SELECT count("incident") FROM "incident" WHERE $timeFilter AND {SITE} '
                    f'AND "event" =~ /^({events})$/ GROUP BY "event"',
                    "$tag_event",
                )
            ],
            Look(decimals=0),
            overrides=[named(event, {"displayName": board.say(f"event.{event}")}) for event in DISPOSITIONS],
        ),
    )


def _percentile(event: str, percent: int) -> str:
    return (
        f'SELECT percentile("after", {percent}) FROM "incident" WHERE $timeFilter AND {SITE} AND "event" = \'{event}\''
    )


def _load(board: Board) -> None:
    """Add alarms per hour against the bands, their kinds, the loudest and the chattering sources."""
    board.add(
        time_series(
            board.frame(5, "per_hour", (12, 9), step="1h"),
            [
                Query(
                    f'SELECT count("title") FROM "alert" WHERE {FIRING} GROUP BY time(1h) fill(0)', board.say("alerts")
                )
            ],
            PER_HOUR,
            draw=Draw(style="bars", limits=True, legend="hidden"),
        ),
        time_series(
            board.frame(6, "by_signal", (12, 9), step="1d"),
            [
                Query(
                    f'SELECT count("title") FROM "alert" WHERE {FIRING} '
                    f"GROUP BY time(1d), \"signal\" fill(0) tz('{TIMEZONE}')",
                    "$tag_signal",
                )
            ],
            Look(unit="none", decimals=0),
            draw=Draw(style="bars", stacked=True),
        ),
        table(
            board.frame(7, "sources", (12, 8)),
            [
                Query(
                    'SELECT top("alerts", 10) AS "alerts", "device", "rule" FROM '
                    f'(SELECT count("title") AS "alerts" FROM "alert" WHERE {FIRING} GROUP BY "device", "rule")',
                    format="table",
                )
            ],
            [
                looks.word_column(board, "device"),
                looks.word_column(board, "rule"),
                looks.word_column(board, "alerts", Look(decimals=0), cell="color-text"),
            ],
            hidden=("Time",),
            sort=("alerts", "desc"),
        ),
        table(
            board.frame(8, "chatter", (12, 8)),
            [
                Query(
                    'SELECT top("transitions", 10) AS "transitions", "device" FROM '
                    '(SELECT count("title") AS "transitions" FROM "alert" '
                    f'WHERE $timeFilter AND {SITE} GROUP BY time(1m), "device" fill(none)) WHERE "transitions" >= 3',
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.word_column(board, "device"),
                looks.word_column(board, "transitions", Look(decimals=0), cell="color-text"),
            ],
            sort=("transitions", "desc"),
        ),
    )


def _people(board: Board) -> None:
    """Add how far escalations went, what the gateways did, and the latest incidents."""
    board.add(
        stat(
            board.frame(9, "escalations", (8, 7)),
            [
                Query(
                    f'SELECT count("incident") FROM "notice" WHERE $timeFilter AND {SITE} GROUP BY "step"',
                    board.say("step").format(step="$tag_step"),
                )
            ],
            Look(decimals=0),
        ),
        table(
            board.frame(10, "receipts", (16, 7)),
            [
                Query(
                    'SELECT count("incident") AS "sent", sum("delivered") AS "delivered", '
                    'percentile("receipt", 95) AS "receipt", max("attempts") AS "attempts" '
                    f'FROM "notice" WHERE $timeFilter AND {SITE} GROUP BY "channel"',
                    format="table",
                )
            ],
            [
                looks.word_column(board, "channel"),
                looks.word_column(board, "sent", Look(decimals=0)),
                looks.column(board, "notice", "delivered", Look(decimals=0)),
                looks.column(board, "notice", "receipt", Look(unit="s", decimals=1)),
                looks.column(board, "notice", "attempts", Look(decimals=0)),
            ],
            hidden=("Time",),
        ),
        table(
            board.frame(11, "latest", (24, 9)),
            [
                Query(
                    'SELECT "title", "event", "site", "zone", "after" FROM "incident" '
                    f"WHERE $timeFilter AND {SITE} ORDER BY time DESC LIMIT 50",
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.column(board, "incident", "title"),
                looks.word_column(board, "event"),
                looks.word_column(board, "site"),
                looks.word_column(board, "zone"),
                looks.column(board, "incident", "after", Look(unit="s", decimals=0)),
            ],
        ),
    )

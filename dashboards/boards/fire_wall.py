"""Fire wall: what the duty room sees from across the room. Never scrolls, and shows nothing older than a minute."""

from dashboards.board import Board
from dashboards.boards import shared_looks as looks
from dashboards.boards.hydrant_pressure import GRADES
from dashboards.panels import Look, Query, named, stat, table
from dashboards.text import JsonObject

UID = "fire-wall"
STATE_COLOURS = {
    "suspected": "orange",
    "acknowledged": "yellow",
    "confirmed": "red",
    "false_alarm": "blue",
    "fault": "purple",
    "test": "#8e8e8e",
    "drill": "#8e8e8e",
}
FRESH = "1m"
"""Every panel asks for this much: what is not written any more disappears, and its place turns red."""


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.span, board.refresh, board.tags, board.nav = "now-15m", "5s", ("wall",), False
    _numbers(board)
    _tables(board)
    return board.finish()


def _numbers(board: Board) -> None:
    """Add freshness, fires, hydrants, devices."""
    silence = board.words("text.no_signal")
    stopped = {
        "type": "special",
        "options": {"match": "null+nan", "result": {"text": silence, "color": "dark-red", "index": 0}},
    }
    counts = ", ".join(f'last("{name}") AS "{name}"' for name in ("suspected", "confirmed"))
    grades = ", ".join(f'last("{grade}") AS "{grade}"' for grade, _ in GRADES)
    devices = ", ".join(
        f'last("{name}") AS "{name}"' for name in ("devices_total", "devices_heard", "alerts", "problems")
    )
    alarm = (("green", None), ("red", 1.0))
    board.add(
        stat(
            board.frame(1, "fresh", (5, 5), last=FRESH, empty=silence),
            [Query('SELECT last("devices_heard") FROM "wall" WHERE $timeFilter')],
            Look(unit="dateTimeFromNow", mappings=[stopped], steps=(("dark-red", None), ("green", 1.0))),
            fill="background",
            field="/^Time$/",
        ),
        stat(
            board.frame(2, "fires", (7, 5), last=FRESH, empty=silence),
            [Query(f'SELECT {counts} FROM "wall" WHERE $timeFilter', "$col")],
            Look(decimals=0, mappings=[stopped], steps=alarm),
            fill="background",
            overrides=[_words_of(board, "suspected"), _words_of(board, "confirmed")],
        ),
        stat(
            board.frame(3, "hydrants", (12, 5), last=FRESH, empty=silence),
            [Query(f'SELECT {grades} FROM "wall" WHERE $timeFilter', "$col")],
            Look(decimals=0, mappings=[stopped]),
            overrides=[
                named(
                    grade,
                    {
                        "displayName": board.facts.label("wall", grade),
                        "color": {"mode": "fixed", "fixedColor": colour},
                    },
                )
                for grade, colour in GRADES
            ],
        ),
        stat(
            board.frame(4, "devices", (24, 4), last=FRESH, empty=silence),
            [Query(f'SELECT {devices} FROM "wall" WHERE $timeFilter', "$col")],
            Look(decimals=0, mappings=[stopped]),
            overrides=[
                _words_of(board, "devices_total"),
                _words_of(board, "devices_heard"),
                _words_of(board, "alerts"),
                named("problems", {
                    "displayName": board.facts.label("wall", "problems"),
                    "thresholds": {"mode": "absolute", "steps": [{"color": c, "value": v} for c, v in alarm]},
                }),
            ],
        ),
    )  # fmt: skip


def _words_of(board: Board, field: str) -> JsonObject:
    return named(field, {"displayName": board.facts.label("wall", field)})


def _tables(board: Board) -> None:
    """Add open incidents, the hydrants near them, and the freshness of each source."""
    facts = board.facts
    states = Look(unit="string", mappings=facts.value_mappings("open_incident", "state", STATE_COLOURS))
    silent = facts.value_mappings("source", "silent", {"0": "green", "1": "red"})
    board.add(
        table(
            board.frame(5, "open", (16, 9), last=FRESH, empty=board.words("text.none_open")),
            [
                Query(
                    'SELECT last("age") AS "age", "title", "state", "site", "zone" FROM "open_incident" '
                    'WHERE $timeFilter GROUP BY "slot"',
                    format="table",
                )
            ],
            [
                looks.column(board, "open_incident", "state", states, cell="color-background", width=130),
                looks.column(board, "open_incident", "title"),
                looks.word_column(board, "site"),
                looks.word_column(board, "zone"),
                looks.column(board, "open_incident", "age", Look(unit="s", decimals=0), width=120),
            ],
            hidden=("Time", "slot"),
            sort=("slot", "asc"),
        ),
        table(
            board.frame(6, "sources", (8, 9), last="10m", empty=board.words("text.no_signal")),
            [
                Query(
                    'SELECT last("age") AS "age", "silent" FROM "source" WHERE $timeFilter GROUP BY "source"',
                    format="table",
                )
            ],
            [
                looks.word_column(board, "source"),
                looks.column(board, "source", "silent", Look(mappings=silent), cell="color-background"),
                looks.column(board, "source", "age", looks.age(15), cell="color-text"),
                looks.time_column(board, Look(unit="dateTimeFromNow")),
            ],
        ),
        table(
            board.frame(7, "near", (24, 8), last=FRESH, empty=board.words("text.none_open")),
            [
                Query(
                    'SELECT last("distance") AS "distance", "incident", "device", "name", "pressure", "age", '
                    '"readiness" FROM "incident_hydrant" WHERE $timeFilter GROUP BY "slot", "rank"',
                    format="table",
                )
            ],
            [
                looks.column(board, "incident_hydrant", "incident"),
                looks.column(board, "incident_hydrant", "device"),
                looks.column(board, "incident_hydrant", "name"),
                looks.column(board, "incident_hydrant", "distance", Look(unit="lengthm", decimals=0)),
                looks.column(board, "incident_hydrant", "readiness", looks.readiness(board), cell="color-background"),
                looks.column(board, "incident_hydrant", "pressure", looks.pressure(board), cell="color-text"),
                looks.column(board, "incident_hydrant", "age", looks.age(300), cell="color-text"),
            ],
            hidden=("Time", "slot", "rank"),
        ),
    )

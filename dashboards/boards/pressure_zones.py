"""Pressure zones: average, critical point, compliance by day, habits by hour of the week. Reads hourly roll-ups."""

from dashboards.board import Board, incident_annotation, variable
from dashboards.boards import shared_looks as looks
from dashboards.boards.hydrant_pressure import HYDRANTS, TIMEZONE, ZONE
from dashboards.panels import Column, Draw, Look, Query, table, time_series
from dashboards.text import JsonObject, Text

UID = "pressure-zones"
HOUR_GAP = 3 * 3_600_000
MATRIX_CORNER = "weekday\\hour"
"""What Grafana's groupingToMatrix calls the column of row names."""


def build(board: Board) -> JsonObject:
    """Return the dashboard."""
    board.span = "now-7d"
    board.refresh = "5m"
    board.variables.append(
        variable("zone", board.words("variable.zone"), 'SHOW TAG VALUES FROM "zone_hour" WITH KEY = "zone"')
    )
    board.annotations.append(incident_annotation(board.words))
    pressure = looks.pressure(board)
    where = f"$timeFilter AND {ZONE}"
    by_hour = 'GROUP BY time($__interval), "zone" fill(none)'
    board.add(
        time_series(
            board.frame(1, "average", (12, 9), step="1h"),
            [Query(f'SELECT mean("mean") FROM "zone_hour" WHERE {where} {by_hour}', "$tag_zone")],
            pressure,
            draw=Draw(limits=True, gap_ms=HOUR_GAP),
        ),
        time_series(
            board.frame(2, "critical", (12, 9), step="1h"),
            [Query(f'SELECT min("minimum") FROM "zone_hour" WHERE {where} {by_hour}', "$tag_zone")],
            pressure,
            draw=Draw(limits=True, gap_ms=HOUR_GAP),
        ),
        time_series(
            board.frame(3, "compliance", (12, 8), step="1d"),
            [
                Query(
                    f'SELECT 100 * sum("compliant") / sum("samples") FROM "zone_hour" WHERE {where} '
                    f"GROUP BY time(1d), \"zone\" fill(none) tz('{TIMEZONE}')",
                    "$tag_zone",
                )
            ],
            looks.COMPLIANCE,
            draw=Draw(style="bars", limits=True),
        ),
        time_series(
            board.frame(4, "spread", (12, 8), step="1h"),
            [Query(f'SELECT max("maximum") - min("minimum") FROM "zone_hour" WHERE {where} {by_hour}', "$tag_zone")],
            Look(unit="pressurekpa", decimals=0),
            draw=Draw(gap_ms=HOUR_GAP),
        ),
    )
    _points(board)
    board.add(_week(board))
    return board.finish()


def _points(board: Board) -> None:
    """Add the critical point of each zone now, and what the rules said of the zones."""
    board.add(
        table(
            board.frame(5, "points", (12, 8), last="5m"),
            [
                Query(
                    'SELECT min("pressure") AS "pressure", "device", "name", "age" '
                    f'FROM "device_health" WHERE {HYDRANTS} GROUP BY "zone"',
                    format="table",
                )
            ],
            [
                looks.word_column(board, "zone"),
                looks.column(board, "device_health", "pressure", looks.pressure(board), cell="color-text"),
                looks.hydrant_column(board),
                looks.column(board, "device_health", "name"),
                looks.column(board, "device_health", "age", Look(unit="s", decimals=0)),
            ],
            hidden=("Time",),
            sort=("pressure", "asc"),
        ),
        table(
            board.frame(6, "events", (12, 8)),
            [
                Query(
                    'SELECT "title", "zone", "device", "state" FROM "alert" '
                    f'WHERE $timeFilter AND {ZONE} AND "rule" =~ /^(hydrant|zone)\\./ ORDER BY time DESC LIMIT 100',
                    format="table",
                )
            ],
            [
                looks.time_column(board),
                looks.column(board, "alert", "title"),
                looks.word_column(board, "zone"),
                looks.hydrant_column(board),
                looks.word_column(board, "state"),
            ],
        ),
    )


def _week(board: Board) -> JsonObject:
    """Return the heat map by hour of the week: a matrix with coloured cells, because no panel has that axis."""
    days = {
        str(number): {"text": Text(*names), "index": number}
        for number, names in enumerate(
            (
                ("周一", "Mon"),
                ("周二", "Tue"),
                ("周三", "Wed"),
                ("周四", "Thu"),
                ("周五", "Fri"),
                ("周六", "Sat"),
                ("周日", "Sun"),
            ),
            start=1,
        )
    }
    group = {field: {"operation": "groupby", "aggregations": []} for field in ("weekday", "hour")}
    averaged = {"pressure": {"operation": "aggregate", "aggregations": ["mean"]}}
    before: list[JsonObject] = [
        {"id": "groupBy", "options": {"fields": {**group, **averaged}}},
        {
            "id": "groupingToMatrix",
            "options": {
                "columnField": "hour",
                "rowField": "weekday",
                "valueField": "pressure (mean)",
                "emptyValue": "null",
            },
        },
    ]
    hours = [str(hour) for hour in range(24)]
    corner = Column(
        name=MATRIX_CORNER,
        title=board.words("column.weekday"),
        look=Look(unit="string", mappings=[{"type": "value", "options": days}]),
        width=70,
    )
    panel = table(
        board.frame(7, "week", (24, 10), last="28d"),
        [
            Query(
                'SELECT mean("mean") AS "pressure", max("weekday") AS "weekday", max("hour") AS "hour" '
                f'FROM "zone_hour" WHERE $timeFilter AND {ZONE} GROUP BY time(1h) fill(none)',
                format="table",
            )
        ],
        [corner, *(Column(name=hour, title=Text(hour, hour)) for hour in hours)],
        before=before,
        sort=(MATRIX_CORNER, "asc"),
    )
    panel["fieldConfig"]["overrides"] = [
        override for override in panel["fieldConfig"]["overrides"] if override["matcher"]["options"] == MATRIX_CORNER
    ]
    panel["fieldConfig"]["overrides"].insert(
        0,
        {
            "matcher": {"id": "byRegexp", "options": "/^\\d+$/"},
            "properties": [
                {"id": "unit", "value": "none"},
                {"id": "decimals", "value": 0},
                {"id": "color", "value": {"mode": "continuous-RdYlGr"}},
                {"id": "custom.cellOptions", "value": {"type": "color-background"}},
            ],
        },
    )
    return panel

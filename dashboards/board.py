"""One dashboard: its envelope, its variables, and the places of its panels on the grid. Knows no query of any panel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

from dashboards.facts import Facts
from dashboards.panels import SOURCE, Frame
from dashboards.text import JsonObject, Link, Text, Uid, Words

SCHEMA_VERSION = 41
"""Grafana 11 to 13 load it; 12 and 13 migrate it by themselves."""
COLUMNS = 24
TAG = "standpipe"


@dataclass(slots=True)
class Board:
    """A dashboard being made. Panels are placed from left to right and wrap at 24 columns."""

    uid: str
    words: Words
    facts: Facts
    refresh: str = "30s"
    span: str = "now-24h"
    tags: tuple[str, ...] = ()
    nav: bool = True
    variables: list[JsonObject] = field(default_factory=list)
    annotations: list[JsonObject] = field(default_factory=list)
    _panels: list[JsonObject] = field(default_factory=list)
    _x: int = 0
    _y: int = 0
    _row_height: int = 0
    _folded: JsonObject | None = None

    @property
    def section(self) -> str:
        """Return the table of words.toml that speaks of this dashboard."""
        return self.uid.replace("-", "_")

    def say(self, key: str) -> Text:
        """Return one of this dashboard's own phrases."""
        return self.words(f"{self.section}.{key}")

    def frame(self, id_: int, key: str, size: tuple[int, int], **more: object) -> Frame:
        """Return a panel's frame with the title and description that words.toml has for it; size = (width, height)."""
        return self.frame_of(id_, self.say(f"{key}.title"), self.say(f"{key}.description"), size, **more)

    def frame_of(self, id_: int, title: Text, description: Text, size: tuple[int, int], **more: object) -> Frame:
        """Return a panel's frame with words made elsewhere."""
        more.setdefault("empty", self.words("text.no_data"))
        return Frame(id=id_, title=title, description=description, width=size[0], height=size[1], **more)  # type: ignore[arg-type]

    def add(self, *panels: JsonObject) -> None:
        """Place panels after the last one."""
        for panel in panels:
            place = panel["gridPos"]
            if self._x + place["w"] > COLUMNS:
                self._wrap()
            place |= {"x": self._x, "y": self._y}
            self._x += place["w"]
            self._row_height = max(self._row_height, place["h"])
            (self._panels if self._folded is None else self._folded["panels"]).append(panel)

    def stack(self, *panels: JsonObject) -> None:
        """Place panels of one width below each other, beside what is already in this line."""
        if self._x + panels[0]["gridPos"]["w"] > COLUMNS:
            self._wrap()
        y = self._y
        for panel in panels:
            panel["gridPos"] |= {"x": self._x, "y": y}
            y += panel["gridPos"]["h"]
            (self._panels if self._folded is None else self._folded["panels"]).append(panel)
        self._x += panels[0]["gridPos"]["w"]
        self._row_height = max(self._row_height, y - self._y)

    def row(self, id_: int, title: Text, *, folded: bool) -> None:
        """Begin a titled row; the panels of a folded one run no query until somebody opens it."""
        self._close_fold()
        row: JsonObject = {
            "id": id_,
            "type": "row",
            "title": title,
            "collapsed": folded,
            "gridPos": {"x": 0, "y": self._y, "w": COLUMNS, "h": 1},
            "panels": [],
        }
        self._panels.append(row)
        self._y += 1
        self._folded = row if folded else None

    def finish(self) -> JsonObject:
        """Return the dashboard, with Text and Uid leaves still in it."""
        self._close_fold()
        return {
            "uid": Uid(self.uid),
            "title": self.say("title"),
            "description": self.say("description"),
            "tags": [TAG, self.words("text.language_tag"), *self.tags],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": True,
            "graphTooltip": 1,
            "liveNow": False,
            "timezone": "browser",
            "weekStart": "monday",
            "time": {"from": self.span, "to": "now"},
            "timepicker": {"refresh_intervals": ["5s", "15s", "30s", "1m", "5m", "15m"]},
            "refresh": self.refresh,
            "links": self._links() if self.nav else [],
            "templating": {"list": self.variables},
            "annotations": {"list": [_built_in(self.words("text.comments")), *self.annotations]},
            "panels": self._panels,
        }

    def _wrap(self) -> None:
        self._y += self._row_height
        self._x = self._row_height = 0

    def _close_fold(self) -> None:
        self._wrap()
        if self._folded is not None:
            self._y = self._folded["gridPos"]["y"] + 1
        self._folded = None

    def _links(self) -> list[JsonObject]:
        """Return the menu of the other dashboards, which keeps the time range and the variables."""
        return [
            {
                "type": "dashboards",
                "title": self.words("text.dashboards"),
                "tags": [TAG, self.words("text.language_tag")],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "",
                "url": "",
            }
        ]


def id_block(name: str) -> int:
    """Return the first of a hundred panel ids that belong to a name, so that a new neighbour moves nobody's ids."""
    return 1000 + crc32(name.encode()) % 1_000_000 * 100


def variable(
    name: str, label: Text, query: str, *, multi: bool = True, default: str = "", hidden: bool = False
) -> JsonObject:
    """Return a variable filled by InfluxQL. One of many starts at "All", which reads `.*` in regular expressions."""
    every = {"text": ["All"], "value": ["$__all"]} if multi else {"text": default, "value": default}
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "definition": query,
        "refresh": 1,
        "regex": "",
        "sort": 1,
        "multi": multi,
        "includeAll": multi,
        **({"allValue": ".*"} if multi else {}),
        "current": every if multi or default else {},
        "hide": 2 if hidden else 0,
        "options": [],
        "skipUrlSync": False,
    }


def incident_annotation(words: Words, events: Sequence[str] = ("opened", "confirmed")) -> JsonObject:
    """Return the marks of incidents on every chart."""
    chosen = " OR ".join(f"\"event\" = '{event}'" for event in events)
    query = (
        f'SELECT "title", "text", "tags" FROM "incident" WHERE $timeFilter AND ({chosen}) ORDER BY time ASC LIMIT 500'
    )
    name = words("text.incidents")
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "target": {
            "refId": "Anno",
            "fromAnnotations": True,
            "queryType": "tags",
            "rawQuery": True,
            "resultFormat": "table",
            "query": query,
            "titleColumn": "title",
            "textColumn": "text",
            "tagsColumn": "tags",
            "timeEndColumn": "",
            "name": name,
        },
    }


def open_board(uid: str, *, variables: str) -> Link:
    """Return a link to a dashboard of ours that keeps the time range; `variables` as in a URL: var-device=X."""
    doubled = variables.replace("{", "{{").replace("}", "}}")
    return Link(f"/d/{{to}}?{doubled}&${{{{__url_time_range}}}}", {"to": uid})


def _built_in(name: Text) -> JsonObject:
    return {
        "builtIn": 1,
        "name": name,
        "type": "dashboard",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
    }

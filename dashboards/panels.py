"""Panels of Grafana's classic JSON, one function per visualisation. Knows no device and no words of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dashboards.facts import Step
from dashboards.text import JsonObject, Link, Text

SOURCE = {"type": "influxdb", "uid": "standpipe-influxdb"}
"""The provisioned data source (provisioning/grafana/datasources)."""


@dataclass(frozen=True, slots=True)
class Query:
    """One InfluxQL statement. `alias` names the series of a time series; tables keep their column names."""

    text: str
    alias: str | Text = ""
    format: Literal["time_series", "table"] = "time_series"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How values are shown: Grafana's unit id, colour steps, named values, range."""

    unit: str = "none"
    steps: Sequence[Step] = ()
    mappings: Sequence[JsonObject] = ()
    decimals: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How a time series is drawn."""

    style: Literal["line", "bars"] = "line"
    limits: bool = False
    """Draw the look's steps as lines and bands."""
    stacked: bool = False
    gap_ms: int = 0
    """A silence longer than this is shown as a gap."""
    legend: Literal["list", "table", "hidden"] = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table or field of a map: its name in the answer, its heading, its look."""

    name: str
    title: Text
    look: Look = field(default_factory=Look)
    cell: Literal["", "color-background", "color-text", "gauge"] = ""
    width: int = 0
    link: Link | None = None
    link_title: Text | str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every panel has: identity, words, size in grid units, and its own time range where it has one."""

    id: int
    title: Text
    description: Text
    width: int
    height: int
    last: str = ""
    """Time range of this panel whatever the dashboard's: 15m, 14d."""
    step: str = ""
    """Smallest $__interval: the reporting period of what is shown."""
    empty: Text | None = None
    """Shown in place of "No data"."""
    links: Sequence[JsonObject] = ()


def steps_json(steps: Sequence[Step]) -> JsonObject:
    """Return Grafana's thresholds; without steps everything has the neutral colour."""
    return {
        "mode": "absolute",
        "steps": [{"color": colour, "value": value} for colour, value in (steps or [("blue", None)])],
    }


def look_json(look: Look) -> JsonObject:
    """Return the fieldConfig keys of a look."""
    out: JsonObject = {"unit": look.unit, "thresholds": steps_json(look.steps), "mappings": list(look.mappings)}
    for key, value in (("decimals", look.decimals), ("min", look.low), ("max", look.high)):
        if value is not None:
            out[key] = value
    return out


def targets(queries: Sequence[Query]) -> list[JsonObject]:
    """Return Grafana targets with refIds from A on."""
    return [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "rawQuery": True,
            "query": query.text,
            "resultFormat": query.format,
            **({"alias": query.alias} if query.alias else {}),
        }
        for index, query in enumerate(queries)
    ]


def _panel(
    frame: Frame,
    kind: str,
    queries: Sequence[Query],
    *,
    defaults: JsonObject,
    options: JsonObject,
    overrides: Sequence[JsonObject] = (),
    transformations: Sequence[JsonObject] = (),
) -> JsonObject:
    """Return the envelope that all visualisations share; the grid position is given by the board."""
    if frame.empty is not None:
        defaults = {**defaults, "noValue": frame.empty}
    panel: JsonObject = {
        "id": frame.id,
        "type": kind,
        "title": frame.title,
        "description": frame.description,
        "datasource": SOURCE,
        "gridPos": {"x": 0, "y": 0, "w": frame.width, "h": frame.height},
        "targets": targets(queries),
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options,
    }
    if transformations:
        panel["transformations"] = list(transformations)
    if frame.last:
        panel |= {"timeFrom": frame.last, "hideTimeOverride": False}
    if frame.step:
        panel["interval"] = frame.step
    if frame.links:
        panel["links"] = list(frame.links)
    return panel


def _reduce(fields: str = "", calc: str = "lastNotNull") -> JsonObject:
    return {"values": False, "calcs": [calc], "fields": fields}


def stat(
    frame: Frame,
    queries: Sequence[Query],
    look: Look,
    *,
    fill: Literal["value", "background", "none"] = "value",
    sparkline: Literal["none", "area"] = "none",
    field: str = "",
    overrides: Sequence[JsonObject] = (),
) -> JsonObject:
    """Return big numbers, one per series. `field` is a pattern of field names where not every number is meant."""
    return _panel(
        frame,
        "stat",
        queries,
        defaults={**look_json(look), "color": {"mode": "thresholds"}},
        options={
            "reduceOptions": _reduce(field),
            "colorMode": fill,
            "graphMode": sparkline,
            "textMode": "auto",
            "justifyMode": "center",
            "orientation": "auto",
            "wideLayout": True,
        },
        overrides=overrides,
    )


def bar_gauge(frame: Frame, queries: Sequence[Query], look: Look) -> JsonObject:
    """Return one bar per series; needs the look's low and high."""
    return _panel(
        frame,
        "bargauge",
        queries,
        defaults={**look_json(look), "color": {"mode": "thresholds"}},
        options={
            "reduceOptions": _reduce(),
            "displayMode": "gradient",
            "orientation": "horizontal",
            "showUnfilled": True,
            "valueMode": "color",
            "namePlacement": "auto",
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
        },
    )


def time_series(
    frame: Frame,
    queries: Sequence[Query],
    look: Look,
    *,
    draw: Draw | None = None,
    overrides: Sequence[JsonObject] = (),
) -> JsonObject:
    """Return lines or bars over time."""
    draw = draw or Draw()
    bars = draw.style == "bars"
    custom: JsonObject = {
        "drawStyle": draw.style,
        "lineWidth": 1,
        "lineInterpolation": "linear",
        "fillOpacity": 70 if bars else 8,
        "showPoints": "never" if bars else "auto",
        "pointSize": 4,
        "spanNulls": draw.gap_ms or False,
        "thresholdsStyle": {"mode": "line+area" if draw.limits else "off"},
        "stacking": {"mode": "normal" if draw.stacked else "none", "group": "A"},
    }
    return _panel(
        frame,
        "timeseries",
        queries,
        defaults={**look_json(look), "color": {"mode": "palette-classic"}, "custom": custom},
        options={
            "legend": {
                "displayMode": draw.legend,
                "placement": "bottom",
                "showLegend": draw.legend != "hidden",
                "calcs": ["lastNotNull", "min", "max"] if draw.legend == "table" else [],
            },
            "tooltip": {"mode": "multi", "sort": "asc"},
        },
        overrides=overrides,
    )


def state_timeline(frame: Frame, queries: Sequence[Query], mappings: Sequence[JsonObject]) -> JsonObject:
    """Return one band per series, coloured by named values; without mappings every state would look the same."""
    return _panel(
        frame,
        "state-timeline",
        queries,
        defaults={
            "mappings": list(mappings),
            "color": {"mode": "thresholds"},
            "thresholds": steps_json([("#8e8e8e", None)]),
            "custom": {"lineWidth": 0, "fillOpacity": 80},
        },
        options={
            "mergeValues": True,
            "showValue": "never",
            "rowHeight": 0.9,
            "alignValue": "left",
            "perPage": 20,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "single", "sort": "none"},
        },
    )


def table(
    frame: Frame,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    hidden: Sequence[str] = (),
    before: Sequence[JsonObject] = (),
    sort: tuple[str, Literal["asc", "desc"]] | None = None,
) -> JsonObject:
    """Return rows with the columns in this order; Grafana itself delivers tag columns in a random one."""
    organise = {
        "id": "organize",
        "options": {
            "indexByName": {column.name: index for index, column in enumerate(columns)},
            "excludeByName": dict.fromkeys(hidden, True),
            "renameByName": {},
        },
    }
    options: JsonObject = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
    }
    transformations: list[JsonObject] = [*before, organise]
    if sort is not None:
        sorting = {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": sort[0], "desc": sort[1] == "desc"}]}}
        transformations.insert(len(before), sorting)
    return _panel(
        frame,
        "table",
        queries,
        defaults={
            "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
            "thresholds": steps_json(()),
            "mappings": [],
            "color": {"mode": "thresholds"},
        },
        options=options,
        overrides=[column_override(column) for column in columns],
        transformations=transformations,
    )


def column_override(column: Column) -> JsonObject:
    """Return the override that gives one field its heading, unit, colours and link."""
    properties = [{"id": key, "value": value} for key, value in look_json(column.look).items()]
    properties.insert(0, {"id": "displayName", "value": column.title})
    if column.cell:
        properties.append({"id": "custom.cellOptions", "value": {"type": column.cell}})
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    if column.link is not None:
        properties.append({"id": "links", "value": [{"title": column.link_title, "url": column.link}]})
    return {"matcher": {"id": "byName", "options": column.name}, "properties": properties}


def geo_map(
    frame: Frame, queries: Sequence[Query], columns: Sequence[Column], *, colour: str, words: Text
) -> JsonObject:
    """Return a map of markers from a table with `latitude` and `longitude`, coloured by the column `colour`."""
    style = {
        "size": {"fixed": 8, "min": 2, "max": 15},
        "color": {"field": colour, "fixed": "dark-green"},
        "opacity": 0.9,
        "rotation": {"fixed": 0, "min": -360, "max": 360, "mode": "mod"},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        "symbolAlign": {"horizontal": "center", "vertical": "center"},
        "textConfig": {"fontSize": 12, "offsetX": 0, "offsetY": 0, "textAlign": "center", "textBaseline": "middle"},
    }
    layer = {
        "type": "markers",
        "name": words,
        "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
        "tooltip": True,
        "config": {"showLegend": True, "style": style},
    }
    return _panel(
        frame,
        "geomap",
        queries,
        defaults={"thresholds": steps_json(()), "mappings": [], "color": {"mode": "thresholds"}, "custom": {}},
        options={
            "view": {"id": "fit", "allLayers": True, "lat": 0, "lon": 0, "zoom": 16, "padding": 20},
            "basemap": {"type": "default", "name": "Layer 0", "config": {}},
            "layers": [layer],
            "controls": {
                "showZoom": True,
                "mouseWheelZoom": True,
                "showAttribution": True,
                "showScale": True,
                "showMeasure": False,
                "showDebug": False,
            },
            "tooltip": {"mode": "details"},
        },
        overrides=[column_override(column) for column in columns],
    )


def named(name: str | Text, properties: Mapping[str, object]) -> JsonObject:
    """Return an override of one series or field by its name."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }

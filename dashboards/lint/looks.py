"""What each visualisation needs to be readable: units, ranges, mappings, columns. Looks at no measurement."""

from collections.abc import Callable, Iterator

from dashboards.lint.problem import Problem, Subject, name_of, panels
from dashboards.text import JsonObject
from dashboards.units import is_known

BASEMAPS = {"default", "carto", "osm-standard", "esri-xyz", "xyz", "maplibre"}
"""Grafana has no blank base map: any other type rejects the whole panel, markers too."""
KINDS = {
    "stat",
    "gauge",
    "bargauge",
    "timeseries",
    "table",
    "state-timeline",
    "status-history",
    "geomap",
    "text",
    "row",
    "alertlist",
}


def check(subject: Subject) -> Iterator[Problem]:
    """Yield what would be shown wrong or not at all."""
    for panel in panels(subject.board):
        where = name_of(panel)
        kind = panel.get("type", "")
        if kind not in KINDS:
            yield subject.problem(where, f"panel type {kind!r} is not one that these rules know")
        for unit in _units(panel):
            if not is_known(unit):
                yield subject.problem(where, f"unit {unit!r} is not one of Grafana's; it would be printed as a suffix")
        for reason in _RULES.get(kind, _nothing)(panel):
            yield subject.problem(where, reason)


def _nothing(_panel: JsonObject) -> Iterator[str]:
    return iter(())


def _units(panel: JsonObject) -> Iterator[str]:
    config = panel.get("fieldConfig", {})
    yield config.get("defaults", {}).get("unit", "")
    for override in config.get("overrides", []):
        yield from (p.get("value", "") for p in override.get("properties", []) if p.get("id") == "unit")


def _defaults(panel: JsonObject) -> JsonObject:
    defaults: JsonObject = panel.get("fieldConfig", {}).get("defaults", {})
    return defaults


def _number(panel: JsonObject) -> Iterator[str]:
    if not _defaults(panel).get("unit"):
        yield "has no unit"
    if not panel.get("options", {}).get("reduceOptions"):
        yield "needs reduceOptions"


def _gauge(panel: JsonObject) -> Iterator[str]:
    yield from _number(panel)
    if {"min", "max"} - _defaults(panel).keys():
        yield "needs min and max, or its bars have no length"


def _time_series(panel: JsonObject) -> Iterator[str]:
    if not _defaults(panel).get("unit"):
        yield "has no unit"
    if any(target.get("resultFormat") != "time_series" for target in panel.get("targets", [])):
        yield "its queries must have the format time_series"


def _table(panel: JsonObject) -> Iterator[str]:
    if not any(step.get("id") == "organize" for step in panel.get("transformations", [])):
        yield "needs the organize transformation: tag columns arrive in a random order"
    if any(target.get("resultFormat") != "table" for target in panel.get("targets", [])):
        yield "its queries must have the format table"


def _timeline(panel: JsonObject) -> Iterator[str]:
    if not _defaults(panel).get("mappings"):
        yield "needs value mappings, or every state has one colour"


def _map(panel: JsonObject) -> Iterator[str]:
    options = panel.get("options", {})
    if options.get("basemap", {}).get("type") not in BASEMAPS:
        found = options.get("basemap", {}).get("type")
        yield f"base map {found!r} would reject the whole map; known: {', '.join(sorted(BASEMAPS))}"
    view = options.get("view", {})
    if view.get("id") == "fit" and "zoom" not in view:
        yield "view fit needs zoom (the nearest it goes), or it shows the world"
    if "minZoom" in view:
        yield "view.minZoom sets the maximum; leave it out"
    for target in panel.get("targets", []):
        if target.get("resultFormat") != "table":
            yield "its queries must have the format table: a time series shows no marker and no error"
        for name in ("latitude", "longitude"):
            if f'"{name}"' not in target.get("query", ""):
                yield f"its query has no {name} column"


_RULES: dict[str, Callable[[JsonObject], Iterator[str]]] = {
    "stat": _number,
    "gauge": _gauge,
    "bargauge": _gauge,
    "timeseries": _time_series,
    "table": _table,
    "state-timeline": _timeline,
    "status-history": _timeline,
    "geomap": _map,
}

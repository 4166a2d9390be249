"""Looks and columns that several dashboards show in the same way. Asks nothing."""

from dashboards.board import Board, open_board
from dashboards.panels import Column, Look
from dashboards.text import JsonObject, Text

READINESS_COLOURS = {"0": "#8e8e8e", "1": "red", "2": "orange", "3": "green"}
READINESS_STEPS = (("#8e8e8e", None), ("red", 1.0), ("orange", 2.0), ("green", 3.0))
COMPLIANCE_TARGET = 97.0
"""Percent of samples; network pressure compliance rate of public supply."""
COMPLIANCE = Look(
    unit="percent", decimals=1, low=0, high=100, steps=(("red", None), ("orange", 90.0), ("green", COMPLIANCE_TARGET))
)
FIRE_FLOW = (("red", None), ("green", 15.0))
"""L/s that a hydrant in use must give (GB 55036-2022 3.0.3)."""
LATE = 2.5
"""A value older than this many reporting intervals is late."""


def pressure(board: Board) -> Look:
    """Return how hydrant pressure is shown, limits from the rules."""
    return metric(board, "hydrant", "pressure", decimals=0)


def metric(board: Board, kind: str, field: str, *, decimals: int | None = None) -> Look:
    """Return how a declared field is shown: unit and range from the manifest, colours from the rules."""
    found = board.facts.metrics(kind)[field]
    share = found.unit == "%"
    return Look(
        unit=board.facts.unit(kind, field),
        steps=board.facts.thresholds(kind, field),
        mappings=board.facts.value_mappings(kind, field, {}),
        decimals=decimals,
        low=0 if share else None,
        high=100 if share else None,
    )


def readiness(board: Board) -> Look:
    """Return how readiness is shown."""
    mappings = board.facts.value_mappings("device_health", "readiness", READINESS_COLOURS)
    return Look(unit="none", mappings=mappings, steps=READINESS_STEPS)


def age(interval_s: float) -> Look:
    """Return how the age of a value is shown: orange when it is late, red at a day or ten intervals."""
    late = LATE * interval_s
    return Look(
        unit="s", decimals=0, steps=(("green", None), ("orange", late), ("red", max(10 * interval_s, 2 * late)))
    )


def column(board: Board, kind: str, field: str, look: Look | None = None, **more: object) -> Column:
    """Return a column headed by the field's own label."""
    shown = look or metric(board, kind, field)
    return Column(name=field, title=board.facts.label(kind, field), look=shown, **more)  # type: ignore[arg-type]


def word_column(board: Board, name: str, look: Look | None = None, **more: object) -> Column:
    """Return a column headed by a phrase of words.toml."""
    return Column(name=name, title=board.words(f"column.{name}"), look=look or Look(unit="string"), **more)  # type: ignore[arg-type]


def hydrant_column(board: Board, name: str = "device") -> Column:
    """Return the column of device ids that leads to the hydrant's own dashboard."""
    title: Text = board.words("text.open_device")
    link = open_board("one-hydrant", variables=f"var-device=${{__data.fields.{name}}}")
    return word_column(board, name, link=link, link_title=title)


def time_column(board: Board, look: Look | None = None) -> Column:
    """Return the column of points in time."""
    shown = look or Look(unit="dateTimeAsIso")
    return Column(name="Time", title=board.words("column.at"), look=shown, width=170)


def yes_no(board: Board) -> list[JsonObject]:
    """Return how a boolean is shown: grey while it is off."""
    return switch(board.words("text.yes"), board.words("text.no"), "orange")


def switch(on: Text, off: Text, colour: str) -> list[JsonObject]:
    """Return named values of a boolean."""
    options = {
        "true": {"text": on, "color": colour, "index": 0},
        "false": {"text": off, "color": "#8e8e8e", "index": 1},
    }
    return [{"type": "value", "options": options}]

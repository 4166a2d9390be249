"""Queries are filled in as Grafana does it."""

import pytest

from dashboards.interpolate import TimeRange, fill, panel_range
from dashboards.lint.problem import variables_in

DAY = TimeRange(1_000_000, 1_000_000 + 86_400_000)


@pytest.mark.parametrize(
    ("text", "chosen", "filled"),
    [
        ("/^$zone$/", {"zone": [".*"]}, "/^.*$/"),
        ("/^$zone$/", {"zone": ["a.b"]}, r"/^a\.b$/"),
        ("/^$zone$/", {"zone": ["a", "b/c"]}, r"/^(a|b\/c)$/"),
        ("'$device'", {"device": "HY-1"}, "'HY-1'"),
        ("${zone} [[zone]] ${zone:regex}", {"zone": ["a"]}, "a a a"),
        ("$zone $zones", {"zone": ["a"], "zones": ["b"]}, "a b"),
        ("$timeFilter", {}, "time >= 1000000ms and time <= 87400000ms"),
        ("time($__interval) $__interval_ms", {}, "time(2m) 120000"),
    ],
)
def test_fill(text: str, chosen: dict[str, list[str] | str], filled: str) -> None:
    assert fill(text, variables=chosen, span=DAY) == filled


def test_what_nothing_fills_in_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\$area"):
        fill("WHERE $area", variables={}, span=DAY)


@pytest.mark.parametrize(
    ("board", "panel", "length"), [("now-24h", "", 86_400_000), ("now-24h", "5m", 300_000), ("now-7d", "", 604_800_000)]
)
def test_a_panels_own_range_wins(board: str, panel: str, length: int) -> None:
    span = panel_range(board, panel, 10**12)
    assert span.end - span.start == length


def test_the_interval_is_never_shorter_than_the_panels() -> None:
    assert TimeRange(0, 3_600_000).interval("5m") == 300_000


def test_grafanas_own_names_are_no_variables() -> None:
    text = "$timeFilter $__interval $zone ${device} ${__data.fields.device} ${__url_time_range} $tag_zone $col [[site]]"
    assert variables_in(text) == {"zone", "device", "site"}

"""Ages, latencies and figures, as people read them."""

from zoneinfo import ZoneInfo

import pytest

from console import present
from console.words import Words

EN, ZH = Words("en"), Words("zh-CN")


@pytest.mark.parametrize(
    ("ms", "en", "zh"),
    [
        (-5_000, "0 s", "0 秒"),
        (0, "0 s", "0 秒"),
        (59_999, "59 s", "59 秒"),
        (60_000, "1 min", "1 分"),
        (3_599_999, "59 min", "59 分"),
        (3_600_000, "1 h 00", "1 时 00 分"),
        (47 * 3_600_000 + 59 * 60_000, "47 h 59", "47 时 59 分"),
        (48 * 3_600_000, "2 d", "2 天"),
    ],
)
def test_an_age_is_said_in_one_or_two_units(ms: int, en: str, zh: str) -> None:
    assert present.age(ms, EN) == en
    assert present.age(ms, ZH) == zh


@pytest.mark.parametrize(("ms", "text"), [(0, "0:00"), (62_000, "1:02"), (3_661_000, "1:01:01"), (-1, "0:00")])
def test_a_stopwatch_counts_seconds(ms: int, text: str) -> None:
    assert present.stopwatch(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(None, "—"), (0, "0 ms"), (999, "999 ms"), (1_240, "1.2 s"), (200_000, "3:20")]
)
def test_a_latency_says_when_there_is_none(ms: int | None, text: str) -> None:
    assert present.latency(ms, EN) == text


def test_times_are_shown_in_the_consoles_time_zone() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert present.moment(1_795_333_200_007, zone) == "2026-11-22 15:40:00"
    assert present.time_of_day(1_795_333_200_007, zone) == "15:40:00.007"
    assert present.moment(None, zone) == present.time_of_day(None, zone) == "—"


@pytest.mark.parametrize(
    ("name", "id_", "called"),
    [
        ("N-014", "HY-014", "N-014"),
        ("", "HY-014", "HY-014"),
        ("织工巷2号", "HY-029", "织工巷2号"),
        ("织工巷2号 Weavers Lane 2", "HY-029", "HY-029"),
        ("Corner of High Street", "municipal-hydrant-000123", "Corner of High Street"),
    ],
)
def test_a_small_tile_calls_a_device_by_what_fits(name: str, id_: str, called: str) -> None:
    assert present.short(name, id_) == called


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0.0, "0"), (-0.01, "0"), (7.25, "7.2"), (9.0, "9"), (128.4, "128"), (-12.6, "-13")],
)
def test_a_figure_has_no_false_precision(value: float | None, text: str) -> None:
    assert present.number(value) == text

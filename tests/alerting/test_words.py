"""Messages, grades, masks: what people read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.messages import SEGMENT, Facts, Places, compose
from alerting.readiness import grade
from alerting.show import mask
from standpipe.model.registry import Device, Registry, Site, Zone

REGISTRY = Registry(
    sites={"w": Site(name={"zh": "西仓库", "en": "West warehouse"})},
    zones={"z": Zone(site="w", name={"zh": "二区", "en": "zone 2"})},
    devices={"s": Device(type="smoke_json", address="device:s", site="w", name="烟感42")},
)
FACTS = Facts(signal="fire", state="suspected", site="w", zone="z", device="s", at=1_700_000_000_000)


@pytest.mark.parametrize(
    ("changes", "locale", "text"),
    [
        ({}, "zh-CN", "【火警】西仓库 二区 烟感42 06:13:20 回1真火2误报3故障"),
        ({"state": "confirmed"}, "zh-CN", "【火警已确认】西仓库 二区 烟感42 06:13:20 回1真火2误报3故障"),
        ({"state": "false_alarm"}, "zh-CN", "【火警误报，解除】西仓库 二区 烟感42 06:13:20"),
        ({"purpose": "reminder"}, "zh-CN", "【火警无人处理】西仓库 二区 烟感42 06:13:20 回1真火2误报3故障"),
        ({"signal": "gas"}, "zh-CN", "【燃气报警】西仓库 二区 烟感42 06:13:20 回1真火2误报3故障"),
        ({}, "en", "FIRE: West warehouse, zone 2, 烟感42 06:13:20. Reply 1 real 2 false 3 fault"),
        (
            {"state": "confirmed", "purpose": "forward"},
            "en",
            "FIRE CONFIRMED: West warehouse, zone 2, 烟感42 06:13:20",
        ),
    ],
)
def test_a_message_says_what_where_when_and_what_to_answer(changes: dict[str, str], locale: str, text: str) -> None:
    assert compose(msgspec.structs.replace(FACTS, **changes), locale, Places(REGISTRY)) == text


@given(st.text("中文字符很长名", max_size=90), st.text("区楼层", max_size=90), st.text("烟感A1", max_size=90))
def test_a_chinese_message_is_one_segment_and_keeps_the_answers(site: str, zone: str, device: str) -> None:
    registry = Registry(
        sites={"w": Site(name={"zh": site})},
        zones={"z": Zone(site="w", name={"zh": zone})},
        devices={"s": Device(type="t", address="device:s", site="w", name=device)},
    )
    text = compose(FACTS, "zh-CN", Places(registry))
    assert len(text) <= SEGMENT
    assert text.endswith("06:13:20 回1真火2误报3故障")


@pytest.mark.parametrize(
    ("pressure", "age", "changes", "readiness"),
    [
        (140.0, 0, {}, "usable"),
        (139.9, 0, {}, "degraded"),
        (100.0, 0, {}, "degraded"),
        (99.9, 0, {}, "unusable"),
        (None, None, {}, "unknown"),
        (200.0, 750_000, {}, "usable"),
        (200.0, 750_001, {}, "unknown"),
        (200.0, 0, {"suspect": True}, "degraded"),
        (90.0, 0, {"suspect": True}, "unusable"),
        (200.0, 0, {"mounting": "barrel"}, "unknown"),
    ],
)
def test_a_hydrant_is_graded_by_pressure_and_age(
    pressure: float | None, age: int | None, changes: dict[str, object], readiness: str
) -> None:
    now = 1_000_000_000
    facts = {"suspect": False, "mounting": "main"} | changes
    found, reason = grade(
        pressure=pressure, observed_at=None if age is None else now - age, interval=300_000, now=now, **facts  # type: ignore[arg-type]
    )  # fmt: skip
    assert found == readiness
    assert set(reason) == {"zh", "en"}


@pytest.mark.parametrize(("number", "shown"), [("+8613800000001", "+86138****0001"), ("119", "****"), ("", "")])
def test_a_telephone_number_is_masked(number: str, shown: str) -> None:
    assert mask(number) == shown

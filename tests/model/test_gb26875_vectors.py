"""Frames and application data units of GB/T 26875.3-2011 from real devices and public code: one test for each."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from standpipe.model.gb26875 import adu, encode, frame, tables
from standpipe.model.gb26875.layouts import InfoObject
from standpipe.model.gb26875.objects import (
    ComponentAnalog,
    ComponentState,
    SystemOperation,
    SystemState,
    TransmitterOperation,
    TransmitterState,
)

VECTORS = json.loads((Path(__file__).parent / "gb26875_vectors.json").read_text(encoding="utf-8"))
FRAMES = VECTORS["frames"]
WORDS = {
    SystemState: ("status", tables.SYSTEM_BITS),
    ComponentState: ("status", tables.COMPONENT_BITS),
    TransmitterState: ("status", tables.TRANSMITTER_BITS),
    SystemOperation: ("operation", tables.SYSTEM_OPERATIONS),
    TransmitterOperation: ("operation", tables.TRANSMITTER_OPERATIONS),
}
BYTES = {"description", "content"}


def named(*conditions: str, vectors: list[dict[str, Any]] = FRAMES) -> list[Any]:
    return [pytest.param(one, id=one["id"]) for one in vectors if all(condition in one for condition in conditions)]


def local(label: bytes) -> str | None:
    ms = frame.read_time_label(label, 0) if label else None
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def meaning(item: InfoObject) -> dict[str, Any]:
    """Everything that an object says, times as local text and status words with the names of their bits."""
    said: dict[str, Any] = {key: value for key, value in msgspec.structs.asdict(item).items() if key not in BYTES}
    said |= {key: local(said[key]) for key in ("time", "start") if key in said}
    said |= {"text": item.text} if hasattr(item, "text") else {}
    word = WORDS.get(type(item))
    said |= {"bits": tables.bits_on(said[word[0]], word[1])} if word else {}
    analog = tables.ANALOGS.get(item.analog_type) if isinstance(item, ComponentAnalog) else None
    said |= {"value": analog.value(said["raw"]), "unit": analog.unit} if analog else {}
    return said


def parts(unit: adu.Adu) -> dict[str, Any]:
    return {
        "type_flag": unit.type_flag,
        "count": unit.count,
        "objects": [meaning(item) for item in unit.objects],
        "body": unit.body.hex(),
    }


@pytest.mark.parametrize("vector", named("frame"))
def test_a_frame_comes_apart_into_its_header(vector: dict[str, Any]) -> None:
    got = frame.decode(bytes.fromhex(vector["hex"]))
    assert {
        "serial": got.serial,
        "major": got.major,
        "minor": got.minor,
        "time": local(got.time),
        "source": got.source.hex(),
        "destination": got.destination.hex(),
        "command": got.command,
        "length": len(got.adu),
    } == vector["frame"]


@pytest.mark.parametrize("vector", named("frame"))
def test_a_frame_is_built_again_byte_for_byte(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    assert frame.encode(frame.decode(raw)) == raw


@pytest.mark.parametrize("vector", [one for one in named("adu") if one.values[0]["adu"]])
def test_the_adu_of_a_frame_says_what_it_means(vector: dict[str, Any]) -> None:
    assert parts(adu.decode(frame.decode(bytes.fromhex(vector["hex"])).adu)) == vector["adu"]


@pytest.mark.parametrize("vector", [one for one in named("adu") if one.values[0]["adu"] is None])
def test_a_frame_may_have_no_adu(vector: dict[str, Any]) -> None:
    assert frame.decode(bytes.fromhex(vector["hex"])).adu == b""


@pytest.mark.parametrize("vector", [one for one in named("adu") if one.values[0]["adu"] and one.values[0]["rebuilds"]])
def test_the_adu_of_a_standard_frame_is_built_again_byte_for_byte(vector: dict[str, Any]) -> None:
    raw = frame.decode(bytes.fromhex(vector["hex"])).adu
    unit = adu.decode(raw)
    assert (encode.adu(unit.type_flag, unit.objects), unit.deviation) == (raw, "")


@pytest.mark.parametrize("vector", named("adu", vectors=VECTORS["adus"]))
def test_an_adu_says_what_it_means(vector: dict[str, Any]) -> None:
    assert parts(adu.decode(bytes.fromhex(vector["hex"]))) == vector["adu"]


@pytest.mark.parametrize("vector", named("adu", vectors=VECTORS["adus"]))
def test_an_adu_is_built_again_byte_for_byte(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    unit = adu.decode(raw)
    assert encode.adu(unit.type_flag, unit.objects) == raw


def test_the_vectors_are_all_here() -> None:
    assert (len(FRAMES), len(VECTORS["adus"])) == (56, 22)

"""`standpipe decode gb26875 --hex` on every public frame: who speaks, when, which signals, or why it is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.catalogue import Catalogue
from plugins.trying import decode_hex
from standpipe.model.errors import DecodeError
from standpipe.model.gb26875 import encode, frame
from standpipe.model.gb26875.layouts import LAYOUTS, InfoObject
from standpipe.model.gb26875.objects import ComponentState, SystemState, TransmitterState
from standpipe.model.gb26875.tables import COMPONENT_BITS, COMPONENTS, SYSTEM_BITS, SYSTEMS, TRANSMITTER_BITS

POWER = ("main_power_fault", "backup_power_fault", "power_fault", "bus_fault", "channel_fault", "line_fault")
STATES = ("fire", "fault", "shielded", "supervisory", "started", "feedback", "delay")
BIT_MEANS: dict[str, tuple[list[str], str]] = {
    "normal": ([], ""),
    **{name: ([name], "") for name in STATES},
    **{name: (["fault"], name) for name in POWER},
}
"""Name of a bit -> the signals it puts on, and the field; any other bit is a field of its name."""

DATA = Path(__file__).parents[1] / "model" / "gb26875_vectors.json"
FRAMES = json.loads(DATA.read_text(encoding="utf-8"))["frames"]
SEEN = ("device", "kind", "observed_at", "signals")


@pytest.mark.parametrize("vector", [pytest.param(one, id=one["id"]) for one in FRAMES if "readings" in one])
def test_a_frame_becomes_these_readings(vector: dict[str, Any], catalogue: Catalogue) -> None:
    found = decode_hex("gb26875", vector["hex"], catalogue)
    assert [{key: one[key] for key in SEEN} for one in found] == vector["readings"]


@pytest.mark.parametrize("vector", [pytest.param(one, id=one["id"]) for one in FRAMES if "error" in one])
def test_a_frame_that_is_not_right_is_refused_with_the_reason(vector: dict[str, Any], catalogue: Catalogue) -> None:
    with pytest.raises(DecodeError, match=vector["error"]):
        decode_hex("gb26875", vector["hex"], catalogue)


@pytest.mark.parametrize(
    ("type_id", "text", "reason"),
    [
        pytest.param("gb26875_transmiter", "40", "did you mean 'gb26875_transmitter'", id="a slip of the keys"),
        pytest.param("gb26875", "40 4x", "'x' is no hex digit", id="no hex"),
        pytest.param("gb26875", "", "0 bytes; the shortest frame has 30", id="nothing"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_the_reason(
    type_id: str, text: str, reason: str, catalogue: Catalogue
) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode_hex(type_id, text, catalogue)


def test_a_vendor_profile_explains_the_codes_that_the_standard_leaves_open(catalogue: Catalogue) -> None:
    frame = (
        "4040020002FF1F32091006144B00000006FF0000000000002200020302"
        "8700284B00000080A3FF1F3209100614"
        "8700284B00000088870D1F3209100614"
        "3A2323"
    )
    found = decode_hex("gb26875", frame, catalogue, profile="nb")
    assert [(one["fields"].get("rsrp"), one["fields"].get("voltage")) for one in found] == [(-93, None), (None, 3.463)]


def test_a_status_word_of_zero_means_test_only_where_the_profile_says_so(catalogue: Catalogue) -> None:
    frame = "404001000102152A100C07160000000000006400000000000900021501000A2A100C07166E2323"
    plain, kept = (decode_hex("gb26875", frame, catalogue, profile=profile) for profile in ("", "bit0"))
    assert (plain[0]["signals"], kept[0]["signals"]) == ([], ["test"])


def test_every_system_and_component_type_has_its_trade_names_in_the_manifest(catalogue: Catalogue) -> None:
    metrics = catalogue.types["gb26875_transmitter"].type.metrics
    named = {str(code): {"zh": zh, "en": en} for code, (zh, en) in SYSTEMS.items()}
    assert metrics["system_type"].values == named
    named = {str(code): {"zh": zh, "en": en} for code, (zh, en) in COMPONENTS.items()}
    assert metrics["component_type"].values == named


@given(
    command=st.integers(0, 255),
    flag=st.sampled_from([*sorted(LAYOUTS), 0, 60, 204]),
    count=st.integers(0, 5),
    body=st.binary(max_size=240),
    profile=st.sampled_from(["", "bit0", "nb", "bit0+nb"]),
)
def test_any_frame_with_a_right_checksum_is_read_and_checked_or_refused(
    command: int, flag: int, count: int, body: bytes, profile: str, catalogue: Catalogue
) -> None:
    size = LAYOUTS[flag].shape.size if flag in LAYOUTS else 0
    whole = bytes([flag, count]) + body.ljust(count * size, b"\x01")[: count * size or None]
    raw = frame.encode(frame.Frame(serial=1, command=command, source=b"\1" * 6, destination=bytes(6), adu=whole))
    try:
        decode_hex("gb26875", raw.hex(), catalogue, profile=profile, received_at=1_768_435_200_000)
    except DecodeError as err:
        assert "mistake in the codec" not in str(err)
        assert "is not declared" not in str(err)


def test_22_components_in_one_frame_are_read_in_order(catalogue: Catalogue) -> None:
    at = bytes([2, 58, 9, 26, 9, 12])
    states = [ComponentState(1, 1, 40, number, 1, bytes(31), at) for number in range(22)]
    raw = frame.encode(
        frame.Frame(serial=1, command=2, source=bytes(6), destination=bytes(6), adu=encode.adu(2, states))
    )
    found = decode_hex("gb26875", raw.hex(), catalogue)
    assert [one["device"] for one in found] == [f"gb26875:000000000000/1.1.40.{number}" for number in range(22)]


@pytest.mark.parametrize(
    ("flag", "item", "bit", "signals", "field"),
    [
        pytest.param(flag, item, bit, signals, field, id=f"type {flag} bit {bit} {name}")
        for flag, item, bits in (
            (1, SystemState, SYSTEM_BITS),
            (2, ComponentState, COMPONENT_BITS),
            (21, TransmitterState, TRANSMITTER_BITS),
        )
        for bit, name in enumerate(bits)
        for signals, field in [BIT_MEANS.get(name, ([], name))]
    ],
)  # fmt: skip
def test_each_status_bit_alone_means_what_the_standard_says(
    flag: int, item: type[InfoObject], bit: int, signals: list[str], field: str, catalogue: Catalogue
) -> None:
    at, head = bytes([2, 58, 9, 26, 9, 12]), {1: (1, 1), 2: (1, 1, 40, 1), 21: ()}[flag]
    tail = (bytes(31), at) if flag == 2 else (at,)
    state = LAYOUTS[flag].build(*head, 1 << bit, *tail)
    raw = frame.encode(
        frame.Frame(serial=1, command=2, source=bytes(6), destination=bytes(6), adu=encode.adu(flag, [state]))
    )
    [found] = decode_hex("gb26875", raw.hex(), catalogue)
    on = {name for name, value in found["fields"].items() if value is True}
    assert isinstance(state, item)
    assert (found["signals"], on) == (signals, {field} - {""})

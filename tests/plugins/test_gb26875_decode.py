"""`standpipe decode gb26875 --hex` on every public frame: who speaks, when, which signals, or why it is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.catalogue import Catalogue
from plugins.trying import decode_hex
from standpipe.model.errors import DecodeError
from standpipe.model.gb26875.tables import COMPONENTS, SYSTEMS

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

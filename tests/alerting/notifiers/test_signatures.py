"""Signatures against what the providers' own SDKs sent; vectors/README.md says how that was recorded."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from alerting.notifiers.signatures import acs3, tc3

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors/sdk_requests.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sent", VECTORS["aliyun"], ids=lambda sent: str(sent["text"][:12]))
def test_acs3_is_what_alibabas_sdk_sends(sent: dict[str, Any]) -> None:
    names = sent["headers"]["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    query = dict(parse_qsl(sent["path"].partition("?")[2], keep_blank_values=True))
    headers = {name: sent["headers"][name] for name in names}
    made = acs3(query, headers, sent["body"].encode(), key_id=VECTORS["id"], secret=VECTORS["secret"])
    assert made == sent["headers"]["authorization"]


@pytest.mark.parametrize("sent", VECTORS["tencent"], ids=lambda sent: str(sent["text"][:12]))
def test_tc3_is_what_tencents_sdk_sends(sent: dict[str, Any]) -> None:
    headers = sent["headers"]
    timestamp = int(headers["x-tc-timestamp"])
    made = tc3(
        headers["host"],
        sent["body"].encode(),
        service="sms",
        day=f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}",
        timestamp=timestamp,
        key_id=VECTORS["id"],
        secret=VECTORS["secret"],
    )
    assert made == headers["authorization"]


def test_another_secret_makes_another_signature() -> None:
    values = {"key_id": "id", "secret": "a"}
    assert acs3({}, {}, b"", **values) != acs3({}, {}, b"", **{**values, "secret": "b"})

"""Envelopes of network servers and carriers: a table of messages and what is inside, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from collector.arrival import Arrival
from collector.inputs.envelopes import chirpstack, ctwing, huawei, onenet, things_stack
from collector.inputs.envelopes.fields import iso_time
from standpipe.model.errors import DecodeError

NOW = 1_790_000_000_000
CHIRPSTACK: dict[str, Any] = {
    "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
    "time": "2022-07-18T09:34:15.775023242+00:00",
    "deviceInfo": {"tenantId": "52f1", "deviceName": "Test device", "devEui": "0101010101010AbC"},
    "devAddr": "00189440",
    "fPort": 1,
    "data": "qg==",
    "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -36, "snr": 10.5}],
}
THINGS: dict[str, Any] = {
    "end_device_ids": {"device_id": "dev1", "dev_eui": "0004A30B001C0530"},
    "received_at": "2020-02-12T15:15:45Z",
    "uplink_message": {
        "session_key_id": "AXA50",
        "f_cnt": 1,
        "f_port": 1,
        "frm_payload": "gkHe",
        "decoded_payload": {"temperature": 1.0},
    },
}
CTWING: dict[str, Any] = {
    "upPacketSN": -1,
    "upDataSN": -1,
    "topic": "v1/up/ad",
    "timestamp": 1650554828842,
    "protocol": "lwm2m",
    "payload": {"APPdata": "AQFWMQ=="},
    "messageType": "dataReport",
    "deviceId": "40edca19b0124480864366de4621de99",
    "IMSI": "undefined",
    "IMEI": "862592051651472",
}
HUAWEI: dict[str, Any] = {
    "resource": "device.property",
    "event": "report",
    "event_time": "20260315T080000Z",
    "notify_data": {
        "header": {"device_id": "p1_8600001", "node_id": "8600001"},
        "body": {
            "services": [
                {
                    "service_id": "Hydrant",
                    "properties": {"pressure_mpa": 0.42},
                    "event_time": "20260315T075959Z",
                },
                {"service_id": "Power", "properties": {"battery": 87}},
            ]
        },
    },
}
ONENET_OLD: dict[str, Any] = {
    "msg": {
        "at": 1623114304136,
        "imei": "869664048207529",
        "type": 1,
        "ds_id": "3200_0_5750",
        "value": "404001002323",
        "dev_id": 727859486,
    },
    "msg_signature": "x",
    "nonce": "Ys*U7n$%",
}


def without(message: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key not in keys}


OPENED: dict[str, tuple[Callable[..., list[Arrival]], dict[str, Any], list[tuple[Any, ...]]]] = {
    # address, payload, decoded, port, stamp
    "ChirpStack": (
        chirpstack.opened,
        CHIRPSTACK,
        [("deveui:0101010101010abc", b"\xaa", b"", 1, 1658136855775)],
    ),
    "ChirpStack, zero values left out": (
        chirpstack.opened,
        without(CHIRPSTACK, "fPort", "data") | {"object": {"pressure_mpa": 0.3}},
        [("deveui:0101010101010abc", b"", b'{"pressure_mpa":0.3}', 0, 1658136855775)],
    ),
    "The Things Stack": (
        things_stack.opened,
        THINGS,
        [("deveui:0004a30b001c0530", b"\x82\x41\xde", b'{"temperature":1.0}', 1, 1581520545000)],
    ),
    "The Things Stack, simulated": (things_stack.opened, THINGS | {"simulated": True}, []),
    "CTWing, transparent": (
        ctwing.opened,
        CTWING,
        [("imei:862592051651472", b"\x01\x01\x56\x31", b"", 0, 1650554828842)],
    ),
    "CTWing, object model": (
        ctwing.opened,
        CTWING | {"payload": {"liquid_level": 402}, "IMEI": ""},
        [("ctwing:40edca19b0124480864366de4621de99", b'{"liquid_level":402}', b"", 0, 1650554828842)],
    ),
    "CTWing, service data": (
        ctwing.opened,
        CTWING | {"payload": {"serviceId": 1, "serviceData": {"RSRP": 114}}},
        [("imei:862592051651472", b'{"RSRP":114}', b"", 0, 1650554828842)],
    ),
    "CTWing, online": (ctwing.opened, CTWING | {"messageType": "deviceOnlineOfflineReport"}, []),
    "Huawei": (
        huawei.opened,
        HUAWEI,
        [
            ("huawei:8600001", b'{"pressure_mpa": 0.42}', b"", 0, 1773561599000),
            ("huawei:8600001", b'{"battery": 87}', b"", 0, 1773561600000),
        ],
    ),
    "Huawei, status": (huawei.opened, HUAWEI | {"resource": "device.status"}, []),
    "OneNET, old platform": (
        onenet.opened,
        ONENET_OLD,
        [("imei:869664048207529", bytes.fromhex("404001002323"), b"", 0, 1623114304136)],
    ),
    "OneNET, new platform, many": (
        onenet.opened,
        {
            "msg": '[{"type":1,"dev_id":7,"ds_id":"p","at":5,"value":1.5},{"type":2,"dev_id":7,"status":1}]',
            "nonce": "n",
        },
        [("onenet:7", b'{"p":1.5}', b"", 0, 5)],
    ),
}


@pytest.mark.parametrize("name", OPENED)
def test_what_is_inside(name: str) -> None:
    opened, message, inside = OPENED[name]
    arrivals = opened(json.dumps(message).encode(), source="s", received_at=NOW)
    found = [(item.address, item.payload, item.decoded, item.port, item.stamp) for item in arrivals]
    assert found == inside


REFUSED: dict[str, tuple[Callable[..., list[Arrival]], Any, str]] = {
    "ChirpStack without a device": (chirpstack.opened, without(CHIRPSTACK, "deviceInfo"), "deviceInfo"),
    "ChirpStack with bad data": (chirpstack.opened, CHIRPSTACK | {"data": "q"}, "data: not base64"),
    "Things Stack with a short EUI": (things_stack.opened, THINGS | {"end_device_ids": {"dev_eui": "00"}}, "dev_eui"),
    "CTWing without a device": (ctwing.opened, CTWING | {"IMEI": "", "deviceId": ""}, "deviceId"),
    "CTWing, device with a blank": (ctwing.opened, CTWING | {"IMEI": "a b"}, "IMEI"),
    "Huawei with a bad time": (huawei.opened, HUAWEI | {"event_time": "yesterday"}, "event_time"),
    "OneNET, encrypted": (onenet.opened, {"msg": "c2VjcmV0", "nonce": "n"}, "OneNET push"),
    "not an object": (onenet.opened, [1], "OneNET push"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_message_is_refused_naming_the_field(name: str) -> None:
    opened, message, reason = REFUSED[name]
    with pytest.raises(DecodeError, match=reason):
        opened(json.dumps(message).encode(), source="s", received_at=NOW)


@pytest.mark.parametrize(
    "opened", [chirpstack.opened, things_stack.opened, ctwing.opened, huawei.opened, onenet.opened]
)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'"x"', b'{"msg":"\\ud800"}'])
def test_garbage_is_refused(opened: Callable[..., list[Arrival]], body: bytes) -> None:
    with pytest.raises(DecodeError):
        opened(body, source="s", received_at=NOW)


@pytest.mark.parametrize(
    ("token", "nonce", "msg", "given"),
    [
        ("ricnsmart", "5xp7vzm3fN", "hello", "d/ncDg+jrcW259dHOZByyw=="),
        ("ricnsmart", "5xp7vzm3fN", "hello", "d/ncDg jrcW259dHOZByyw=="),
        ("ricn", "rp/BxZWCeOic", "world", "vikQgk0OCjj6RIiIIbLtxA=="),
    ],
)
def test_onenet_signs_like_this(token: str, nonce: str, msg: str, given: str) -> None:
    assert onenet.signed(token, nonce=nonce, msg=msg, given=given)
    assert not onenet.signed(token + "x", nonce=nonce, msg=msg, given=given)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2022-07-18T09:34:15.775023242Z", 1658136855775),
        ("2020-02-12T15:15:45", 1581520545000),
        ("soon", None),
        ("", None),
    ],
)
def test_times_with_any_number_of_decimals(text: str, ms: int | None) -> None:
    assert iso_time(text) == ms


PUSH = {
    "aep": {"kind": "ctwing", "token": "s3cret"},
    "one": {"kind": "onenet", "token": "ricnsmart"},
    "iot": {"kind": "huawei"},
}


async def test_pushes_over_http(collector: Any) -> None:
    doors = await collector(collector={"push": PUSH})
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", trust_env=False) as http:
        stranger = await http.post("/push/aep", json=CTWING)
        friend = await http.post("/push/aep/s3cret", json=CTWING)
        again = await http.post("/push/aep", json=CTWING, headers={"authorization": "Bearer s3cret"})
        many = await http.post("/push/iot", json=HUAWEI)
        broken = await http.post("/push/iot", content=b"{")
        unsigned = await http.post("/push/one", json=ONENET_OLD)
        nonce, msg = "n", '{"type":1,"dev_id":7,"ds_id":"p","at":5,"value":1.5}'
        body = {"msg": msg, "nonce": nonce, "signature": onenet.signature("ricnsmart", nonce, msg)}
        signed = await http.post("/push/one", json=body)
        proof = await http.get(
            "/push/one", params={"msg": "hello", "nonce": "5xp7vzm3fN", "signature": "d/ncDg+jrcW259dHOZByyw=="}
        )
        forged = await http.get("/push/one", params={"msg": "hello", "nonce": "x", "signature": "y"})
        status = (await http.get("/status")).json()["inputs"]
    codes = [answer.status_code for answer in (stranger, friend, again, many, broken, unsigned, signed, proof, forged)]
    assert codes == [401, 200, 200, 200, 400, 400, 200, 200, 401]
    assert (many.json(), proof.text) == ({"accepted": 2}, "hello")
    assert "signature" in unsigned.json()["error"]
    assert status["push.aep"] == {"received": 2, "quarantined": 1, "duplicate": 1}

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from alerting.notifiers.aliyun import Aliyun
from alerting.notifiers.listening import CalledBack, Receipt, Reply
from alerting.notifiers.signatures import acs3
from standpipe.model.errors import ConfigError, DecodeError, Rejected, Retryable
from standpipe.model.settings import Notifier

REPORT = {
    "phone_number": "13900001111",
    "send_time": "2026-11-22 08:00:00",
    "report_time": "2026-11-22 08:00:02",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "9006195927472^0",
    "out_id": "inc-7/0/wang/sms",
}
UP = {
    "phone_number": "13900001111",
    "send_time": "2026-11-22 08:01:00",
    "content": "1",
    "sign_name": "西街消防",
    "dest_code": "1234",
    "sequence_id": 1234567890,
}


def settings(**changes: Any) -> Notifier:
    values = {
        "kind": "aliyun",
        "username": "testid",
        "password": "testsecret",
        "sign_name": "西街消防",
        "template": "SMS_1234567",
        "template_params": {"what": "text", "place": "zone"},
        "callback_key": "k-123",
    }
    return Notifier(**{**values, **changes})


async def test_a_notice_is_a_signed_request_with_its_template(provider: Any, notice: Any) -> None:
    provider.body = b'{"Message":"OK","RequestId":"r","Code":"OK","BizId":"9006195927472^0"}'
    aliyun = Aliyun(settings(url=provider.url))
    id_ = await aliyun.send(notice())
    await aliyun.close()
    (asked,) = provider.asked
    query = dict(parse_qsl(asked.path.partition("?")[2]))
    assert id_ == "9006195927472^0"
    assert json.loads(query.pop("TemplateParam")) == {"what": notice().text, "place": "二区"}
    assert query == {
        "OutId": notice().id,
        "PhoneNumbers": "13900001111",
        "SignName": "西街消防",
        "TemplateCode": "SMS_1234567",
    }


async def test_its_signature_holds_for_what_arrives(provider: Any, notice: Any) -> None:
    provider.body = b'{"Code":"OK","BizId":"1"}'
    aliyun = Aliyun(settings(url=provider.url))
    await aliyun.send(notice(text='FIRE "A+B" 100% ~*\'()!/?&= 🔥'))
    await aliyun.close()
    (asked,) = provider.asked
    names = asked.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    signed = {name: asked.headers[name] for name in names}
    query = dict(parse_qsl(asked.path.partition("?")[2]))
    assert {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-action", "x-acs-version"} <= signed.keys()
    assert asked.headers["authorization"] == acs3(query, signed, asked.body, key_id="testid", secret="testsecret")
    assert "testsecret" not in str(asked)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"Code":"isv.BUSINESS_LIMIT_CONTROL"}', Rejected),
        (200, b'{"Code":"isv.MOBILE_NUMBER_ILLEGAL"}', Rejected),
        (200, b'{"Code":"isp.SYSTEM_ERROR"}', Retryable),
        (200, b"{}", Rejected),
        (200, b"<html>please log in</html>", Retryable),
        (400, b'{"Code":"Throttling.User"}', Retryable),
        (400, b'{"Code":"InvalidAccessKeyId.NotFound"}', Rejected),
        (503, b'{"Code":"ServiceUnavailable"}', Retryable),
        (500, b'{"Code":"Strange"}', Retryable),
        (502, b"bad gateway", Retryable),
    ],
)
async def test_an_answer_is_final_or_passes(
    provider: Any, notice: Any, status: int, body: bytes, error: type[Exception]
) -> None:
    provider.status, provider.body = status, body
    aliyun = Aliyun(settings(url=provider.url))
    with pytest.raises(error) as caught:
        await aliyun.send(notice())
    await aliyun.close()
    assert "13900001111" not in str(caught.value)


@pytest.mark.parametrize(("to", "sent"), [("+8613900001111", "13900001111"), ("+85251234567", "85251234567")])
async def test_numbers_are_written_as_the_service_wants_them(provider: Any, notice: Any, to: str, sent: str) -> None:
    provider.body = b'{"Code":"OK","BizId":"1"}'
    aliyun = Aliyun(settings(url=provider.url))
    await aliyun.send(notice(to=to))
    await aliyun.close()
    assert dict(parse_qsl(provider.asked[0].path.partition("?")[2]))["PhoneNumbers"] == sent


async def test_values_longer_than_the_template_lets_through_are_cut(provider: Any, notice: Any) -> None:
    provider.body = b'{"Code":"OK","BizId":"1"}'
    aliyun = Aliyun(settings(url=provider.url, template_limit=10))
    await aliyun.send(notice(text="火" * 11, zone="区" * 10))
    await aliyun.close()
    params = json.loads(dict(parse_qsl(provider.asked[0].path.partition("?")[2]))["TemplateParam"])
    assert params == {"what": "火" * 9 + "…", "place": "区" * 10}


def test_receipts_and_replies_are_read_from_callbacks() -> None:
    aliyun = Aliyun(settings())
    body = json.dumps([REPORT, {**REPORT, "success": False, "err_code": "UNDELIV"}, UP]).encode()
    delivered, failed, reply = aliyun.heard(body, {}, query="key=k-123", now=5)
    assert isinstance(aliyun, CalledBack)
    assert delivered == Receipt(id="9006195927472^0", notice="inc-7/0/wang/sms", status="delivered", at=1795305602000)
    assert isinstance(failed, Receipt)
    assert (failed.status, failed.reason) == ("failed", "UNDELIV")
    assert reply == Reply(from_="+8613900001111", text="1", at=1795305660000, id="1234567890")


@pytest.mark.parametrize("query", ["", "key=", "key=k-124", "key=k-1234", "k-123", "key=钥"])
def test_a_callback_without_the_key_is_rejected(query: str) -> None:
    with pytest.raises(Rejected, match="without the right key"):
        Aliyun(settings()).heard(json.dumps([REPORT]).encode(), {}, query=query, now=5)


def test_without_a_key_in_settings_no_callback_is_believed_and_sending_is_the_receipt() -> None:
    aliyun = Aliyun(settings(callback_key=""))
    with pytest.raises(Rejected):
        aliyun.heard(json.dumps([REPORT]).encode(), {}, query="key=", now=5)
    assert (aliyun.receipts, Aliyun(settings()).receipts) == ("on_sending", "later")


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'[{"success":"yes"}]', b"[" * 5000])
def test_a_callback_that_cannot_be_read_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Aliyun(settings()).heard(body, {}, query="key=k-123", now=5)


def test_a_time_that_is_none_is_now() -> None:
    body = json.dumps([{**REPORT, "report_time": "soon"}]).encode()
    assert Aliyun(settings()).heard(body, {}, query="key=k-123", now=5)[0].at == 5


def test_a_variable_that_shows_nothing_is_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"template_params\.what: shows 'pressure'; a notice has: text, title"):
        Aliyun(settings(template_params={"what": "pressure"}))

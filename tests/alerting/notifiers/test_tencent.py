import json
from typing import Any

import pytest

from alerting.notifiers.listening import CalledBack, Receipt, Reply
from alerting.notifiers.signatures import tc3
from alerting.notifiers.tencent import Tencent
from standpipe.model.errors import DecodeError, Rejected, Retryable
from standpipe.model.settings import Notifier

TAKEN = (
    b'{"Response":{"SendStatusSet":[{"SerialNo":"5000:104571","Code":"Ok","Message":"send success"}],"RequestId":"r"}}'
)
REPORT = {
    "user_receive_time": "2026-11-22 08:00:02",
    "nationcode": "86",
    "mobile": "13900001111",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "5000:104571",
}
REPLY = {
    "extend": "",
    "mobile": "13900001111",
    "nationcode": "86",
    "sign": "西街消防",
    "text": "误报",
    "time": 1795305660,
}


def settings(**changes: Any) -> Notifier:
    values = {
        "kind": "tencent",
        "username": "testid",
        "password": "testsecret",
        "app_id": "1400006666",
        "sign_name": "西街消防",
        "template": "1110",
        "template_params": {"2": "zone", "1": "title"},
        "callback_key": "k-123",
    }
    return Notifier(**{**values, **changes})


async def test_a_notice_is_a_signed_request_with_its_template(provider: Any, notice: Any) -> None:
    provider.body = TAKEN
    tencent = Tencent(settings(url=provider.url))
    id_ = await tencent.send(notice())
    await tencent.close()
    (asked,) = provider.asked
    assert id_ == "5000:104571"
    assert json.loads(asked.body) == {
        "PhoneNumberSet": ["+8613900001111"],
        "SmsSdkAppId": "1400006666",
        "SignName": "西街消防",
        "TemplateId": "1110",
        "TemplateParamSet": ["二区", "火警"],
        "SessionContext": notice().id,
    }
    assert asked.headers["authorization"] == tc3(
        provider.host,
        asked.body,
        service="sms",
        day=asked.headers["authorization"].split("/")[1],
        timestamp=int(asked.headers["x-tc-timestamp"]),
        key_id="testid",
        secret="testsecret",
    )


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, TAKEN.replace(b"Ok", b"LimitExceeded.PhoneNumberDailyLimit"), Rejected),
        (200, TAKEN.replace(b"Ok", b"InternalError.Timeout"), Retryable),
        (200, b'{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"x"}}}', Rejected),
        (200, b'{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"x"}}}', Retryable),
        (200, b'{"Response":{}}', Rejected),
        (200, b"<html>please log in</html>", Retryable),
        (503, b"", Retryable),
        (404, b"", Rejected),
    ],
)
async def test_an_answer_is_final_or_passes(
    provider: Any, notice: Any, status: int, body: bytes, error: type[Exception]
) -> None:
    provider.status, provider.body = status, body
    tencent = Tencent(settings(url=provider.url))
    with pytest.raises(error):
        await tencent.send(notice())
    await tencent.close()


def test_receipts_and_replies_are_read_from_callbacks() -> None:
    tencent = Tencent(settings())
    reports = json.dumps([REPORT, {**REPORT, "report_status": "FAIL", "errmsg": "EXPIRED"}]).encode()
    delivered, failed = tencent.heard(reports, {}, query="key=k-123", now=5)
    (reply,) = tencent.heard(json.dumps(REPLY).encode(), {}, query="key=k-123", now=5)
    assert isinstance(tencent, CalledBack)
    assert delivered == Receipt(id="5000:104571", status="delivered", at=1795305602000)
    assert isinstance(failed, Receipt)
    assert (failed.status, failed.reason) == ("failed", "EXPIRED")
    assert reply == Reply(from_="+8613900001111", text="误报", at=1795305660000)


def test_a_callback_without_the_key_is_rejected() -> None:
    with pytest.raises(Rejected, match="without the right key"):
        Tencent(settings()).heard(json.dumps([REPORT]).encode(), {}, query="key=guess", now=5)


@pytest.mark.parametrize("body", [b"", b"{}", b"[{}]", b"[1]", b"\xff", b'{"mobile":1,"text":"1"}'])
def test_a_callback_that_cannot_be_read_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Tencent(settings()).heard(body, {}, query="key=k-123", now=5)

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import pytest

from alerting.notifiers.listening import CalledBack, Receipt, Reply
from alerting.notifiers.twilio import Twilio
from standpipe.model.errors import DecodeError, Rejected, Retryable
from standpipe.model.settings import Notifier

TOKEN = "authtoken-0000000000"
BACK = "https://fire.example.net/receipts/twilio"
VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors/sdk_requests.json").read_text(encoding="utf-8")
)["twilio"]


def settings(**changes: Any) -> Notifier:
    values = {"kind": "twilio", "username": "AC123", "password": TOKEN, "sender": "+14155550100", "callback_url": BACK}
    return Notifier(**{**values, **changes})


def signed(fields: dict[str, str], *, query: str = "") -> dict[str, Any]:
    """Return what `heard` takes for a callback that Twilio signed."""
    from alerting.notifiers.twilio import _signature  # noqa: PLC0415 - checked against the SDK below

    url = f"{BACK}?{query}" if query else BACK
    headers = {"x-twilio-signature": _signature(url, fields, TOKEN)}
    return {"body": urlencode(fields).encode(), "headers": headers, "query": query, "now": 5}


async def test_a_message_is_ordered_with_the_address_for_its_receipt(provider: Any, notice: Any) -> None:
    provider.status, provider.body = 201, b'{"sid":"SM1","status":"queued","error_code":null}'
    twilio = Twilio(settings(url=provider.url))
    id_ = await twilio.send(notice())
    await twilio.close()
    (asked,) = provider.asked
    fields = dict(parse_qsl(asked.body.decode()))
    back = urlsplit(fields.pop("StatusCallback"))
    assert (id_, asked.path) == ("SM1", "/2010-04-01/Accounts/AC123/Messages.json")
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode() == f"AC123:{TOKEN}"
    assert fields == {"To": "+8613900001111", "From": "+14155550100", "Body": notice().text}
    assert (back.netloc, parse_qs(back.query)) == ("fire.example.net", {"notice": [notice().id]})


async def test_a_messaging_service_sends_for_itself(provider: Any, notice: Any) -> None:
    provider.status, provider.body = 201, b'{"sid":"SM1"}'
    twilio = Twilio(settings(url=provider.url, sender="MG77"))
    await twilio.send(notice())
    await twilio.close()
    fields = dict(parse_qsl(provider.asked[0].body.decode()))
    assert (fields["MessagingServiceSid"], "From" in fields) == ("MG77", False)


@pytest.mark.parametrize(("text", "language"), [("火警 <西> & 二区", "zh-CN"), ('FIRE "A" <B>', "en-US")])
async def test_a_call_says_the_text_and_takes_a_key(provider: Any, notice: Any, text: str, language: str) -> None:
    provider.status, provider.body = 201, b'{"sid":"CA1","status":"queued"}'
    twilio = Twilio(settings(url=provider.url, via="call"))
    id_ = await twilio.send(notice(text=text))
    await twilio.close()
    (asked,) = provider.asked
    fields = dict(parse_qsl(asked.body.decode()))
    gather = ElementTree.fromstring(fields["Twiml"]).find("Gather")
    assert gather is not None
    assert (id_, asked.path) == ("CA1", "/2010-04-01/Accounts/AC123/Calls.json")
    assert (gather.get("action"), gather.get("numDigits")) == (fields["StatusCallback"], "1")
    assert [(say.text, say.get("language")) for say in gather] == [(text, language)]


async def test_without_an_address_for_callbacks_sending_is_the_receipt(provider: Any, notice: Any) -> None:
    provider.status, provider.body = 201, b'{"sid":"SM1"}'
    twilio = Twilio(settings(url=provider.url, callback_url=""))
    await twilio.send(notice())
    await twilio.close()
    assert twilio.receipts == "on_sending"
    assert b"StatusCallback" not in provider.asked[0].body


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (
            400,
            b'{"code":21211,"message":"\'To\' number +8613900001111 is not valid"}',
            Rejected,
            "answered 400 code 21211",
        ),
        (401, b'{"code":20003}', Rejected, "answered 401 code 20003"),
        (429, b'{"code":20429}', Retryable, "answered 429 code 20429"),
        (500, b"{}", Retryable, "answered 500"),
        (503, b"down", Retryable, "answered 503"),
        (200, b"<html>please log in</html>", Retryable, "not of this service"),
    ],
)
async def test_an_answer_is_final_or_passes(
    provider: Any, notice: Any, status: int, body: bytes, error: type[Exception], reason: str
) -> None:
    provider.status, provider.body = status, body
    twilio = Twilio(settings(url=provider.url))
    with pytest.raises(error, match=reason) as caught:
        await twilio.send(notice())
    await twilio.close()
    assert "13900001111" not in str(caught.value)


async def test_a_retry_after_is_handed_on(provider: Any, notice: Any) -> None:
    provider.status, provider.headers = 429, {"Retry-After": "7"}
    twilio = Twilio(settings(url=provider.url))
    with pytest.raises(Retryable) as caught:
        await twilio.send(notice())
    await twilio.close()
    assert caught.value.after == 7.0


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["url"]))
def test_a_callback_is_believed_when_the_sdk_would_have_signed_it_so(vector: dict[str, Any]) -> None:
    base, _, query = vector["url"].partition("?")
    twilio = Twilio(settings(callback_url=base))
    body = urlencode(vector["params"]).encode()
    twilio.heard(body, {"x-twilio-signature": vector["signature"]}, query=query, now=5)
    with pytest.raises(Rejected, match="without the right signature"):
        twilio.heard(body + b"&More=1", {"x-twilio-signature": vector["signature"]}, query=query, now=5)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, ("delivered", "")),
        ({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}, ("failed", "undelivered 30003")),
        ({"MessageSid": "SM1", "MessageStatus": "failed"}, ("failed", "failed")),
        ({"CallSid": "SM1", "CallStatus": "completed"}, ("delivered", "")),
        ({"CallSid": "SM1", "CallStatus": "no-answer"}, ("failed", "no-answer")),
        ({"CallSid": "SM1", "CallStatus": "busy"}, ("failed", "busy")),
    ],
)
def test_a_final_state_is_a_receipt_that_names_its_notice(fields: dict[str, str], expected: tuple[str, str]) -> None:
    (receipt,) = Twilio(settings()).heard(**signed(fields, query="notice=inc-7%2F0%2Fwang%2Fsms"))
    assert isinstance(receipt, Receipt)
    assert (receipt.id, receipt.notice, receipt.at) == ("SM1", "inc-7/0/wang/sms", 5)
    assert (receipt.status, receipt.reason) == expected


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "accepted", "ringing", ""])
def test_a_state_on_the_way_is_no_receipt(status: str) -> None:
    assert Twilio(settings()).heard(**signed({"MessageSid": "SM1", "MessageStatus": status})) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"MessageSid": "SM9", "From": "+8613900001111", "To": "+14155550100", "Body": "真火"}, ("真火", "SM9")),
        ({"CallSid": "CA9", "From": "+14155550100", "To": "+8613900001111", "Digits": "2"}, ("2", "CA9")),
    ],
)
def test_a_message_and_a_key_are_replies_of_the_person(fields: dict[str, str], expected: tuple[str, str]) -> None:
    twilio = Twilio(settings())
    (reply,) = twilio.heard(**signed(fields))
    assert isinstance(twilio, CalledBack)
    assert reply == Reply(from_="+8613900001111", text=expected[0], at=5, id=expected[1])


@pytest.mark.parametrize("headers", [{}, {"x-twilio-signature": ""}, {"x-twilio-signature": "rmXGaWa4="}])
def test_an_unsigned_callback_is_rejected(headers: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        Twilio(settings()).heard(b"MessageSid=SM1&MessageStatus=delivered", headers, now=5)


def test_without_an_address_in_settings_no_callback_is_believed() -> None:
    with pytest.raises(Rejected):
        Twilio(settings(callback_url="")).heard(b"", {"x-twilio-signature": ""}, now=5)


def test_octets_that_are_no_form_are_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        Twilio(settings()).heard(b"\xff\xfe", {}, now=5)

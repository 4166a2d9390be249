"""SMS and voice calls through Twilio's REST API, with signed callbacks. Keeps nothing between a notice and its receipt.

The API knows no idempotency. The address of the status callback carries the notice's id, so that receipts do too. A
call reads the text out twice and takes one key: `1` real fire, `2` false alarm, `3` fault. That somebody picked up is
its receipt; that may have been a voice mailbox.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qs, quote, urlencode
from xml.sax.saxutils import escape

import msgspec

from alerting.notifiers import Notice
from alerting.notifiers.http_post import HttpPost, settle
from alerting.notifiers.listening import Heard, Receipt, Reply
from alerting.notifiers.phone import international, sender
from standpipe.model import settings
from standpipe.model.errors import DecodeError, Rejected, Retryable

URL = "https://api.twilio.com"
_STATES: dict[str, Literal["delivered", "failed"]] = {
    "delivered": "delivered",
    "read": "delivered",
    "completed": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "busy": "failed",
    "no-answer": "failed",
    "canceled": "failed",
}


class _Answer(msgspec.Struct, frozen=True):
    sid: str = ""
    code: int | None = None


class Twilio:
    """One account and sender; messages, or calls with via = "call"."""

    answer = ("text/xml", b"<Response/>")

    def __init__(self, config: settings.Notifier) -> None:
        """Take username (account SID), password (auth token), sender (number or MG… SID); via, callback_url, …."""
        self._config = config
        base = f"{config.url.rstrip('/') or URL}/2010-04-01/Accounts/{quote(config.username)}"
        self._url = f"{base}/{'Calls' if config.via == 'call' else 'Messages'}.json"
        self._http = HttpPost(self._url, "")
        login = base64.b64encode(f"{config.username}:{config.password}".encode()).decode()
        self._headers = {"authorization": f"Basic {login}", "content-type": "application/x-www-form-urlencoded"}
        self.receipts: Literal["on_sending", "later"] = "later" if config.callback_url else "on_sending"

    async def send(self, notice: Notice) -> str:
        """Order the message or call; return its SID."""
        fields = self._fields(international(notice.to, self._config.country), notice)
        answer = await self._http.exchange(urlencode(fields).encode(), self._headers)
        try:
            said = msgspec.json.decode(answer.content, type=_Answer)
        except msgspec.MsgspecError:
            settle(answer)
            raise Retryable("answered something that is not of this service") from None
        settle(answer, reason=f"code {said.code}" if said.code else "")
        return said.sid

    def heard(self, body: bytes, headers: Mapping[str, str], *, query: str = "", now: int) -> list[Heard]:
        """Return the receipt or reply of a callback. Raises Rejected unless X-Twilio-Signature is right for it."""
        try:
            fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        except (UnicodeDecodeError, ValueError):
            raise DecodeError("callback is no form") from None
        url = f"{self._config.callback_url}?{query}" if query else self._config.callback_url
        given = headers.get("x-twilio-signature", "")
        if not url or not hmac.compare_digest(given.encode(), _signature(url, fields, self._config.password).encode()):
            raise Rejected("callback without the right signature")
        notice = parse_qs(query).get("notice", [""])[0]
        return _read(fields, notice, self._config.country, now)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _fields(self, to: str, notice: Notice) -> dict[str, str]:
        config = self._config
        fields = {"To": to}
        fields["MessagingServiceSid" if config.sender.startswith("MG") else "From"] = config.sender
        back = f"{config.callback_url}?{urlencode({'notice': notice.id})}" if config.callback_url else ""
        if back:
            fields["StatusCallback"] = back
        if config.via == "call":
            return fields | {"Twiml": _spoken(notice.text, back), "Timeout": "30"}
        return fields | {"Body": notice.text}


def _spoken(text: str, back: str) -> str:
    """Return TwiML that says the text twice, and takes a key where there is an address to send it to."""
    language = "zh-CN" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en-US"
    say = f'<Say language="{language}" loop="2">{escape(text)}</Say>'
    if not back:
        return f"<Response>{say}</Response>"
    action = escape(back, {'"': "&quot;"})
    return f'<Response><Gather numDigits="1" timeout="10" action="{action}">{say}</Gather></Response>'


def _signature(url: str, fields: Mapping[str, str], token: str) -> str:
    """Return X-Twilio-Signature: HMAC-SHA1 over the address and the sorted fields, in base 64."""
    text = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _read(fields: Mapping[str, str], notice: str, country: str, now: int) -> list[Heard]:
    if "Digits" in fields or "Body" in fields:
        from_ = sender(fields.get("To" if "Digits" in fields else "From", ""), country)
        text = fields.get("Digits") or fields.get("Body", "")
        id_ = fields.get("MessageSid") or fields.get("CallSid", "")
        return [Reply(from_=from_, text=text, at=now, id=id_)] if from_ else []
    status = _STATES.get(fields.get("MessageStatus") or fields.get("CallStatus", ""))
    if status is None:
        return []
    id_ = fields.get("MessageSid") or fields.get("CallSid", "")
    reason = (
        ""
        if status == "delivered"
        else f"{fields.get('MessageStatus') or fields.get('CallStatus')} " + fields.get("ErrorCode", "")
    )
    return [Receipt(id=id_, notice=notice, status=status, at=now, reason=reason.rstrip())]

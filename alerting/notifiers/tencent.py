"""SMS through Tencent Cloud (SendSms, version 2021-01-11): signed, by template, receipts and replies by callback.

The service knows no idempotency: a notice sent again is a second message. Receipts name the SerialNo that `send` gave.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from alerting.notifiers import Notice
from alerting.notifiers.callbacks import check_key, china_time, read_json, utc
from alerting.notifiers.http_post import HttpPost, settle
from alerting.notifiers.listening import Heard, Receipt, Reply
from alerting.notifiers.phone import international, sender
from alerting.notifiers.signatures import tc3
from alerting.notifiers.templates import check_fields, fill
from standpipe.model import clock, settings
from standpipe.model.errors import Rejected, Retryable

URL = "https://sms.tencentcloudapi.com"
_AGAIN = ("InternalError", "RequestLimitExceeded", "ResourceUnavailable", "FailedOperation.FailResolvePacket")
"""Codes that may pass; the limits per telephone number (LimitExceeded.…) do not pass soon enough."""


class _Status(msgspec.Struct, frozen=True, rename="pascal"):
    serial_no: str = ""
    code: str = ""


class _Error(msgspec.Struct, frozen=True, rename="pascal"):
    code: str = ""


class _Response(msgspec.Struct, frozen=True, rename="pascal"):
    send_status_set: list[_Status] = []
    error: _Error | None = None


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    response: _Response


class _Report(msgspec.Struct, frozen=True):
    """One entry of a status report."""

    report_status: str
    sid: str
    user_receive_time: str = ""
    errmsg: str = ""
    ext: str = ""


class _Answered(msgspec.Struct, frozen=True):
    """A person's reply."""

    mobile: str
    text: str
    nationcode: str = "86"
    time: int = 0


class Tencent:
    """One account, application, signature and template."""

    answer = ("application/json", b'{"result":0,"errmsg":"OK"}')

    def __init__(self, config: settings.Notifier) -> None:
        """Take username (SecretId), password (SecretKey), app_id, sign_name, template; template_params, region, …."""
        check_fields(config)
        self._config = config
        url = config.url.rstrip("/") or URL
        self._host = urlsplit(url).netloc
        self._http = HttpPost(f"{url}/", "")
        self.receipts: Literal["on_sending", "later"] = "later" if config.callback_key else "on_sending"

    async def send(self, notice: Notice) -> str:
        """Send the template with its variables in the order of the settings; return the SerialNo."""
        to = international(notice.to, self._config.country)
        body, headers = self._request(to, notice, now=clock.now())
        answer = await self._http.exchange(body, headers)
        settle(answer)
        try:
            said = msgspec.json.decode(answer.content, type=_Answer).response
        except msgspec.MsgspecError:
            raise Retryable("answered something that is not of this service") from None
        status = said.send_status_set[0] if said.send_status_set else _Status()
        if said.error is None and status.code == "Ok":
            return status.serial_no
        code = said.error.code if said.error else status.code
        if code.startswith(_AGAIN):
            raise Retryable(code)
        raise Rejected(code or "answered without a code")

    def heard(
        self,
        body: bytes,
        headers: Mapping[str, str],  # noqa: ARG002 - this provider signs nothing
        *,
        query: str = "",
        now: int,
    ) -> list[Heard]:
        """Return the receipts (a list of reports) or the reply (one object) of a callback to `…?key=<callback_key>`."""
        check_key(query, self._config.callback_key)
        if body.lstrip().startswith(b"["):
            return [_receipt(report, now) for report in read_json(body, list[_Report])]
        reply = read_json(body, _Answered)
        from_ = sender(f"+{reply.nationcode}{reply.mobile}", reply.nationcode)
        at = reply.time * 1000 or now
        return [Reply(from_=from_, text=reply.text, at=at)] if from_ else []

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _request(self, to: str, notice: Notice, *, now: int) -> tuple[bytes, dict[str, str]]:
        config, day, timestamp = self._config, f"{utc(now):%Y-%m-%d}", now // 1000
        body = msgspec.json.encode(
            {
                "PhoneNumberSet": [to],
                "SmsSdkAppId": config.app_id,
                "SignName": config.sign_name,
                "TemplateId": config.template,
                "TemplateParamSet": list(fill(config, notice).values()),
                "SessionContext": notice.id[:511],
            }
        )
        headers = {
            "host": self._host,
            "content-type": "application/json",
            "x-tc-action": "SendSms",
            "x-tc-version": "2021-01-11",
            "x-tc-timestamp": str(timestamp),
            "x-tc-region": config.region or "ap-guangzhou",
            "authorization": tc3(
                self._host,
                body,
                service="sms",
                day=day,
                timestamp=timestamp,
                key_id=config.username,
                secret=config.password,
            ),
        }
        return body, headers


def _receipt(report: _Report, now: int) -> Receipt:
    delivered = report.report_status == "SUCCESS"
    return Receipt(
        id=report.sid,
        notice=report.ext,
        status="delivered" if delivered else "failed",
        at=china_time(report.user_receive_time, now=now),
        reason="" if delivered else report.errmsg,
    )

"""SMS through Alibaba Cloud (SendSms, version 2017-05-25): signed, by template, receipts and replies by callback.

The service knows no idempotency: a notice sent again is a second message. Its OutId carries the notice's id back.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from alerting.notifiers import Notice
from alerting.notifiers.callbacks import check_key, china_time, read_json, utc
from alerting.notifiers.http_post import HttpPost, settle
from alerting.notifiers.listening import Heard, Receipt, Reply
from alerting.notifiers.phone import international, sender
from alerting.notifiers.signatures import acs3, canonical
from alerting.notifiers.templates import check_fields, fill
from standpipe.model import clock, settings
from standpipe.model.errors import Rejected, Retryable

URL = "https://dysmsapi.aliyuncs.com"
_AGAIN = ("Throttling", "ServiceUnavailable", "InternalError", "SignatureNonceUsed", "isp.SYSTEM_ERROR")
"""Codes that may pass; the limits per telephone number (isv.BUSINESS_LIMIT_CONTROL) do not pass soon enough."""


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    code: str = ""
    biz_id: str = ""


class _Heard(msgspec.Struct, frozen=True):
    """One entry of SmsReport or SmsUp."""

    phone_number: str = ""
    send_time: str = ""
    report_time: str = ""
    success: bool = False
    err_code: str = ""
    biz_id: str = ""
    out_id: str = ""
    content: str | None = None
    sequence_id: str | int = ""


class Aliyun:
    """One account, signature and template."""

    answer = ("application/json", b'{"code":0,"msg":"ok"}')

    def __init__(self, config: settings.Notifier) -> None:
        """Take username (access key id), password (its secret), sign_name, template; template_params, callback_key."""
        check_fields(config)
        self._config = config
        self._url = config.url.rstrip("/") or URL
        self._host = urlsplit(self._url).netloc
        self._http = HttpPost(self._url, "")
        self.receipts: Literal["on_sending", "later"] = "later" if config.callback_key else "on_sending"

    async def send(self, notice: Notice) -> str:
        """Send the template with its variables; return the BizId."""
        to = international(notice.to, self._config.country)
        query, headers = self._request(to, notice, now=clock.now(), nonce=secrets.token_hex(16))
        answer = await self._http.exchange(b"", headers, url=f"{self._url}/?{canonical(query)}")
        try:
            said = msgspec.json.decode(answer.content, type=_Answer)
        except msgspec.MsgspecError:
            settle(answer)
            raise Retryable("answered something that is not of this service") from None
        if said.code == "OK" and answer.is_success:
            return said.biz_id
        if said.code.startswith(_AGAIN):
            raise Retryable(said.code)
        settle(answer, reason=said.code)
        raise Rejected(said.code or "answered without a code")

    def heard(
        self,
        body: bytes,
        headers: Mapping[str, str],  # noqa: ARG002 - this provider signs nothing
        *,
        query: str = "",
        now: int,
    ) -> list[Heard]:
        """Return the receipts (SmsReport) and replies (SmsUp) of a callback to `…?key=<callback_key>`."""
        check_key(query, self._config.callback_key)
        entries = [self._entry(entry, now) for entry in read_json(body, list[_Heard])]
        return [entry for entry in entries if entry is not None]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _request(self, to: str, notice: Notice, *, now: int, nonce: str) -> tuple[dict[str, str], dict[str, str]]:
        config = self._config
        query = {
            "OutId": notice.id[:256],
            "PhoneNumbers": to.removeprefix("+86") if to.startswith("+86") else to[1:],
            "SignName": config.sign_name,
            "TemplateCode": config.template,
            "TemplateParam": msgspec.json.encode(fill(config, notice)).decode(),
        }
        headers = {
            "host": self._host,
            "x-acs-action": "SendSms",
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": f"{utc(now):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": nonce,
            "x-acs-version": "2017-05-25",
        }
        signed = acs3(query, headers, b"", key_id=config.username, secret=config.password)
        return query, headers | {"accept": "application/json", "authorization": signed}

    def _entry(self, entry: _Heard, now: int) -> Heard | None:
        if entry.content is not None:
            from_ = sender(entry.phone_number, self._config.country)
            if from_ is None:
                return None
            at = china_time(entry.send_time, now=now)
            return Reply(from_=from_, text=entry.content, at=at, id=str(entry.sequence_id))
        return Receipt(
            id=entry.biz_id,
            notice=entry.out_id,
            status="delivered" if entry.success else "failed",
            at=china_time(entry.report_time, now=now),
            reason="" if entry.success else entry.err_code,
        )

"""Webhook: one POST of JSON per notice; a 2xx answer is the receipt. Sends no telephone number.

`Idempotency-Key` is the notice's id. With a signing key, `Standpipe-Signature: t=<sent_at>,v1=<hex>` is HMAC-SHA256
over `<sent_at>.` and the body, as sent.
"""

import hashlib
import hmac
from typing import Literal
from urllib.parse import quote

import msgspec

from alerting.notifiers import Notice
from alerting.notifiers.http_post import HttpPost, settle
from standpipe.model import settings


class Webhook:
    """Posts notices to the configured address."""

    receipts: Literal["on_sending", "later"] = "on_sending"

    def __init__(self, config: settings.Notifier) -> None:
        """Take the `[notifier.<name>]` table: url; token and signing_key where the receiver wants them."""
        self._http = HttpPost(config.url, config.token)
        self._key = config.signing_key.encode()

    async def send(self, notice: Notice) -> str:
        """Post the notice; the receiver may tell repeats by `notice`."""
        body = msgspec.json.encode(
            {
                "notice": notice.id,
                "incident": notice.incident,
                "step": notice.step,
                "person": notice.person,
                "channel": notice.channel,
                "title": notice.title,
                "text": notice.text,
                "site": notice.site,
                "zone": notice.zone,
                "state": notice.state,
                "opened_at": notice.opened_at,
                "readings": {
                    "observed_at": notice.observed_at,
                    "received_at": notice.received_at,
                    "spooled_at": notice.spooled_at,
                },
                "sent_at": notice.sent_at,
            }
        )
        headers = {"Idempotency-Key": quote(notice.id)}
        if self._key:
            signed = hmac.new(self._key, f"{notice.sent_at}.".encode() + body, hashlib.sha256).hexdigest()
            headers["Standpipe-Signature"] = f"t={notice.sent_at},v1={signed}"
        settle(await self._http.exchange(body, headers))
        return notice.id

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

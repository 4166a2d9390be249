"""Webhook: one POST of JSON per notice; a 2xx answer is the receipt. Sends no telephone number."""

from typing import Literal

from alerting.notifiers import Notice
from alerting.notifiers.http_post import HttpPost
from standpipe.model import settings


class Webhook:
    """Posts notices to the configured address."""

    receipts: Literal["on_sending", "later"] = "on_sending"

    def __init__(self, config: settings.Notifier) -> None:
        """Take the `[notifier.<name>]` table: url, and token where the receiver wants one."""
        self._http = HttpPost(config.url, config.token)

    async def send(self, notice: Notice) -> str:
        """Post the notice; the receiver may tell repeats by `notice`."""
        await self._http.post(
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
        return notice.id

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

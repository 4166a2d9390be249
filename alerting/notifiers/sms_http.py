"""SMS through an HTTP gateway that returns delivery receipts to an address of ours.

`POST {url}` {"id", "to", "text", "receipt_url"} -> 200 {"message_id"}; the receipt comes later.
"""

from typing import Literal

import msgspec

from alerting.notifiers import Notice
from alerting.notifiers.http_post import HttpPost
from standpipe.model import settings
from standpipe.model.errors import Rejected


class _Answer(msgspec.Struct, frozen=True):
    message_id: str


class SmsHttp:
    """Posts messages to the configured gateway."""

    receipts: Literal["on_sending", "later"] = "later"

    def __init__(self, config: settings.Notifier) -> None:
        """Take the `[notifier.<name>]` table: url, and token where the gateway wants one."""
        self._http = HttpPost(config.url, config.token)

    async def send(self, notice: Notice) -> str:
        """Hand the message over; return the gateway's id. An answer that cannot be read still means it was taken."""
        if not notice.to:
            raise Rejected("this person has no telephone number")
        body = {"id": notice.id, "to": notice.to, "text": notice.text, "receipt_url": notice.receipt_url}
        answer = await self._http.post(body)
        try:
            return msgspec.json.decode(answer, type=_Answer).message_id
        except msgspec.MsgspecError:
            return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

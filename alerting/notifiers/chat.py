"""Chat groups and everything else that apprise knows: DingTalk, Feishu, WeCom and many more. Gets no receipts.

apprise says only whether a service took the message, so every failure is taken for one that may pass.
"""

import asyncio
import logging
from typing import Literal

import apprise

from alerting.notifiers import Notice
from alerting.notifiers.phone import international
from standpipe.model import settings
from standpipe.model.errors import ConfigError, Fault, Retryable

TIMEOUT = 8.0
"""Seconds for the whole exchange; apprise itself gives up on a silent service after 4 s to connect and 4 s to read."""
_TO = "{to}"


class Chat:
    """One apprise address."""

    receipts: Literal["on_sending", "later"] = "on_sending"

    def __init__(self, config: settings.Notifier) -> None:
        """Take url or url_file, as https://appriseit.com describes; `{to}` in it becomes the person's number; country.

        Raises ConfigError, without the address, for one that apprise does not understand.
        """
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._config = config
        self._fixed = None if _TO in config.url else _service(config.url)
        if self._fixed is None:
            _service(config.url.replace(_TO, "8613900000000"))

    async def send(self, notice: Notice) -> str:
        """Hand title and text over; return the notice's id. Raises Retryable, or Rejected for a bad number."""
        service = self._fixed
        if service is None:
            number = international(notice.to, self._config.country)
            service = _service(self._config.url.replace(_TO, number[1:]))
        try:
            async with asyncio.timeout(TIMEOUT):
                taken = await service.async_notify(title=notice.title, body=notice.text)
        except TimeoutError:
            raise Retryable("the service did not answer in time") from None
        if not taken:
            raise Retryable("the service did not take the message")
        return notice.id

    async def close(self) -> None:
        """Do nothing: apprise keeps no connection."""


def _service(url: str) -> apprise.Apprise:
    service = apprise.Apprise()
    if not service.add(url):
        raise ConfigError([Fault("settings", "url", "not an address that apprise understands")])
    return service

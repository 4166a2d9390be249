"""SMS and calls through any HTTP interface that takes one request per message, described in the settings.

What it cannot do is read receipts: that the gateway took the message is the receipt.
"""

import re
from typing import Literal
from urllib.parse import urlencode

import msgspec

from alerting.notifiers import Notice
from alerting.notifiers.http_post import HttpPost, settle
from alerting.notifiers.phone import international
from standpipe.model import settings
from standpipe.model.errors import ConfigError, Fault, Retryable

_NAMES = ("to", "digits", "national", "text", "id", "username", "password")
_NAME = re.compile(r"\{(\w*)\}")
_READ = 65_536
"""Characters of an answer that are looked at."""


class HttpTemplate:
    """One gateway."""

    receipts: Literal["on_sending", "later"] = "on_sending"

    def __init__(self, config: settings.Notifier) -> None:
        """Take url and fields; format, taken, message_id, token, username, password, country. Raises ConfigError."""
        faults = [
            Fault("settings", f"fields.{name}", f"nothing is called {{{found}}}; known: {', '.join(_NAMES)}")
            for name, value in config.fields.items()
            for found in _NAME.findall(value)
            if found not in _NAMES
        ]
        for key in ("taken", "message_id"):
            try:
                groups = re.compile(getattr(config, key)).groups
            except re.error as err:
                faults.append(Fault("settings", key, f"is no regular expression: {err}"))
            else:
                if key == "message_id" and config.message_id and not groups:
                    faults.append(Fault("settings", key, "has no group for the id"))
        if faults:
            raise ConfigError(faults)
        self._config = config
        self._http = HttpPost(config.url, config.token)

    async def send(self, notice: Notice) -> str:
        """Send the request; return the message id found in the answer, else the empty string."""
        config = self._config
        fields = self._filled(notice)
        if config.format == "json":
            answer = await self._http.exchange(msgspec.json.encode(fields))
        elif config.format == "query":
            mark = "&" if "?" in config.url else "?"
            answer = await self._http.exchange(b"", url=f"{config.url}{mark}{urlencode(fields)}")
        else:
            form = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
            answer = await self._http.exchange(urlencode(fields).encode(), form)
        settle(answer)
        text = answer.text[:_READ]
        if not re.search(config.taken, text):
            raise Retryable("the gateway did not say yes")
        found = re.search(config.message_id, text) if config.message_id else None
        return found[1] if found else ""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _filled(self, notice: Notice) -> dict[str, str]:
        """Return the fields with their names replaced, once: what stands in a text is never a name."""
        config = self._config
        to = international(notice.to, config.country)
        values = {
            "to": to,
            "digits": to[1:],
            "national": to.removeprefix(f"+{config.country}").lstrip("+"),
            "text": notice.text,
            "id": notice.id,
            "username": config.username,
            "password": config.password,
        }
        return {name: _NAME.sub(lambda found: values[found[1]], field) for name, field in config.fields.items()}

"""One JSON POST to a provider, with its outcome as Retryable or Rejected. Keeps a connection open between notices."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from standpipe.model.errors import Rejected, Retryable

TIMEOUT = 5.0
"""Seconds for the whole exchange: a gateway that is slower counts as not reached."""
importlib.import_module("anyio._backends._asyncio")
"""httpx loads it with the first request, 0.2 s, and the first request may be a fire's."""
logging.getLogger("httpx").setLevel(logging.WARNING)
"""It logs every address, and some gateways want the number in it."""
_AGAIN = {408, 409, 425, 429}


class HttpPost:
    """A client for one address."""

    def __init__(self, url: str, token: str) -> None:
        """`token` is sent as a bearer token where it is not empty."""
        self._url = url
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.AsyncClient(timeout=TIMEOUT, headers=headers, trust_env=False)

    async def post(self, body: dict[str, Any]) -> bytes:
        """Post one object and return the answer's body. Raises Retryable or Rejected; no reason shows the body."""
        answer = await self.exchange(msgspec.json.encode(body))
        settle(answer)
        return answer.content

    async def exchange(
        self, content: bytes, headers: Mapping[str, str] | None = None, *, url: str | None = None
    ) -> httpx.Response:
        """Post octets and return whatever is answered. Raises Retryable when nothing is, Rejected for a bad address."""
        try:
            return await self._client.post(url or self._url, content=content, headers=headers)
        except httpx.InvalidURL as err:
            raise Rejected(f"not an address: {err}") from None
        except httpx.HTTPError as err:
            raise Retryable(f"not reached: {type(err).__name__}") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def settle(answer: httpx.Response, *, reason: str = "") -> None:
    """Raise Retryable or Rejected for an answer that is no success; `reason` is what the provider says of it."""
    if answer.is_success:
        return
    words = f"answered {answer.status_code} {reason}".rstrip()
    if answer.status_code >= 500 or answer.status_code in _AGAIN:
        raise Retryable(words, after=_seconds(answer.headers.get("Retry-After")))
    raise Rejected(words)


def _seconds(text: str | None) -> float | None:
    """Return a Retry-After in seconds; None for none, and for a date."""
    return min(float(text), 60.0) if text and text.isdigit() else None

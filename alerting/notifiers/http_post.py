"""One JSON POST to a provider, with its outcome as Retryable or Rejected. Keeps a connection open between notices."""

import importlib
from typing import Any

import httpx
import msgspec

from standpipe.model.errors import Rejected, Retryable

TIMEOUT = 5.0
"""Seconds for the whole exchange: a gateway that is slower counts as not reached."""
importlib.import_module("anyio._backends._asyncio")
"""httpx loads it with the first request, 0.2 s, and the first request may be a fire's."""
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
        try:
            answer = await self._client.post(self._url, content=msgspec.json.encode(body))
        except httpx.InvalidURL as err:
            raise Rejected(f"not an address: {err}") from None
        except httpx.HTTPError as err:
            raise Retryable(f"not reached: {type(err).__name__}") from None
        if answer.is_success:
            return answer.content
        reason = f"answered {answer.status_code}"
        if answer.status_code >= 500 or answer.status_code in _AGAIN:
            raise Retryable(reason, after=_seconds(answer.headers.get("Retry-After")))
        raise Rejected(reason)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _seconds(text: str | None) -> float | None:
    """Return a Retry-After in seconds; None for none, and for a date."""
    return min(float(text), 60.0) if text and text.isdigit() else None

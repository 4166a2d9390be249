"""Reads a posted form: small, url-encoded, each field once. Never trusts a length that it has not counted."""

from collections import OrderedDict
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

MAX_BODY = 16_384
MAX_FIELD = 1_000


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields, stripped, without control characters. Raises HTTPException 400 or 413."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise HTTPException(400) from None
    return {name: _clean(value)[:MAX_FIELD] for name, value in pairs}


def _clean(text: str) -> str:
    """Return a line of text: control characters become spaces."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


class Once:
    """Remembers the last forms that were acted upon, so that a double click acts once."""

    def __init__(self, size: int = 2_000) -> None:
        """Remember `size` forms."""
        self._size = size
        self._seen: OrderedDict[str, None] = OrderedDict()

    def first(self, token: str) -> bool:
        """Return whether this form's token is seen for the first time; a form without one always is."""
        if not token:
            return True
        if token in self._seen:
            return False
        self._seen[token] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True

    def forget(self, token: str) -> None:
        """Let the form be sent again: what it asked for did not happen."""
        self._seen.pop(token, None)

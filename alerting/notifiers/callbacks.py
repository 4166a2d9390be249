"""What callbacks of the SMS providers have in common: a key in the query, bodies of JSON, times of China."""

import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from standpipe.model.errors import DecodeError, Rejected

T = TypeVar("T")
_CHINA = timezone(timedelta(hours=8))


def check_key(query: str, key: str) -> None:
    """Raise Rejected unless the query holds the key; without one in settings nothing is believed.

    A forged receipt would keep the next person from being told, so a provider that signs nothing must know a secret.
    """
    given = parse_qs(query).get("key", [""])[0]
    if not key or not hmac.compare_digest(given.encode(), key.encode()):
        raise Rejected("callback without the right key")


def read_json(body: bytes, type_: type[T]) -> T:
    """Return a callback's body. Raises DecodeError with the place that is wrong, never with what stands there."""
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.MsgspecError as err:
        raise DecodeError(f"callback cannot be read: {err}") from None


def china_time(text: str, *, now: int) -> int:
    """Return `2026-11-22 08:00:00` of China as epoch ms; `now` for what is no time."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA).timestamp() * 1000)
    except ValueError:
        return now


def utc(now: int) -> datetime:
    """Return epoch ms as a datetime in UTC."""
    return datetime.fromtimestamp(now / 1000, UTC)

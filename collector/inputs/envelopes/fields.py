"""Reads the parts that several envelopes share: base64, hex, times, addresses. Raises DecodeError naming the field."""

import base64
import binascii
import re
from datetime import UTC, datetime

from standpipe.model.errors import DecodeError

_EUI = re.compile(r"[0-9a-fA-F]{16}")
_IMEI = re.compile(r"\d{15}")
_FRACTION = re.compile(r"(\.\d{6})\d+")


def from_base64(text: str, field: str) -> bytes:
    """Return the bytes of base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DecodeError(f"{field}: not base64") from None


def deveui(text: str, field: str) -> str:
    """Return the address of a LoRaWAN device."""
    if not _EUI.fullmatch(text):
        raise DecodeError(f"{field}: expected 16 hex digits, got {text[:40]!r}")
    return f"deveui:{text.lower()}"


def imei_or(text: str, scheme: str, field: str) -> str:
    """Return `imei:` where it is one, else an address of the platform's own."""
    if _IMEI.fullmatch(text):
        return f"imei:{text}"
    if not text or len(text) > 128 or not text.isprintable() or " " in text:
        raise DecodeError(f"{field}: expected a device id, got {text[:40]!r}")
    return f"{scheme}:{text}"


def iso_time(text: str | None) -> int | None:
    """Return epoch ms of ISO 8601 text with any number of decimals, None for nothing or what is none."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        return None
    return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000)

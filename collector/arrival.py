"""Arrival: bytes as an input took them, with what the transport knows about them. Never says what they mean."""

from enum import Enum

import msgspec


class Repeats(Enum):
    """What makes two arrivals of one identity the same."""

    NEVER = "never"
    """Nothing: each is news."""
    NUMBERED = "numbered"
    """The identity holds a number that the sender gives each message."""
    STAMPED = "stamped"
    """The device's own time in every reading of it; without one, equal words may be said twice."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One uplink on its way into the pipeline."""

    source: str
    """Name of the input: gb26875, http, mqtt."""
    address: str
    """Wire identity of the sender, `scheme:value`."""
    payload: bytes
    received_at: int
    """Epoch ms, UTC, when the last byte arrived."""
    decoded: bytes = b""
    """The payload as a JSON object where a network server has decoded it; for device types that read JSON."""
    port: int = 0
    """LoRaWAN port."""
    stamp: int | None = None
    """Epoch ms when the network heard it, for messages that carry no time of their own."""
    device_type: str = ""
    """Folder name of the device type where the transport says it; empty where only the registry can know."""
    peer: str = ""
    """IP address of the other side where the transport has one of the device's own; empty behind a broker."""
    clock: bytes = b""
    """The sender's clock when it sent, as a GB/T 26875.3 time label; empty where the protocol carries none."""
    identity: bytes = b""
    """The part of the payload that stays the same when the sender repeats itself; empty for the whole payload."""
    repeats: Repeats = Repeats.NEVER
    again: bool = True
    """Whether this may be a repetition; False where the transport says that it is not."""

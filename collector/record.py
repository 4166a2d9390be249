"""What the spool keeps of one uplink, and its bytes. Never read by another room: outputs get the readings."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from standpipe.model.reading import Reading
from standpipe.model.signal import Lane


class Record(msgspec.Struct, frozen=True, array_like=True):
    """All readings of one uplink, with the bytes they were decoded from."""

    source: str
    address: str
    key: bytes
    """What a resend of this uplink has in common with it; empty where resends cannot be told."""
    payload: bytes
    readings: list[Reading]
    lines: bytes = b""
    """Line protocol to be stored as it came (ms), of senders that are no devices of ours: seen by no rule."""


class Kept(msgspec.Struct, frozen=True):
    """An uplink that goes into the spool."""

    lane: Lane
    record: Record
    body: bytes
    """The record's bytes on disk."""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """An uplink that cannot be used, kept with the reason."""

    address: str
    device_type: str
    cause: str
    """unknown | decode | peer | type | frame | command"""
    reason: str
    """For a person."""
    payload: bytes
    at: int


class Empty(msgspec.Struct, frozen=True):
    """An uplink of a registered device that says nothing to store."""

    address: str


Outcome: TypeAlias = Kept | Quarantined | Empty
"""What the pipeline makes of one arrival."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


def encode(record: Record) -> bytes:
    """Return one record's bytes. Raises UnicodeEncodeError or OverflowError for what has no form on disk."""
    return _encoder.encode(record)


def join(bodies: Sequence[bytes]) -> bytes:
    """Return the bytes of a row of the spool: a msgpack array of at most 65,535 records."""
    return b"\xdc" + len(bodies).to_bytes(2, "big") + b"".join(bodies)


def decode(row: bytes) -> list[Record]:
    """Return the records of a row. Raises msgspec.MsgspecError for anything else."""
    return _decoder.decode(row)

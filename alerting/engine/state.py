"""What the engine remembers, in a shape that goes to disk and back unchanged. Pure data."""

from typing import Any

import msgspec

from alerting.engine.device_clock import DeviceClock
from alerting.engine.silence import Watch
from alerting.engine.together import Group
from alerting.engine.track import Track


class DeviceState(msgspec.Struct, array_like=True, gc=False):
    """One device as last heard, and its rules' tracks."""

    kind: str
    site: str
    zone: str
    heard_at: int = 0
    """Receive time of its latest reading, epoch ms."""
    values: dict[str, tuple[Any, int]] = {}
    """Field -> (newest value, its event time)."""
    suspect: bool = False
    clock: DeviceClock = msgspec.field(default_factory=DeviceClock)
    tracks: dict[str, Track] = {}
    """Rule id -> track."""


class EngineState(msgspec.Struct):
    """Everything the engine knows."""

    devices: dict[str, DeviceState] = {}
    watch: Watch = msgspec.field(default_factory=Watch)
    groups: dict[str, Group] = {}
    """`<rule>|<site>|<zone>` -> the members of a rule about several devices."""


def encode(state: EngineState) -> bytes:
    """Return the state as MessagePack."""
    return msgspec.msgpack.encode(state)


def decode(blob: bytes) -> EngineState:
    """Return the state from `encode`. Raises msgspec.DecodeError or ValidationError for anything else."""
    return msgspec.msgpack.decode(blob, type=EngineState)

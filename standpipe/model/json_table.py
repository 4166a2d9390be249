"""The `[json]` table of a device.toml: which key of a JSON object is which metric or signal. Reads no object."""

from typing import TypeAlias

import msgspec

Scalar: TypeAlias = str | int | float | bool


class FieldSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a metric's value stands and what turns it into the metric's unit: value = number x factor + offset."""

    key: str
    """Dotted path into the object: `data.pressure`, `rxInfo.0.rssi`."""
    factor: float = 1.0
    offset: float = 0.0
    names: dict[str, Scalar] = {}
    """For words and codes: what each of the device's values is in ours. One that is not here is refused."""
    missing: list[Scalar] = []
    """Values by which the device says that it does not know."""
    assumed: bool = False
    """The unit is a guess: the value is stored and shown, and no rule looks at it."""


class SignalSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a signal is on: the key holds yes, or one of `on`."""

    key: str
    on: list[Scalar] = []


class JsonTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table itself. In place of codec.py for a device that sends JSON; behind a JavaScript codec for its result."""

    fields: dict[str, str | FieldSpec] = {}
    """Metric -> key, or a FieldSpec. Several metrics may look at one key."""
    signals: dict[str, str | SignalSpec] = {}
    """Signal -> key, or a SignalSpec. A message that has all these keys states all signals."""
    time: str = "ts"
    """Key of the time: epoch seconds or milliseconds, or ISO 8601. May be absent from a message."""
    list: str = ""
    """Key of a list of measurements in one message, each with its own time; they are read beside the object itself."""

    def field(self, metric: str) -> FieldSpec:
        """Return the spec of a metric, written out."""
        spec = self.fields[metric]
        return FieldSpec(key=spec) if isinstance(spec, str) else spec

    def signal(self, name: str) -> SignalSpec:
        """Return the spec of a signal, written out."""
        spec = self.signals[name]
        return SignalSpec(key=spec) if isinstance(spec, str) else spec


class JavaScript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[javascript]` table of a device.toml: a maker's payload codec, whose result the `[json]` table reads."""

    file: str = "codec.js"
    stateful: bool = False
    """The codec remembers things between calls: every uplink gets a fresh context, some thirty times slower."""
    port: int = 1
    """LoRaWAN port of a payload of which nobody says the port."""

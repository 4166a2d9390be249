"""Uplink, Observation and Reading: one frame as received, what its codec saw in it, and what travels onwards."""

from typing import TypeAlias

import msgspec

from standpipe.model.signal import Lane, Quality, Signal

Value: TypeAlias = float | int | bool | str
"""One field's value. Types are fixed by the manifest: a metric is never int in one reading and float in the next."""


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """One frame exactly as received, before anything is known about its sender."""

    source: str
    """Name of the input that took it: gb26875, mqtt, http …"""
    address: str
    """Wire identity, `scheme:value`: gb26875:790300000000 · device:HY-014 · deveui:… · imei:…"""
    payload: bytes
    received_at: int
    """Epoch ms, UTC, when the last byte arrived."""
    device_type: str = ""
    """Folder name of the device type when the transport knows it; else the registry says."""
    utc_offset: int = 28_800
    """Seconds east of UTC of the site's wall clock, for wire times that carry no zone. Default Asia/Shanghai."""
    profile: str = ""
    """Vendor dialect of the device, as the registry has it; empty for the standard."""
    port: int = 0
    """LoRaWAN port (fPort) of the payload; 0 where there is none."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What a codec saw: one message of one device or of one component of it. Pure data, no registry knowledge."""

    fields: dict[str, Value] = {}
    """Metric name -> value in the metric's declared unit."""
    signals: frozenset[Signal] = frozenset()
    """Signals that are on now. A signal that is not here is off (see `reports_signals`)."""
    reports_signals: bool = False
    """True when this message states all signals of its component, so that an absent one is known to be off."""
    observed_at: int | None = None
    """Epoch ms, UTC, by the device's clock; None when the message carries no time."""
    component: str = ""
    """Identity of the component inside the device (`1.1.40.131082`), empty for the device itself."""
    text: str = ""
    """Words of the device for a person (a component's description). Hostile input: escape where shown."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device message = many fields = one InfluxDB point, stamped with what the registry knows."""

    device: str
    """Registry id; a component is `<transmitter id>/<component>` unless the registry names it."""
    kind: str
    """Measurement name: hydrant, smoke, fire_component, transmitter …"""
    observed_at: int
    received_at: int
    fields: dict[str, Value]
    signals: frozenset[Signal] = frozenset()
    reports_signals: bool = False
    site: str = ""
    zone: str = ""
    district: str = ""
    quality: Quality = Quality.GOOD
    lane: Lane = Lane.NORMAL
    uplink_id: str = ""
    """Identity of the frame it came from: the same frame sent again has the same id (source, serial, payload)."""
    text: str = ""
    """Words of the device for a person; never a tag, never compared."""


class SpooledReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reading as alerting receives it: its place in the collector's spool makes a second delivery recognisable."""

    seq: int
    spooled_at: int
    """Epoch ms when it was durable in the collector, which is when the device was acknowledged."""
    reading: Reading


class ReadingBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST /readings`, the only thing that collector and alerting share.

    Sequence numbers rise within (collector, lane), with gaps allowed. A batch is applied once: readings at or below the
    highest sequence already applied are skipped. An empty batch is a sign of life.
    """

    collector: str
    """Identity of the spool (made once when the spool file is made), not of the machine."""
    lane: Lane
    readings: list[SpooledReading]
    sent_at: int
    troubles: list[dict[str, str]] = []
    """What is wrong with the collector itself, in words by language; comes with the sign of life, gone when mended."""

"""Arrival to readings: identify, decode, check, stamp, choose the lane. Pure of sockets, files and clocks."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from collector.arrival import Arrival
from collector.counters import Counters
from collector.device_time import Clock, observed_at
from collector.identify import Directory, Refusal, Sender
from collector.record import Empty, Kept, Outcome, Quarantined, Record, encode
from plugins.catalogue import LoadedType
from plugins.checking import at_site, check
from standpipe.model.errors import DecodeError
from standpipe.model.gb26875.frame import read_time_label
from standpipe.model.reading import Observation, Reading, Uplink
from standpipe.model.registry import Registry
from standpipe.model.signal import URGENT, Lane, Quality

REASON_LIMIT = 300
"""Longest reason kept, in characters: it quotes what a device sent."""
MAX_ALARMING = 100_000
"""Devices remembered as alarming. Beyond that the clearing of an alarm may travel in the normal lane."""


class Times(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known about when an uplink was said. Epoch ms, UTC."""

    received_at: int
    sent_at: int | None = None
    """The sender's clock when it sent."""
    stamp: int | None = None
    """When the network heard it."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """An arrival whose sender is known, ready for the codec."""

    arrival: Arrival
    sender: Sender
    uplink: Uplink


def resend_key(address: str, identity: bytes) -> bytes:
    """Return what an uplink and its resend have in common, in 16 bytes."""
    return blake2b(address.encode() + b"\0" + identity, digest_size=16).digest()


class Pipeline:
    """Turns one arrival into one outcome. Remembers only which devices are alarming."""

    def __init__(self, types: Mapping[str, LoadedType], registry: Registry, counters: Counters) -> None:
        """Take the catalogue's types by folder name and the registry."""
        self.directory = Directory(types, registry)
        self._counters = counters
        self._alarming: dict[str, None] = {}

    def process(self, arrival: Arrival, *, key: bytes) -> Outcome:
        """Return what becomes of one arrival; `key` is its `resend_key`. Never raises for anything a device sent."""
        said = self.open(arrival)
        return said if isinstance(said, Quarantined) else self.read(said, key=key)

    def read(self, said: "Said", *, key: bytes) -> Outcome:
        """Return what becomes of an arrival whose codec may be called here and now."""
        try:
            seen = said.sender.loaded.decode(said.uplink)
        except DecodeError as err:
            return self.refuse(said, err)
        return self.close(said, seen, key=key)

    def open(self, arrival: Arrival) -> "Said | Quarantined":
        """Return an arrival with its sender, ready for the codec, or why there is none."""
        sender = self.directory.admit(arrival)
        if isinstance(sender, Refusal):
            return _quarantine(arrival, sender.cause, sender.reason, sender.device_type)
        uplink = Uplink(
            source=arrival.source,
            address=arrival.address,
            payload=arrival.decoded if arrival.decoded and not sender.reads_raw else arrival.payload,
            received_at=arrival.received_at,
            device_type=sender.device.type,
            port=arrival.port,
            utc_offset=sender.utc_offset(arrival.received_at),
            profile=sender.device.profile,
        )
        return Said(arrival, sender, uplink)

    def refuse(self, said: "Said", error: ValueError | OverflowError) -> Quarantined:
        """Return what becomes of an arrival that its codec, or what follows it, cannot read."""
        return _quarantine(said.arrival, "decode", str(error), said.sender.device.type)

    def close(self, said: "Said", seen: Sequence[Observation], *, key: bytes) -> Outcome:
        """Return what becomes of an arrival that its codec has read."""
        arrival, sender, uplink = said.arrival, said.sender, said.uplink
        sent_at = read_time_label(arrival.clock, uplink.utc_offset) if arrival.clock else None
        try:
            times = Times(received_at=uplink.received_at, sent_at=sent_at, stamp=arrival.stamp)
            readings = self.stamp(seen, sender, times, source=uplink.source, key=key)
            record = Record(arrival.source, arrival.address, key, arrival.payload, readings)
            body = encode(record)
        except (DecodeError, UnicodeEncodeError, OverflowError) as err:
            return self.refuse(said, err)
        if not readings:
            return Empty(arrival.address)
        return Kept(lane_of(readings), record, body)

    def stamp(
        self, seen: Sequence[Observation], sender: Sender, times: Times, *, source: str, key: bytes
    ) -> list[Reading]:
        """Check observations and stamp them. Raises DecodeError; then none of them may be used."""
        device_type = sender.loaded.type
        readings = []
        for observation in seen:
            fields, quality, _ = check(at_site(observation, device_type, sender.facts), device_type)
            if not (fields or observation.signals or observation.reports_signals):
                continue
            said_at = times.stamp if observation.observed_at is None else observation.observed_at
            at, believed = observed_at(said_at, received_at=times.received_at, sent_at=times.sent_at)
            if believed is not Clock.GOOD:
                self._counters.add(believed, source)
                quality = Quality.SUSPECT
            if quality is Quality.SUSPECT:
                self._counters.add("suspect_readings", source)
            place = sender.place(observation.component)
            readings.append(
                Reading(
                    device=place.device,
                    kind=device_type.component_kind if observation.component else device_type.kind,
                    observed_at=at,
                    received_at=times.received_at,
                    fields=fields,
                    signals=observation.signals,
                    reports_signals=observation.reports_signals,
                    site=place.site,
                    zone=place.zone,
                    district=place.district,
                    quality=quality,
                    lane=self._lane(place.device, observation),
                    uplink_id=_uplink_id(key, said_at, times.received_at),
                    text=observation.text,
                )
            )
        return readings

    def _lane(self, device: str, observation: Observation) -> Lane:
        """Return the fire lane for an alarm and for its end: an end that is overtaken would close the next alarm."""
        if observation.signals and not URGENT.isdisjoint(observation.signals):
            if len(self._alarming) < MAX_ALARMING:
                self._alarming[device] = None
            return Lane.FIRE
        if observation.reports_signals and device in self._alarming:
            del self._alarming[device]
            return Lane.FIRE
        return Lane.NORMAL


def lane_of(readings: Sequence[Reading]) -> Lane:
    """Return the lane of a record: one urgent reading takes the others with it."""
    return Lane.FIRE if any(reading.lane is Lane.FIRE for reading in readings) else Lane.NORMAL


def _uplink_id(key: bytes, stamp: int | None, received_at: int) -> str:
    """Return the same id for the same frame, and another one for equal words said at another time."""
    return f"{key.hex()}-{received_at if stamp is None else stamp:x}"


def _quarantine(arrival: Arrival, cause: str, reason: str, device_type: str) -> Quarantined:
    return Quarantined(
        address=arrival.address,
        device_type=device_type,
        cause=cause,
        reason=reason[:REASON_LIMIT],
        payload=arrival.payload,
        at=arrival.received_at,
    )

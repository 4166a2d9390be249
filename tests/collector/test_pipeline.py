"""What becomes of one arrival: a table of arrivals and outcomes."""

from typing import Any

import pytest

from collector.arrival import Arrival
from collector.counters import Counters
from collector.device_time import AGE_LIMIT, Clock, observed_at
from collector.pipeline import Pipeline
from collector.record import Kept, Quarantined, decode, join
from plugins.catalogue import Catalogue
from standpipe.model.gb26875.frame import time_label
from standpipe.model.registry import Registry
from standpipe.model.signal import Lane, Quality, Signal

NOW = 1_790_000_000_000
CHINA = 28_800


@pytest.fixture
def pipeline(catalogue: Catalogue, registry: Registry) -> Pipeline:
    return Pipeline(catalogue.types, registry, Counters())


def http(payload: str, *, address: str = "device:HY-1", device_type: str = "hydrant_json") -> Arrival:
    return Arrival(source="http", address=address, payload=payload.encode(), received_at=NOW, device_type=device_type)


def transmitter(frame: bytes, **more: Any) -> Arrival:
    address = more.pop("address", "gb26875:790300000000")
    return Arrival(source="gb26875", address=address, payload=frame, received_at=NOW, **more)


def kept(pipeline: Pipeline, arrival: Arrival) -> Kept:
    outcome = pipeline.process(arrival, key=b"k")
    assert isinstance(outcome, Kept), outcome
    return outcome


def test_a_registered_hydrant_becomes_a_stamped_reading(pipeline: Pipeline) -> None:
    reading = kept(pipeline, http('{"pressure_mpa": 0.31}')).record.readings[0]
    assert (reading.device, reading.kind, reading.site, reading.zone, reading.district) == (
        "hydrant-1",
        "hydrant",
        "town",
        "north",
        "east",
    )
    assert reading.fields == {"pressure": 310.0}
    assert (reading.observed_at, reading.received_at, reading.quality) == (NOW, NOW, Quality.GOOD)


def test_a_record_keeps_the_raw_payload_beside_its_readings(pipeline: Pipeline) -> None:
    outcome = kept(pipeline, http('{"pressure_mpa": 0.31}'))
    assert decode(join([outcome.body])) == [outcome.record]
    assert outcome.record.payload == b'{"pressure_mpa": 0.31}'


REFUSED = {
    "unregistered device": (http("{}", address="device:nobody"), "unknown", "nobody registered"),
    "unregistered transmitter": (transmitter(b"", address="gb26875:ffffffffffff"), "unknown", "nobody registered"),
    "sent as another type": (http("{}", device_type="smoke_json"), "type", "sent as smoke_json"),
    "type not installed": (http("{}", address="device:XX-1", device_type=""), "type", "not installed"),
    "field of a wrong kind": (http('{"pressure_mpa": "high"}'), "decode", "pressure_mpa"),
    "not JSON": (http("{pressure"), "decode", "JSON"),
    "not UTF-8": (http("\xff"), "decode", ""),
    "infinite time": (http('{"pressure_mpa": 0.3, "ts": 1e300}'), "decode", "ts"),
    "half a frame": (transmitter(b"@@\x01"), "decode", "3 bytes"),
    "another network": (
        transmitter(b"", address="gb26875:010000000000", peer="192.0.2.7"),
        "peer",
        "came from 192.0.2.7",
    ),
    "no address at all": (transmitter(b"", address="gb26875:010000000000", peer="unix"), "peer", "came from unix"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_quarantined_with_its_reason(pipeline: Pipeline, name: str) -> None:
    arrival, cause, reason = REFUSED[name]
    outcome = pipeline.process(arrival, key=b"k")
    assert isinstance(outcome, Quarantined)
    assert outcome.cause == cause
    assert reason in outcome.reason
    assert outcome.payload == arrival.payload


@pytest.mark.parametrize("peer", ["10.9.1.2", "::ffff:10.9.1.2"])
def test_a_transmitter_is_taken_from_its_own_network(pipeline: Pipeline, frame_of: Any, peer: str) -> None:
    frame = frame_of(source=bytes.fromhex("010000000000"))
    assert kept(pipeline, transmitter(frame, address="gb26875:010000000000", peer=peer))


def test_a_component_named_in_the_registry_goes_by_that_name(
    pipeline: Pipeline, frame_of: Any, fire_adu: bytes
) -> None:
    outcome = kept(pipeline, transmitter(frame_of(fire_adu)))
    reading = outcome.record.readings[0]
    assert (reading.device, reading.kind, reading.zone) == ("smoke-0042", "fire_component", "hall")
    assert reading.signals == {Signal.FIRE}
    assert (outcome.lane, reading.lane) == (Lane.FIRE, Lane.FIRE)


def test_the_end_of_an_alarm_travels_in_the_fire_lane_once(pipeline: Pipeline, frame_of: Any, fire_adu: bytes) -> None:
    quiet = fire_adu[:9] + b"\x00\x00" + fire_adu[11:]
    lanes = [kept(pipeline, transmitter(frame_of(adu))).lane for adu in (quiet, fire_adu, quiet, quiet)]
    assert lanes == [Lane.NORMAL, Lane.FIRE, Lane.FIRE, Lane.NORMAL]


def test_a_value_out_of_range_is_kept_and_suspect(pipeline: Pipeline) -> None:
    reading = kept(pipeline, http('{"pressure_kpa": 9000}')).record.readings[0]
    assert (reading.fields, reading.quality) == ({"pressure": 9000.0}, Quality.SUSPECT)


@pytest.mark.parametrize(
    ("stamp", "sent_at", "stored", "believed"),
    [
        (None, None, NOW, Clock.GOOD),
        (NOW - 86_400_000, None, NOW - 86_400_000, Clock.GOOD),
        (NOW + 5_000, None, NOW + 5_000, Clock.GOOD),
        (NOW + 5_001, None, NOW, Clock.FUTURE),
        (NOW - AGE_LIMIT, None, NOW - AGE_LIMIT, Clock.GOOD),
        (NOW - AGE_LIMIT - 1, None, NOW, Clock.OLD),
        (NOW - 3_600_000, NOW - 60_000, NOW - 3_600_000, Clock.GOOD),
        (NOW - 3_600_000, NOW - 3_590_000, NOW - 10_000, Clock.SHIFTED),
        (NOW + 7_200_000, NOW + 7_200_000, NOW, Clock.SHIFTED),
        (NOW - 10, NOW - 10 * AGE_LIMIT, NOW, Clock.FUTURE),
    ],
)
def test_when_a_reading_happened(stamp: int | None, sent_at: int | None, stored: int, believed: Clock) -> None:
    assert observed_at(stamp, received_at=NOW, sent_at=sent_at) == (stored, believed)


def test_a_fire_from_a_transmitter_with_a_dead_clock_is_a_fire_of_now(
    pipeline: Pipeline, frame_of: Any, fire_adu: bytes
) -> None:
    dead = NOW - 400 * 86_400_000
    adu = fire_adu[:-6] + time_label(dead - 2_000, CHINA)
    frame = frame_of(adu, time=time_label(dead, CHINA))
    reading = kept(pipeline, transmitter(frame, clock=frame[6:12])).record.readings[0]
    assert NOW - 3_000 <= reading.observed_at <= NOW
    assert reading.quality is Quality.SUSPECT


def test_the_same_frame_gets_the_same_id_and_equal_words_at_another_time_do_not(pipeline: Pipeline) -> None:
    stamped = http('{"pressure_mpa": 0.31, "ts": 1789999990}')
    bare = http('{"pressure_mpa": 0.31}')
    later = Arrival(
        source="http", address=bare.address, payload=bare.payload, received_at=NOW + 1, device_type="hydrant_json"
    )
    ids = [kept(pipeline, arrival).record.readings[0].uplink_id for arrival in (stamped, stamped, bare, later)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3

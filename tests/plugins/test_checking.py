"""Values on their way in: allowed for their place, coerced to their declared type, judged by their range."""

import math
from typing import Literal

import pytest

from plugins.catalogue import Catalogue
from plugins.checking import SiteFacts, air_pressure, at_site, check
from standpipe.model.device_type import DeviceType
from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Value
from standpipe.model.signal import Quality, Signal


@pytest.fixture
def hydrant(catalogue: Catalogue) -> DeviceType:
    return catalogue.types["hydrant_json"].type


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        pytest.param("pressure", 320, 320.0, id="a whole number is a float"),
        pytest.param("pressure", -100, -100.0, id="the low end itself"),
        pytest.param("pressure", 2500.0, 2500.0, id="the high end itself"),
        pytest.param("cap_open", 1, True, id="one is yes"),
        pytest.param("cap_open", False, False, id="no"),
    ],
)
def test_a_value_becomes_its_declared_type(name: str, raw: Value, value: Value, hydrant: DeviceType) -> None:
    fields, quality, faults = check(Observation(fields={name: raw}), hydrant)
    assert (fields, type(fields[name]), quality, faults) == ({name: value}, type(value), Quality.GOOD, [])


@pytest.mark.parametrize(
    ("raw", "kept", "fault"),
    [
        pytest.param(2500.1, {"pressure": 2500.1}, "pressure 2500.1 kPa is over 2500", id="over"),
        pytest.param(-101.0, {"pressure": -101.0}, "pressure -101 kPa is under -100", id="under"),
        pytest.param(math.nan, {}, "pressure is nan, not a number", id="not a number"),
        pytest.param(math.inf, {}, "pressure is inf, not a number", id="infinite"),
        pytest.param(10**400, {}, "pressure is too large to be stored", id="no float"),
    ],
)
def test_a_value_that_cannot_be_believed_makes_the_reading_suspect(
    raw: Value, kept: dict[str, Value], fault: str, hydrant: DeviceType
) -> None:
    observation = Observation(fields={"pressure": raw}, signals=frozenset({Signal.FIRE}))
    assert check(observation, hydrant) == (kept, Quality.SUSPECT, [fault])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"presure": 1.0}, "field 'presure' is not declared; declared: pressure", id="not declared"),
        pytest.param({"pressure": "high"}, "pressure is 'high', expected float", id="text for a number"),
        pytest.param({"pressure": True}, "pressure is True, expected float", id="yes for a number"),
        pytest.param({"cap_open": 2}, "cap_open is 2, expected bool", id="two for yes or no"),
    ],
)
def test_what_the_manifest_does_not_declare_is_a_mistake_of_the_codec(
    fields: dict[str, Value], reason: str, hydrant: DeviceType
) -> None:
    with pytest.raises(DecodeError, match=reason):
        check(Observation(fields=fields), hydrant)


def test_words_of_a_device_are_cut_to_a_bound(catalogue: Catalogue) -> None:
    type_ = catalogue.types["gb26875_transmitter"].type
    fields, _, _ = check(Observation(fields={"version": "x" * 10_000}), type_)
    assert fields == {"version": "x" * 256}


@pytest.mark.parametrize(
    ("altitude", "kpa"),
    [
        pytest.param(0, 101.3, id="sea level"),
        pytest.param(2261, 77.0, id="Xining"),
        pytest.param(2808, 71.8, id="Golmud"),
        pytest.param(3681, 64.2, id="Yushu"),
        pytest.param(4272, 59.5, id="Madoi"),
    ],
)
def test_air_pressure_falls_with_altitude(altitude: float, kpa: float) -> None:
    assert air_pressure(altitude) == pytest.approx(kpa, abs=0.05)


@pytest.mark.parametrize(
    ("reference", "sent"),
    [
        pytest.param("gauge", 150.0, id="a gauge sensor"),
        pytest.param("absolute", 150.0 + 76.95, id="an absolute sensor"),
        pytest.param("sealed", 150.0 + 76.95 - 101.325, id="a sensor with the air of sea level sealed in"),
    ],
)
def test_a_healthy_main_at_2261_m_reads_150_kpa_whatever_the_sensor(
    reference: Literal["gauge", "absolute", "sealed"], sent: float, hydrant: DeviceType
) -> None:
    site = SiteFacts(altitude=2261, reference=reference)
    seen = at_site(Observation(fields={"pressure": sent, "battery": 80.0}), hydrant, site)
    assert seen.fields == {"pressure": pytest.approx(150.0, abs=0.05), "battery": 80.0}


def test_an_uncorrected_sealed_sensor_would_have_read_126() -> None:
    assert 150.0 - (101.325 - air_pressure(2261)) == pytest.approx(126, abs=0.5)


def test_a_closed_dry_hydrant_says_nothing_about_its_main(hydrant: DeviceType) -> None:
    seen = at_site(Observation(fields={"pressure": 0.0}), hydrant, SiteFacts(mounting="barrel"))
    assert seen.fields == {"barrel_pressure": 0.0}

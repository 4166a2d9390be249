"""Line protocol: exact bytes, hostile text, and equality with what a real InfluxDB reads back."""

import math
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from standpipe.model.reading import Reading
from standpipe.model.signal import Quality, Signal
from storage.influx.line_protocol import LineEncoder

SIGNALS = {"smoke": (Signal.FIRE, Signal.FAULT)}


def reading(**changes: Any) -> Reading:
    given: dict[str, Any] = {
        "device": "HY-1",
        "kind": "hydrant",
        "observed_at": 1,
        "received_at": 2,
        "fields": {"pressure": 1.5},
    }
    return Reading(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "hydrant,device=HY-1 pressure=1.5 1\n"),
        (
            {"site": "old town", "zone": "z=1", "district": "城东,一"},
            "hydrant,device=HY-1,district=城东\\,一,site=old\\ town,zone=z\\=1 pressure=1.5 1\n",
        ),
        (
            {"fields": {"n": 3, "on": True, "x": 2.0, "s": 'a "b" \\ c'}},
            'hydrant,device=HY-1 n=3i,on=true,x=2.0,s="a \\"b\\" \\\\ c" 1\n',
        ),
        (
            {"fields": {"x": math.nan, "y": math.inf, "n": 1 << 63, "ok": -(1 << 63)}},
            f"hydrant,device=HY-1 ok={-(1 << 63)}i 1\n",
        ),
        ({"fields": {"x": math.nan}}, ""),
        ({"fields": {}, "quality": Quality.SUSPECT}, ""),
        ({"quality": Quality.SUSPECT}, "hydrant,device=HY-1 pressure=1.5,suspect=true 1\n"),
        (
            {"kind": "smoke", "fields": {}, "reports_signals": True, "signals": frozenset({Signal.FIRE})},
            "smoke,device=HY-1 signal_fire=true,signal_fault=false 1\n",
        ),
        (
            {"kind": "smoke", "fields": {}, "signals": frozenset({Signal.TEST})},
            "smoke,device=HY-1 signal_test=true 1\n",
        ),
        ({"device": "a\\"}, "hydrant,device=a\\\\ pressure=1.5 1\n"),
        ({"device": "a\\ b"}, "hydrant,device=a\\\\\\ b pressure=1.5 1\n"),
        ({"device": "a\nb"}, "hydrant,device=a\\nb pressure=1.5 1\n"),
        ({"fields": {"s": "a\nb"}}, 'hydrant,device=HY-1 s="a b" 1\n'),
    ],
)
def test_a_reading_is_one_exact_line(changes: dict[str, Any], line: str) -> None:
    assert LineEncoder(SIGNALS).encode([reading(**changes)]) == line.encode()


def test_a_kind_nobody_declared_reports_the_whole_vocabulary() -> None:
    line = LineEncoder().encode([reading(fields={}, reports_signals=True)]).decode()
    assert line.count("=false") == len(Signal)


def test_series_beyond_the_limit_are_still_encoded() -> None:
    encoder = LineEncoder(max_series=2)
    lines = encoder.encode([reading(device=f"d{n}") for n in range(7)]).decode().splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"hydrant,device=d{n}" for n in range(7)]


@given(
    st.lists(
        st.builds(reading, device=st.text(), zone=st.text(), fields=st.dictionaries(st.text(min_size=1), st.text()))
    )
)
def test_any_text_yields_whole_lines_only(readings: list[Reading]) -> None:
    expected = sum(bool(one.fields) for one in readings)
    assert LineEncoder().encode(readings).count(b"\n") == expected


HOSTILE = ["a b", "a,b", "a=b", 'a"b', "a'b", "消防栓 1号", "x/1.1.40.131082", "a#b", "$x", "é\u2028", "a\\b", "🔥"]


@pytest.mark.integration
def test_influxdb_reads_back_every_tag_and_text_as_it_was(influxd: str) -> None:
    httpx.post(f"{influxd}/query", data={"q": "CREATE DATABASE lines"})
    readings = [reading(device=text, observed_at=n, fields={"text": text + "\\"}) for n, text in enumerate(HOSTILE)]
    body = LineEncoder().encode(readings)
    answer = httpx.post(f"{influxd}/write", params={"db": "lines", "precision": "ms"}, content=body)
    assert (answer.status_code, answer.text) == (204, "")
    q = "SELECT device, text FROM hydrant"
    found = httpx.post(f"{influxd}/query", params={"db": "lines", "epoch": "ms"}, data={"q": q}).json()
    assert found["results"][0]["series"][0]["values"] == [[n, text, text + "\\"] for n, text in enumerate(HOSTILE)]

"""InfluxDB's write API towards us: what Telegraf sends is stored, registered devices are seen by rules."""

import asyncio
import gzip
from typing import Any

import httpx
import influxdb_client
import pytest

from collector.inputs import line_text
from standpipe.model.signal import Lane

NOW = 1_790_000_000_000


def client(doors: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", trust_env=False)


GOOD = [
    b"cpu,host=a usage=1.5 1790000000000000000",
    b"cpu usage=1i",
    b"cpu usage=1u,idle=t,busy=FALSE,x=-1e-7",
    b'log,host=a msg="two words, and = sign",n=1 5',
    b'log msg="a \\"quoted\\" word"',
    b"my\\ measurement,ta\\,g=va\\=lue\\ x fie\\ ld=2 7",
    "水压,区=东 值=0.3 1".encode(),
    b"m f=.5",
]
BAD = [
    b"cpu",
    b"cpu usage",
    b"cpu usage=",
    b"cpu usage=abc",
    b"cpu usage=1 2 3",
    b"cpu usage=1 x",
    b",host=a usage=1",
    b"cpu,host usage=1",
    b"cpu,host= usage=1",
    b'cpu msg="open',
    b"cpu usage=1,,idle=2",
    b"cpu usage=NaN",
    b"cpu usage=1i5",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_good_line_is_read(text: bytes) -> None:
    ((_, _, line),) = line_text.lines(text)
    assert line is not None


@pytest.mark.parametrize("text", BAD)
def test_a_bad_line_is_not(text: bytes) -> None:
    ((_, _, line),) = line_text.lines(text)
    assert line is None


def test_what_a_line_says() -> None:
    text = b'\n# comment\nhydrant,de\\ x=1,device=H\\ 1,site=s a=1,b=2i,c=t,d="x\ny",e\\=f=F 9\r\n'
    ((number, _, line),) = line_text.lines(text)
    assert line is not None
    assert (number, line_text.tag(line, b"device"), line_text.tag(line, b"x")) == (3, "H 1", "")
    assert line_text.values(line) == {"a": 1.0, "b": 2, "c": True, "d": "x\ny", "e=f": False}
    assert line.stamp == 9


async def test_lines_of_strangers_are_stored_as_they_came(collector: Any, sinks: Any, until: Any) -> None:
    sink = await sinks()
    doors = await collector(influx={"url": sink.url, "version": "1"}, alerting={"url": sink.url})
    body = b"cpu,host=a usage=1.5 1790000000123456789\nmem,host=a free=7i 1790000000124000000\n"
    async with client(doors) as http:
        first = await http.post("/api/v2/write?org=o&bucket=b&precision=ns", content=body)
        packed = gzip.compress(b"cpu,host=b usage=2 1790000000")
        second = await http.post("/write?db=b&precision=s", content=packed, headers={"content-encoding": "gzip"})
        status = (await http.get("/status")).json()["inputs"]["lines"]
    assert (first.status_code, second.status_code, first.content) == (204, 204, b"")
    await until(lambda: len(sink.lines()) == 3)
    assert sorted(sink.lines()) == [
        "cpu,host=a usage=1.5 1790000000123",
        "cpu,host=b usage=2 1790000000000",
        "mem,host=a free=7i 1790000000124",
    ]
    assert sink.devices() == []
    assert status == {"received": 3, "stored": 3}


async def test_a_line_of_a_registered_device_is_a_reading_in_its_lane(collector: Any, sinks: Any, until: Any) -> None:
    sink = await sinks()
    doors = await collector(influx={"url": sink.url, "version": "1"}, alerting={"url": sink.url})
    body = (
        b"hydrant,device=hydrant-1 pressure=310i\n"
        b"hydrant,device=HY-1 pressure=311\n"
        b"smoke,device=smoke-1,site=elsewhere signal_fire=true,signal_fault=false,battery=80,suspect=true\n"
        b"cpu,device=hydrant-1 usage=1\n"
    )
    async with client(doors) as http:
        assert (await http.post("/write", content=body)).status_code == 204
    await until(lambda: len(sink.devices()) == 3 and len(sink.lines()) == 4)
    lanes = {item.reading.device: item.reading.lane for batch in sink.batches() for item in batch.readings}
    assert lanes == {"hydrant-1": Lane.NORMAL, "smoke-1": Lane.FIRE}
    assert (
        sum("hydrant,device=hydrant-1,district=east,site=town,zone=north pressure=31" in n for n in sink.lines()) == 2
    )
    assert any(line.startswith("smoke,device=smoke-1,district=east,site=town battery=80.0") for line in sink.lines())


async def test_bad_lines_are_named_and_the_good_ones_kept(collector: Any, sinks: Any, until: Any) -> None:
    sink = await sinks()
    doors = await collector(influx={"url": sink.url, "version": "1"}, alerting={"url": sink.url})
    body = b"cpu usage=1\ncpu usage\nhydrant,device=HY-1 colour=3\ncpu usage=2\n"
    async with client(doors) as http:
        answer = await http.post("/api/v2/write", content=body)
        kept = (await http.get("/quarantine")).json()
    assert answer.status_code == 400
    assert "2 of 4 lines refused: line 2: is no line protocol; line 3:" in answer.json()["message"]
    assert "colour" in answer.json()["message"]
    assert kept[0]["count"] == 2
    await until(lambda: len(sink.lines()) == 2)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/write?precision=fortnight", b"m f=1", {}, 400),
        ("/write", b"not gzip", {"content-encoding": "gzip"}, 400),
        ("/write", gzip.compress(b"#" * 40_000_000), {"content-encoding": "gzip"}, 413),
        ("/write", b"", {}, 204),
    ],
)
async def test_what_else_is_answered(
    collector: Any, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with client(await collector()) as http:
        assert (await http.post(path, content=body, headers=headers)).status_code == status
        assert (await http.get("/ping")).status_code == 204


async def test_influxdb_client_writes_to_us(collector: Any, sinks: Any, until: Any) -> None:
    sink = await sinks()
    doors = await collector(
        influx={"url": sink.url, "version": "1"}, alerting={"url": sink.url}, collector={"http": {"token": "t0ken"}}
    )

    library: Any = influxdb_client

    def write() -> None:
        with library.InfluxDBClient(url=f"http://127.0.0.1:{doors.http}", token="t0ken", org="o") as influx:
            point = (
                library.Point("cpu").tag("host", "a b").field("usage", 1.5).field("note", 'two "words"').time(NOW, "ms")
            )
            synchronous = influx.write_api(write_options=library.client.write_api.SYNCHRONOUS)
            synchronous.write("b", "o", point, write_precision="ms")

    await asyncio.to_thread(write)
    await until(sink.lines)
    assert sink.lines() == [f'cpu,host=a\\ b note="two \\"words\\"",usage=1.5 {NOW}']

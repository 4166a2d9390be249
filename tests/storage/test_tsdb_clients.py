"""Clients that know nothing of the embedded store: influxdb-client, the influx shell, our own writer and queries."""

import base64
import importlib
import shutil
import subprocess
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from standpipe.model.reading import Reading
from standpipe.model.settings import Influx, Settings
from storage.influx.line_protocol import LineEncoder
from storage.influx.queries import HistoryPoint, LastValue, last_values, pressure_history
from storage.influx.query import InfluxQuery
from storage.influx.writer import InfluxWriter, RejectedLines

pytestmark = pytest.mark.integration

T0 = 1_772_323_200_000


def readings() -> list[Reading]:
    return [
        Reading(
            device=f"HY-{device}",
            kind="hydrant",
            site="old town",
            observed_at=T0 + minute * 60_000,
            received_at=T0,
            fields={"pressure": 300.0 + minute * device, "battery": 80},
        )
        for device in (1, 2)
        for minute in range(5)
    ]


def test_influxdb_client_writes_pings_and_lists_buckets(new_tsdb: Callable[..., Any]) -> None:
    library: Any = importlib.import_module("influxdb_client")
    synchronous = importlib.import_module("influxdb_client.client.write_api").SYNCHRONOUS
    url = new_tsdb().url
    with library.InfluxDBClient(url=url, token="any", org="o", enable_gzip=True) as client:
        assert client.ping()
        assert client.version() == "1.8.10-standpipe"
        point = library.Point("m").tag("device", "a b").field("v", 1.5).time(T0 * 1_000_000)
        client.write_api(write_options=synchronous).write("town", "o", point)
        assert httpx.get(f"{url}/health").json()["status"] == "pass"
        assert [bucket.name for bucket in client.buckets_api().find_buckets().buckets] == ["town"]
    answer = httpx.get(f"{url}/query", params={"db": "town", "q": "SELECT * FROM m", "epoch": "ms"}).json()
    assert answer["results"][0]["series"][0]["values"] == [[T0, "a b", 1.5]]


def test_a_strangers_web_page_is_refused_and_a_scraper_with_a_token_is_not(new_tsdb: Callable[..., Any]) -> None:
    write: dict[str, Any] = {"params": {"db": "town"}, "content": "m v=1"}
    page, elsewhere = {"origin": "http://evil.example"}, {"host": "tsdb.example:8086"}
    with httpx.Client(base_url=new_tsdb().url) as http:
        refused = [http.post("/write", **write, headers=headers) for headers in (page, elsewhere)]
        assert [answer.status_code for answer in refused] == [403, 403]
        assert "another site" in refused[0].json()["error"]
        assert http.get("/query", params={"q": "SHOW DATABASES"}).json()["results"] == [
            {"statement_id": 0, "series": [{"name": "databases", "columns": ["name"]}]}
        ]
    with httpx.Client(base_url=new_tsdb("s3cret").url, headers=elsewhere) as http:
        assert http.get("/ping").status_code == 204
        assert http.post("/write", **write, headers={"authorization": "Token s3cret"}).status_code == 204
        assert http.get("/ping", headers=page).status_code == 403


@pytest.mark.parametrize("server", ["influxd", "tsdb"])
async def test_our_writer_and_questions_get_the_same_from_either_server(
    server: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(server)
    create_database(url, "questions")
    influx = Influx(url=url, version="1" if server == "influxd" else "2", bucket="questions")
    writer = InfluxWriter.from_settings(Settings(influx=influx))
    writer.write(LineEncoder().encode(readings()))
    with pytest.raises(RejectedLines, match="field type conflict"):
        writer.write(b"hydrant,device=HY-3 pressure=1i %d\nhydrant,device=HY-1 battery=81i %d\n" % (T0, T0))
    writer.close()
    query = InfluxQuery.from_settings(Settings(influx=influx))
    history = await pressure_history(query, "HY-2", T0, T0 + 360_000, 120_000)
    assert history == [
        HistoryPoint(T0, 301, 300, 302),
        HistoryPoint(T0 + 120_000, 305, 304, 306),
        HistoryPoint(T0 + 240_000, 308, 308, 308),
    ]
    last = await last_values(query, "hydrant", T0)
    await query.close()
    assert last == [
        LastValue("HY-1", T0 + 240_000, {"battery": 80, "pressure": 304}, site="old town"),
        LastValue("HY-2", T0 + 240_000, {"battery": 80, "pressure": 308}, site="old town"),
    ]


def create_database(url: str, name: str) -> None:
    httpx.post(f"{url}/query", data={"q": f"CREATE DATABASE {name}"}).raise_for_status()


def test_the_influx_shell_asks_and_is_answered(new_tsdb: Callable[..., Any]) -> None:
    shell = shutil.which("influx")
    if shell is None:
        pytest.skip("influx (Debian package influxdb-client) is not installed")
    url = new_tsdb().url
    httpx.post(f"{url}/write", params={"db": "town", "precision": "s"}, content=b"m,device=a v=1.5 1700000000")
    port = str(urlsplit(url).port)
    command = [shell, "-host", "127.0.0.1", "-port", port, "-database", "town", "-format", "csv", "-execute"]
    found = subprocess.run(
        [*command, "SELECT * FROM m; SHOW DATABASES"], capture_output=True, text=True, timeout=30, check=True
    )
    assert found.stdout.split() == ["name,time,device,v", "m,1700000000000000000,a,1.5", "name,name", "databases,town"]


def test_a_token_is_asked_for_in_every_way_that_clients_send_it(new_tsdb: Callable[..., Any]) -> None:
    url = new_tsdb("secret").url
    basic = base64.b64encode(b"anyone:secret").decode()
    ways: list[dict[str, Any]] = [
        {"headers": {"Authorization": "Token secret"}},
        {"headers": {"Authorization": "Bearer secret"}},
        {"headers": {"Authorization": f"Basic {basic}"}},
        {"params": {"u": "anyone", "p": "secret"}},
    ]
    wrong: list[dict[str, Any]] = [{}, {"headers": {"Authorization": "Token other"}}, {"params": {"p": "x"}}]
    statuses = [httpx.post(f"{url}/query", data={"q": "SHOW DATABASES"}, **way).status_code for way in ways + wrong]
    assert statuses == [200] * 4 + [401] * 3
    assert httpx.post(f"{url}/api/v2/write", params={"bucket": "b"}, content=b"m v=1").json()["code"] == "unauthorized"
    assert httpx.get(f"{url}/ping").status_code == 204


def test_an_answer_in_csv_has_a_header_and_a_line_per_row(new_tsdb: Callable[..., Any]) -> None:
    url = new_tsdb().url
    httpx.post(f"{url}/write", params={"db": "town", "precision": "s"}, content=b'm,d=a v=1.5,s="x,y" 1\nm,d=b v=2 2')
    q = {"db": "town", "q": "SELECT v, s FROM m GROUP BY d", "epoch": "s"}
    answer = httpx.get(f"{url}/query", params=q, headers={"Accept": "application/csv"})
    assert answer.text == 'name,tags,time,v,s\nm,d=a,1,1.5,"x,y"\nm,d=b,2,2,\n'

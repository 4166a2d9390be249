"""What the embedded store takes in: the same requests to it and to InfluxDB 1.6, equal answers, equal contents."""

import gzip
import itertools
import time
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.integration

FRESH = itertools.count()
CLIENT = httpx.Client(timeout=30)

BODIES = [
    "m,a=1 v=1 1",
    "m v=1 1\nm v=2 2\n",
    "m,b=2,a=1 v=1 1\nm,a=1,b=2 v=2 1",
    "m v=1 1\nm v=2 1",
    "m v=1 1\nm w=2 1",
    "m v=1,w=2 1\nm w=3 1\nm v=4 2",
    "m v=1i 1\nm v=2i 2",
    'm v=1i,w=2.5,x=true,y=f,z=T,s="a b" 1',
    'm s="a,b=c \\"q\\" \\\\ d" 1',
    'm s="line one\nline two" 1',
    "m,t=a\\ b\\,c\\=d v=1 1",
    "my\\ m\\,x,t=a v=1 1",
    "m,tag\\ key=x field\\ key=1 1",
    "m,t=城东 v=1 1",
    "# comment\nm v=1 1\n\n\nm v=2 2",
    "m v=1e3 1",
    "m v=-1.5E-2 1",
    "m v=+5 1",
    "m v=.5 1",
    "m v=5. 1",
    "m v=9223372036854775807i 1",
    "m v=9223372036854775808i 1",
    "m v=1 -1000",
    "m v=1 1 ",
    "  m v=1 1",
    "m  v=1  1",
    "m,a=1 v=nan 1",
    "m v=inf 1",
    "m v=1_000 1",
    "m v=1x 1",
    "m v=tRUE 1",
    "m v=yes 1",
    "m v= 1",
    "m v 1",
    "m =1 1",
    "m",
    "m ",
    ",a=1 v=1 1",
    "m, v=1 1",
    "m,a v=1 1",
    "m,a= v=1 1",
    "m,=1 v=1 1",
    "m v=1 abc",
    "m v=1 1.5",
    'm v="open 1',
    "m v=1, 1",
    "m,a=1,a=2 v=1 1",
    "garbage",
    "m v=1 1\ngarbage\nm v=2 2",
    "m v=1 1\nm v=x 2\nm v= 3\nm v=4 4",
    "",
    "\n\n",
]


def contents(url: str, database: str) -> Any:
    return CLIENT.post(
        f"{url}/query", params={"db": database, "epoch": "ns"}, data={"q": "SELECT * FROM /.*/; SHOW FIELD KEYS"}
    ).json()


def write(url: str, body: bytes, **options: Any) -> tuple[int, str]:
    answer = CLIENT.post(f"{url}/write", content=body, **options)
    return answer.status_code, answer.text.strip()


@pytest.fixture
def database(influxd: str, tsdb: str) -> str:
    name = f"writes{next(FRESH)}"
    for url in (influxd, tsdb):
        CLIENT.post(f"{url}/query", data={"q": f'CREATE DATABASE "{name}"'}).raise_for_status()
    return name


@pytest.mark.parametrize("body", BODIES)
def test_a_write_is_answered_and_kept_as_influxdb_does(influxd: str, tsdb: str, database: str, body: str) -> None:
    params = {"db": database, "precision": "s"}
    theirs = write(influxd, body.encode(), params=params)
    assert write(tsdb, body.encode(), params=params) == theirs
    assert contents(tsdb, database) == contents(influxd, database)


@pytest.mark.parametrize(
    "body", ["m v=2i 2", 'm v="x" 2', "m v=1 1\nm v=true 2\nm v=1i 3\nm v=4 4", "m w=1,v=2i 2", "m v=9 2\nm x=1i 2"]
)
def test_a_field_of_another_type_is_refused_and_good_lines_kept(
    influxd: str, tsdb: str, database: str, body: str
) -> None:
    params = {"db": database, "precision": "s"}
    for url in (influxd, tsdb):
        assert write(url, b"m v=1 1", params=params) == (204, "")
    theirs = write(influxd, body.encode(), params=params)
    assert write(tsdb, body.encode(), params=params) == theirs
    assert contents(tsdb, database) == contents(influxd, database)


def test_a_line_without_a_timestamp_is_stamped_on_arrival(tsdb: str) -> None:
    before = time.time_ns()
    assert write(tsdb, b"m v=1", params={"db": "stamped"}) == (204, "")
    stamp = contents(tsdb, "stamped")["results"][0]["series"][0]["values"][0][0]
    assert before <= stamp <= time.time_ns()


@pytest.mark.parametrize("precision", ["ns", "n", "u", "ms", "s", "m", "h"])
def test_timestamps_are_read_in_the_unit_that_was_said(influxd: str, tsdb: str, database: str, precision: str) -> None:
    for url in (influxd, tsdb):
        params = {"db": database, "precision": precision}
        assert write(url, gzip.compress(b"m v=1 400000"), params=params, headers={"Content-Encoding": "gzip"})[0] == 204
    assert contents(tsdb, database) == contents(influxd, database)


def test_values_written_late_out_of_order_and_twice_end_as_in_influxdb(influxd: str, tsdb: str, database: str) -> None:
    times = [5, 3, 9, 3, 5, 1, 9, 800_000, 2, 800_000]
    for number, at in enumerate(times):
        body = f"m,d=a v={number},w{number % 3}={number}i {at}\nm,d=b v={number} {at}".encode()
        assert write(tsdb, body, params={"db": database, "precision": "s"}) == (204, "")
        assert write(influxd, body, params={"db": database, "precision": "s"}) == (204, "")
    assert contents(tsdb, database) == contents(influxd, database)


REQUESTS: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
    ("GET", "/query", {}, {}),
    ("GET", "/query", {"q": "SHOW DATABASES AND"}, {}),
    ("GET", "/query", {"q": "SELECT * FROM m"}, {}),
    ("POST", "/query", {"db": "nowhere"}, {"q": "SELECT * FROM m"}),
    ("POST", "/query", {"db": "nowhere"}, {"q": "SHOW MEASUREMENTS"}),
    ("POST", "/query", {"db": "nowhere"}, {"q": "SHOW FIELD KEYS"}),
    ("POST", "/query", {"db": "nowhere"}, {"q": "SHOW SERIES"}),
    ("POST", "/query", {"db": "nowhere"}, {"q": "SHOW RETENTION POLICIES"}),
    ("POST", "/query", {}, {"q": "SHOW TAG KEYS"}),
    ("POST", "/write", {}, {}),
]


@pytest.mark.parametrize(("method", "path", "params", "data"), REQUESTS)
def test_a_faulty_request_gets_influxdbs_status(
    influxd: str, tsdb: str, method: str, path: str, params: dict[str, str], data: dict[str, str]
) -> None:
    theirs, ours = (CLIENT.request(method, url + path, params=params, data=data) for url in (influxd, tsdb))
    assert (ours.status_code, sorted(ours.json())) == (theirs.status_code, sorted(theirs.json()))
    said = [str(answer.json()) for answer in (ours, theirs)]
    assert said[0] == said[1] or "error parsing query" in said[0]


@pytest.mark.parametrize("params", [{}, {"epoch": "s"}, {"epoch": "u"}, {"pretty": "true"}, {"chunked": "true"}])
def test_times_and_layout_follow_the_parameters(influxd: str, tsdb: str, database: str, params: dict[str, str]) -> None:
    for url in (influxd, tsdb):
        write(
            url,
            b"m v=1.5 1700000000123456789\nm v=2.5 1700000001000000000\nm v=3.5 1700000000500000000",
            params={"db": database},
        )
    q = {"q": "SELECT v FROM m WHERE v > $low", "db": database, "params": '{"low": 1.75}'}
    theirs, ours = (CLIENT.get(f"{url}/query", params={**q, **params}) for url in (influxd, tsdb))
    assert ours.text.strip() == theirs.text.strip()

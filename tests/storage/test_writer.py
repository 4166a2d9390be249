"""The writer: what it makes of each answer, and that one bad line costs no good one."""

from collections.abc import Mapping

import httpx
import pytest

from standpipe.model.errors import Retryable
from standpipe.model.settings import Influx, Settings
from storage.influx.query import InfluxQuery, Instant, Name, Param, Span, bind
from storage.influx.writer import InfluxWriter, RejectedLines


class Scripted:
    """A transport that refuses lines containing `bad` and gives `status` to everything when it is set."""

    def __init__(self, status: int = 0, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.headers = headers or {}
        self.stored: list[bytes] = []

    def post(self, body: bytes, *, encoding: str) -> tuple[int, str, Mapping[str, str]]:
        status = self.status or (400 if b"bad" in body else 204)
        self.stored += body.splitlines() * (status == 204)
        return status, '{"code":"invalid","message":"the server\'s words"}', self.headers

    def close(self) -> None:
        return


def test_refused_lines_are_named_and_all_others_stored() -> None:
    transport = Scripted()
    lines = [b"bad %d\n" % n if n in (3, 77) else b"good %d\n" % n for n in range(100)]
    with pytest.raises(RejectedLines) as refusal:
        InfluxWriter(transport).write(b"".join(lines))
    assert refusal.value.lines == [(b"bad 3\n", "the server's words"), (b"bad 77\n", "the server's words")]
    assert sorted(transport.stored) == sorted(b"good %d" % n for n in range(100) if n not in (3, 77))


def test_a_batch_of_nothing_but_refused_lines_ends() -> None:
    with pytest.raises(RejectedLines) as refusal:
        InfluxWriter(Scripted()).write(b"bad\n" * 5000)
    assert sum(lines.count(b"\n") for lines, _ in refusal.value.lines) == 5000


@pytest.mark.parametrize(
    ("status", "headers", "after", "says"),
    [
        (401, {}, 30, "token"),
        (403, {}, 30, "token"),
        (404, {}, 30, "bucket"),
        (429, {"Retry-After": "7"}, 7, "429"),
        (503, {}, None, "503"),
        (500, {}, None, "the server's words"),
    ],
)
def test_an_answer_that_is_not_about_lines_is_retryable(
    status: int, headers: dict[str, str], after: float | None, says: str
) -> None:
    with pytest.raises(Retryable, match=says) as refusal:
        InfluxWriter(Scripted(status, headers)).write(b"good\n")
    assert refusal.value.after == after


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_server_that_is_not_there_is_retryable(version: str) -> None:
    settings = Settings(influx=Influx(url="http://127.0.0.1:1", version=version))  # type: ignore[arg-type]
    writer = InfluxWriter.from_settings(settings)
    with pytest.raises(Retryable):
        writer.write(b"a b=1 1\n")
    writer.close()


def create_database(url: str, name: str) -> str:
    httpx.post(f"{url}/query", data={"q": f'CREATE DATABASE "{name}"'}).raise_for_status()
    return name


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.integration
async def test_influxdb_keeps_the_good_lines_of_a_batch_with_a_type_conflict(influxd: str, gzip: bool) -> None:
    database = create_database(influxd, f"conflict_{gzip}")
    settings = Settings(influx=Influx(url=influxd, version="1", bucket=database, gzip=gzip))
    writer = InfluxWriter.from_settings(settings)
    writer.write(b"m,device=a v=1 1\n")
    with pytest.raises(RejectedLines, match="field type conflict") as refusal:
        writer.write(b'm,device=a v=2 2\nm,device=b v="x" 3\nnonsense\nm,device=a v=4 4\n')
    writer.close()
    assert [line for line, _ in refusal.value.lines] == [b'm,device=b v="x" 3\n', b"nonsense\n"]
    query = InfluxQuery.from_settings(settings)
    [series] = await query.query("SELECT v FROM $m", {"m": Name("m")})
    await query.close()
    assert series.values == [[1, 1], [2, 2], [4, 4]]


def test_values_are_quoted_by_what_they_are() -> None:
    q = "SELECT $f FROM m WHERE device = $d AND time >= $t GROUP BY time($s)"
    params: dict[str, Param] = {"f": Name('a"b'), "d": "it's \\", "t": Instant(12), "s": Span(60_000)}
    assert bind(q, params) == (
        "SELECT \"a\\\"b\" FROM m WHERE device = 'it\\'s \\\\' AND time >= 12ms GROUP BY time(60000ms)"
    )

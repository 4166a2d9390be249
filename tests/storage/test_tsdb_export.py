"""The way out: everything reaches a real InfluxDB, also when the copy is broken off and run again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from standpipe.model.errors import Retryable
from standpipe.model.settings import Influx, Settings
from storage.influx.writer import InfluxWriter
from storage.tsdb.export import Export, Progress

pytestmark = pytest.mark.integration

HOURS = 30


def lines() -> bytes:
    at = [1_772_323_200_000_000_000 + n * 1_700_000_000_123 for n in range(HOURS * 2)]
    return "".join(
        f'm,device=a\\ b,site=城东 v={n}.5,n={n}i,on={"true" if n % 2 else "false"},text="say \\"{n}\\"" {t}\n'
        f"m,device=c v={n} {t}\nother\\ one,x=y z={n}i {t}\n"
        for n, t in enumerate(at)
    ).encode()


def contents(url: str, database: str) -> Any:
    q = "SELECT * FROM /.*/; SHOW FIELD KEYS; SHOW SERIES"
    return httpx.post(f"{url}/query", params={"db": database, "epoch": "ns"}, data={"q": q}, timeout=30).json()


def test_everything_is_copied_and_a_broken_copy_goes_on(
    influxd: str, new_tsdb: Callable[..., Any], tmp_path: Path
) -> None:
    source = new_tsdb().url
    httpx.post(f"{source}/write", params={"db": "town"}, content=lines()).raise_for_status()
    httpx.post(f"{influxd}/query", data={"q": "CREATE DATABASE exported"}).raise_for_status()
    influx = Influx(url=influxd, version="1", bucket="exported")
    target = InfluxWriter.from_settings(Settings(influx=influx), precision="ns")
    seen: list[Progress] = []

    def break_off(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 7:
            raise Retryable("unplugged")

    with httpx.Client(base_url=source, timeout=30) as client:
        with pytest.raises(Retryable, match="unplugged"):
            Export(client, "town", target, tmp_path / "export.json").run(break_off)
        Export(client, "town", target, tmp_path / "export.json").run(seen.append)
        assert Export(client, "town", target, tmp_path / "export.json").run(seen.append) == 0
    target.close()
    assert contents(influxd, "exported") == contents(source, "town")
    assert sorted({one.measurement for one in seen}) == ["m", "other one"]

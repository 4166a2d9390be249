"""The whole demo, shortened: real processes, real sockets, private ports."""

import re
import socket
from pathlib import Path

import pytest

from standpipe import demo
from standpipe.town import story


@pytest.fixture
def private_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    tsdb, http, gb26875, alerting, sms = (held.getsockname()[1] for held in sockets)
    for held in sockets:
        held.close()
    monkeypatch.setenv("STANDPIPE_TSDB__LISTEN", f"127.0.0.1:{tsdb}")
    monkeypatch.setenv("STANDPIPE_COLLECTOR__HTTP__LISTEN", f"127.0.0.1:{http}")
    monkeypatch.setenv("STANDPIPE_COLLECTOR__GB26875__LISTEN", f"127.0.0.1:{gb26875}")
    monkeypatch.setenv("STANDPIPE_ALERTING__LISTEN", f"127.0.0.1:{alerting}")
    monkeypatch.setenv("STANDPIPE_NOTIFIER__SMS__URL", f"http://127.0.0.1:{sms}/send")


@pytest.mark.usefixtures("private_ports")
def test_the_whole_story_happens_and_the_ledger_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, second in {"HYDRANT_AT": 9.0, "FIRE_AT": 10.0, "CLOSE_AT": 60.0}.items():
        monkeypatch.setattr(story, name, second)
    code = demo.run_demo(seconds=30, data=tmp_path / "demo")
    told = capsys.readouterr().out
    assert code == 0, told
    assert re.search(r"  water +(EPANET|Standpipe.s own solver)", told)
    assert "MISSING" not in told
    assert re.search(r"incident opened +\+\d+ ms", told)
    assert re.search(r"SMS delivered, says the receipt +\+\d+ ms", told)
    assert len(told.split(" ready ")[0].splitlines()) < 10


@pytest.mark.usefixtures("private_ports")
def test_a_story_cut_short_is_no_success_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.run_demo(seconds=1, data=tmp_path / "demo") == 1
    assert "Did not happen: " in capsys.readouterr().out

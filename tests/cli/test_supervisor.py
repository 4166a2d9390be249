import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from bench.rig import eventually, free_ports
from standpipe.model.settings import Settings, read_settings, split_listen
from standpipe.supervisor import Supervisor, processes_of


@pytest.fixture
def config(tmp_path: Path) -> Path:
    tsdb, http, gb26875, alerting = free_ports(4)
    for folder in ("sites", "rules"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "settings.toml"
    file.write_text(
        f'[tsdb]\nlisten = "127.0.0.1:{tsdb}"\n[collector.http]\nlisten = "127.0.0.1:{http}"\n'
        f'[collector.gb26875]\nlisten = "127.0.0.1:{gb26875}"\n[alerting]\nlisten = "127.0.0.1:{alerting}"\n'
    )
    return file


def test_an_influxdb_of_your_own_needs_no_embedded_one() -> None:
    settings = read_settings(Path("provisioning/standpipe.toml"), {"STANDPIPE_INFLUX__URL": "http://127.0.0.1:1"})
    assert processes_of(settings) == ["alerting", "collector"]


async def test_a_killed_process_is_started_again(config: Path) -> None:
    settings: Settings = read_settings(config, {})
    async with Supervisor(config, settings, ["tsdb"]) as supervisor:
        assert await supervisor.ready()
        first = supervisor.pid("tsdb")
        assert first is not None
        os.kill(first, signal.SIGKILL)

        async def another() -> bool:
            return supervisor.pid("tsdb") not in (first, None)

        assert await eventually(another)
        assert await supervisor.ready()
        last = supervisor.pid("tsdb")
    assert last is not None
    assert not psutil.pid_exists(last)


async def test_a_process_that_cannot_start_is_told_with_its_own_words(config: Path) -> None:
    settings = read_settings(config, {})
    host, port = split_listen(settings.tsdb.listen)
    with socket.create_server((host, port)):
        async with Supervisor(config, settings, ["tsdb"]) as supervisor:
            assert not await supervisor.ready(timeout=40)
            assert "Address already in use" in supervisor.trouble()


def test_a_terminated_run_leaves_no_process_behind(config: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "standpipe", "run", "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(4)]
    family = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(signal.SIGINT)
    code = child.wait(20)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert (code, alive) == (0, [])
    assert len(family) == 3
    assert lines[0].startswith("console   http://127.0.0.1:")


def test_children_end_when_their_supervisor_is_killed(config: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "standpipe", "run", "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    family = psutil.Process(child.pid).children(recursive=True)
    child.kill()
    child.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []


def test_the_doctor_finds_every_hop_of_a_running_system_and_names_the_missing_notifier(config: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "standpipe", "run", "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    ran = subprocess.run(
        [sys.executable, "-m", "standpipe", "doctor", "--config", str(config)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    child.terminate()
    child.wait(20)
    lines = ran.stdout.splitlines()
    hops = {line[6:34].strip(): line[:4].strip() for line in lines if line.startswith(("ok", "FAIL"))}
    assert [hop for hop, word in hops.items() if word == "FAIL"] == ["alerting and console", "notifier"]
    assert "nobody" in ran.stdout
    assert "[notifier.NAME]" in ran.stdout
    assert ran.returncode == 1


def test_the_doctor_of_a_system_that_is_not_running_says_what_to_start(config: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "standpipe", "doctor", "--config", str(config)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "standpipe run" in ran.stdout


def test_an_unused_port_is_free() -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{free_ports(1)[0]}", trust_env=False)

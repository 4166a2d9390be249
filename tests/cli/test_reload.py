"""`standpipe plugin reload` and SIGHUP against a collector in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.rig import eventually, free_ports
from plugins.scaffold import write_folder


class Running:
    """A collector with one device folder of its own."""

    def __init__(self, home: Path) -> None:
        http, gb26875, nobody = free_ports(3)
        for name in ("sites", "rules"):
            (home / name).mkdir()
        self.folder = home / "types" / "vendor_model"
        self.folder.parent.mkdir()
        write_folder(self.folder, kind="hydrant")
        (self.folder / "samples" / "from_your_device.toml").unlink()
        self.config = home / "settings.toml"
        self.config.write_text(
            f'plugins = ["types"]\n[collector.http]\nlisten = "127.0.0.1:{http}"\ntoken = "s3cret"\n'
            f'[collector.gb26875]\nlisten = "127.0.0.1:{gb26875}"\n[influx]\nurl = "http://127.0.0.1:{nobody}"\n'
        )
        self.url = f"http://127.0.0.1:{http}"
        self.log = home / "log"
        with self.log.open("wb") as out:
            command = [sys.executable, "-m", "standpipe", "collector", "--config", str(self.config)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    async def answers(self) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as http:
                return (await http.get(f"{self.url}/health")).status_code == 200
        except httpx.HTTPError:
            return False

    async def says(self, words: str) -> bool:
        return words in self.log.read_text(errors="replace")

    def reload(self) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "standpipe", "plugin", "reload", "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.process.terminate()
    made.process.wait(20)


async def test_the_command_tells_what_was_renewed_and_what_was_refused(running: Running) -> None:
    assert await eventually(running.answers)
    nothing = running.reload()
    assert (nothing.returncode, nothing.stdout.startswith("unchanged: ")) == (0, True)
    manifest = running.folder / "device.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "\n# looked at again\n", encoding="utf-8")
    renewed = running.reload()
    assert (renewed.returncode, renewed.stdout.splitlines()[0]) == (0, "renewed: vendor_model")
    manifest.write_text("name = \n", encoding="utf-8")
    refused = running.reload()
    assert (refused.returncode, refused.stderr.startswith(f"refused: {manifest}")) == (1, True)


async def test_sighup_reloads_and_the_process_lives_on(running: Running) -> None:
    assert await eventually(running.answers)
    (running.folder / "device.toml").write_text("name = \n", encoding="utf-8")
    os.kill(running.process.pid, signal.SIGHUP)
    assert await eventually(lambda: running.says("device type stays as it was"))
    assert running.process.poll() is None
    assert await running.answers()


def test_without_a_collector_it_says_what_to_start(tmp_path: Path) -> None:
    (http,) = free_ports(1)
    config = tmp_path / "settings.toml"
    config.write_text(f'[collector.http]\nlisten = "127.0.0.1:{http}"\n')
    command = [sys.executable, "-m", "standpipe", "plugin", "reload", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "start it with: standpipe run" in done.stderr) == (1, True)

"""The set-up of InfluxDB 2.x: makes what is missing, once, and explains a volume that is somebody else's."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from standpipe.model.errors import ConfigError, Retryable
from standpipe.model.toml_file import convert, read_toml
from storage.influx.initialise import OPERATOR, Plan, SecretFiles, initialise
from storage.influx.mosquitto_passwords import password_line

PROVISIONING = Path(__file__).parents[2] / "provisioning"
SETUP = PROVISIONING / "influxdb" / "setup.toml"
BROKER = PROVISIONING / "mosquitto"


class Server:
    """The part of InfluxDB 2.x's API that the set-up uses, answering as 2.7 and later do."""

    def __init__(self, version: str = "v2.9.1") -> None:
        self.version = version
        self.operator = ""
        self.buckets: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        path, method = request.url.path, request.method
        if path == "/ping":
            return httpx.Response(204, headers={"X-Influxdb-Version": self.version})
        body = json.loads(request.content) if request.content else {}
        if method != "GET":
            self.writes.append(f"{method} {path}")
        if path == "/api/v2/setup":
            return self.setup(method, body)
        token = request.headers.get("authorization", "").removeprefix("Token ")
        if token != self.operator and token not in [one["token"] for one in self.tokens.values()]:
            return httpx.Response(401, json={"code": "unauthorized"})
        return self.answer(method, path, body, dict(request.url.params))

    def setup(self, method: str, body: dict[str, Any]) -> httpx.Response:
        if method == "GET":
            return httpx.Response(200, json={"allowed": not self.operator})
        self.operator = body["token"]
        self.buckets[body["bucket"]] = {"id": "b0", "name": body["bucket"], "retentionRules": []}
        return httpx.Response(201, json={})

    def answer(self, method: str, path: str, body: dict[str, Any], query: dict[str, str]) -> httpx.Response:
        if path == "/api/v2/orgs":
            return httpx.Response(200, json={"orgs": [{"id": "o1", "name": query["org"]}]})
        if path.startswith("/api/v2/authorizations"):
            return self.authorizations(method, path, body)
        if path == "/api/v2/buckets" and method == "GET":
            found = [one for name, one in self.buckets.items() if query.get("name", name) == name]
            return httpx.Response(200, json={"buckets": found})
        if path == "/api/v2/buckets":
            self.buckets[body["name"]] = {"id": f"b{len(self.buckets)}", **body}
            return httpx.Response(201, json=self.buckets[body["name"]])
        bucket = next(one for one in self.buckets.values() if one["id"] == path.rsplit("/", 1)[1])
        bucket.update(body)
        return httpx.Response(200, json=bucket)

    def authorizations(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        if method == "GET":
            hidden = [{key: value for key, value in one.items() if key != "token"} for one in self.tokens.values()]
            return httpx.Response(200, json={"authorizations": hidden})
        if method == "POST":
            id_ = f"t{len(self.writes)}"
            self.tokens[id_] = {**body, "id": id_, "token": f"token-{id_}"}
            return httpx.Response(201, json=self.tokens[id_])
        del self.tokens[path.rsplit("/", 1)[1]]
        return httpx.Response(204)


@pytest.fixture
def plan() -> Plan:
    return convert(read_toml(SETUP), Plan, path=SETUP)


def run(server: Server, plan: Plan, folder: Path) -> list[str]:
    with httpx.Client(base_url="http://influxdb:8086", transport=httpx.MockTransport(server)) as client:
        return initialise(client, plan, SecretFiles(folder))


def test_an_empty_server_gets_everything(plan: Plan, tmp_path: Path) -> None:
    server = Server()
    run(server, plan, tmp_path)
    assert server.buckets["standpipe"]["retentionRules"] == [{"type": "expire", "everySeconds": 366 * 86_400}]
    described = {one["description"]: one for one in server.tokens.values()}
    assert described.keys() == {"standpipe writer", "standpipe reader", "standpipe telegraf"}
    actions = {name: {p["action"] for p in one["permissions"]} for name, one in described.items()}
    assert actions["standpipe reader"] == {"read"}
    assert actions["standpipe telegraf"] == {"write"}
    held = (tmp_path / "grafana" / "influx_reader_token").read_text().strip()
    assert held == described["standpipe reader"]["token"]


def test_a_second_run_changes_nothing(plan: Plan, tmp_path: Path) -> None:
    server = Server()
    run(server, plan, tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    server.writes.clear()
    assert run(server, plan, tmp_path) == []
    assert server.writes == []
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_volume_of_another_token_is_explained(plan: Plan, tmp_path: Path) -> None:
    server = Server()
    server.operator = "somebody-elses"
    with pytest.raises(ConfigError, match=r"set up with another token.*volume influxdb-data") as caught:
        run(server, plan, tmp_path)
    assert OPERATOR in str(caught.value)


def test_a_lost_secret_is_made_anew_and_the_old_one_removed(plan: Plan, tmp_path: Path) -> None:
    server = Server()
    run(server, plan, tmp_path)
    (tmp_path / "grafana" / "influx_reader_token").unlink()
    done = run(server, plan, tmp_path)
    assert len(done) == 1 and done[0].startswith("made token reader")
    assert len(server.tokens) == 3


def test_a_changed_retention_is_applied(plan: Plan, tmp_path: Path) -> None:
    server = Server()
    run(server, plan, tmp_path)
    server.buckets["standpipe"]["retentionRules"] = [{"type": "expire", "everySeconds": 3600}]
    assert run(server, plan, tmp_path) == ["bucket standpipe is now kept for 366d"]


@pytest.mark.parametrize("version", ["1.6.7", "v3.1.0"])
def test_another_major_version_is_refused(version: str, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"this set-up is for 2\.x"):
        run(Server(version), plan, tmp_path)


def test_no_answer_may_be_tried_again(plan: Plan, tmp_path: Path) -> None:
    server = Server()
    server.down = True
    with pytest.raises(Retryable):
        run(server, plan, tmp_path)


@pytest.mark.integration
def test_mosquitto_takes_the_password_file_and_the_access_list(tmp_path: Path) -> None:
    if not shutil.which("mosquitto") or not shutil.which("mosquitto_pub"):
        pytest.skip("mosquitto and mosquitto-clients are not installed")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (tmp_path / "passwords").write_text(password_line("device", "sp_right") + "\n")
    text = (BROKER / "mosquitto.conf").read_text().replace("listener 1883", f"listener {port} 127.0.0.1")
    text = text.replace("/mosquitto/secrets/", f"{tmp_path}/").replace("/mosquitto/data/", f"{tmp_path}/")
    text = text.replace("/mosquitto/config/acl", str(BROKER / "acl"))
    (tmp_path / "conf").write_text(text + "user root\n")
    with subprocess.Popen(["mosquitto", "-c", str(tmp_path / "conf")], stderr=subprocess.DEVNULL) as broker:
        try:
            assert _publish(port, "sp_right", patience=5.0) == 0
            assert _publish(port, "sp_wrong", patience=0.0) != 0
        finally:
            broker.terminate()


def _publish(port: int, password: str, *, patience: float) -> int:
    deadline = time.monotonic() + patience
    command = ["mosquitto_pub", "-p", str(port), "-u", "device", "-P", password, "-t", "standpipe/x", "-m", "1"]
    while True:
        code = subprocess.run(command, capture_output=True, check=False, timeout=10).returncode
        if code == 0 or time.monotonic() > deadline:
            return code
        time.sleep(0.1)

"""Files that a person reads and edits: Grafana's, compose's, Telegraf's. What can be known without the servers."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.panels import SOURCE
from standpipe.model.settings import PREFIX, read_settings

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "provisioning"
GRAFANA = PROVISIONING / "grafana"


def _yaml(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


COMPOSE = _yaml(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENV = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
ONE_SHOT = {"init"}
WITHOUT_HEALTH = {"init", "town", "telegraf"}


class TestGrafana:
    def test_the_data_source_is_the_one_that_dashboards_name(self) -> None:
        source = _yaml(GRAFANA / "datasources" / "standpipe.yaml")["datasources"][0]
        assert {"type": source["type"], "uid": source["uid"]} == SOURCE

    def test_the_data_source_asks_influxql_with_a_token_in_a_header(self) -> None:
        source = _yaml(GRAFANA / "datasources" / "standpipe.yaml")["datasources"][0]
        settings = source["jsonData"]
        assert (source["access"], settings["version"], settings["httpMode"]) == ("proxy", "InfluxQL", "POST")
        assert settings["dbName"] and "database" not in source and "token" not in source["secureJsonData"]
        assert source["secureJsonData"]["httpHeaderValue1"].startswith("Token $__file{")

    def test_each_language_has_a_named_folder_of_its_own(self) -> None:
        providers = _yaml(GRAFANA / "dashboards" / "provider.yaml")["providers"]
        assert len({(p["folder"], p["folderUid"], p["name"]) for p in providers}) == len(providers) == 2
        for provider in providers:
            assert provider["folder"]
            path = Path(provider["options"]["path"]).relative_to("/etc/grafana/provisioning")
            assert list((GRAFANA / path).glob("*.json"))

    def test_only_known_variables_are_expanded(self) -> None:
        given = set(SERVICES["grafana"]["environment"])
        for path in GRAFANA.glob("*/*.yaml"):
            used = set(re.findall(r"\$\{(\w+)\}", path.read_text(encoding="utf-8")))
            assert used <= given, path


class TestCompose:
    @pytest.mark.parametrize("name", SERVICES)
    def test_images_are_pinned(self, name: str) -> None:
        image = _filled(SERVICES[name]["image"])
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", image), image
        assert "latest" not in image

    @pytest.mark.parametrize("name", SERVICES)
    def test_nobody_is_root_and_nothing_is_gained(self, name: str) -> None:
        service = SERVICES[name]
        assert service["user"].split(":")[0] not in ("", "0", "root")
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged")

    @pytest.mark.parametrize("name", SERVICES)
    def test_memory_logs_and_restarts_are_bounded(self, name: str) -> None:
        service = SERVICES[name]
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
        assert service["logging"]["options"].keys() >= {"max-size", "max-file"}
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")

    @pytest.mark.parametrize("name", sorted(SERVICES.keys() - WITHOUT_HEALTH))
    def test_health_is_checked(self, name: str) -> None:
        assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")

    @pytest.mark.parametrize("name", SERVICES)
    def test_what_it_waits_for_is_there(self, name: str) -> None:
        for other, how in SERVICES[name].get("depends_on", {}).items():
            healthy = "healthcheck" in SERVICES[other]
            expected = "service_healthy" if healthy else "service_completed_successfully"
            assert how["condition"] == expected, other

    @pytest.mark.parametrize("name", SERVICES)
    def test_data_is_in_named_volumes_and_files_are_read_only(self, name: str) -> None:
        for volume in SERVICES[name].get("volumes", []):
            source, target, *mode = _filled(volume).split(":")
            if source.startswith((".", "/")):
                assert mode == ["ro"], volume
                assert source.startswith("/") or (ROOT / source).exists(), source
            else:
                assert source in COMPOSE["volumes"], source
            assert target.startswith("/")

    @pytest.mark.parametrize("name", SERVICES)
    def test_ports_are_bound_to_an_address_that_can_be_chosen(self, name: str) -> None:
        for port in SERVICES[name].get("ports", []):
            assert port.startswith(("${PAGES_BIND:-127.0.0.1}:", "${DEVICES_BIND:-127.0.0.1}:")), port

    def test_every_variable_is_explained_and_has_the_same_default(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        used = dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", text))
        assert not re.findall(r"\$\{[A-Z0-9_]+\}", text)
        assert used.keys() == ENV.keys() - {"COMPOSE_PROFILES"}
        differ = {"SITES", "RULES", "CONTACTS", "GRAFANA_BASEMAP"}
        assert {name: ENV[name] for name in used.keys() - differ} == {name: used[name] for name in used.keys() - differ}

    def test_no_secret_is_written_down(self) -> None:
        for name in ("docker-compose.yml", ".env.example", "provisioning/compose/standpipe.toml"):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"(?im)^[^#\n]*(password|token)\w*\s*[=:]\s*[\"']?(?!/run/)[A-Za-z0-9]{6,}", text), (
                name
            )

    def test_secrets_are_mounted_where_they_are_read(self) -> None:
        plan = tomllib.loads((PROVISIONING / "influxdb" / "setup.toml").read_text(encoding="utf-8"))
        files = [token["file"] for token in plan["token"].values()]
        files += [name for group in ("secret", "account") for one in plan[group].values() for name in one["files"]]
        made = {f"/secrets/{name.split('/')[0]}" for name in [*files, plan["broker_passwords"]]}
        mounted = {volume.split(":")[1] for volume in SERVICES["init"]["volumes"] if "/secrets/" in volume}
        assert made == mounted

    def test_compose_itself_accepts_the_file(self) -> None:
        """The 1.29 of Debian, which knows everything in it but the top-level name."""
        tool = shutil.which("docker-compose")
        if tool is None:
            pytest.skip("docker-compose is not installed")
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").replace("name: standpipe\n", "", 1)
        command = [tool, "--env-file", ".env.example", "--project-directory", ".", "-f", "-", "config", "--quiet"]
        done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr


class TestSettings:
    def test_containers_settings_pass_with_their_secrets(self) -> None:
        plan = tomllib.loads((PROVISIONING / "influxdb" / "setup.toml").read_text(encoding="utf-8"))
        names = [token["file"] for token in plan["token"].values()]
        names += [name for group in ("secret", "account") for one in plan[group].values() for name in one["files"]]
        secrets = {name.split("/")[1]: "sp_x" for name in names if name.split("/")[1].startswith(PREFIX)}
        settings = read_settings(PROVISIONING / "compose" / "standpipe.toml", secrets)
        assert settings.influx.token == settings.alerting.token == settings.collector.mqtt.password == "sp_x"

    def test_secret_files_become_variables_of_one_process(self, tmp_path: Path) -> None:
        (tmp_path / "STANDPIPE_ALERTING__TOKEN").write_text("sp_one two\n")
        (tmp_path / "other").write_text("no")
        command = [str(PROVISIONING / "compose" / "with-secrets"), "sh", "-c", 'echo "$STANDPIPE_ALERTING__TOKEN"']
        environ = {"PATH": os.environ["PATH"], "STANDPIPE_SECRETS": str(tmp_path)}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=10)
        assert done.stdout == "sp_one two\n"

    def test_telegrafs_file_is_toml_without_a_secret(self) -> None:
        text = (PROVISIONING / "telegraf" / "telegraf.conf").read_text(encoding="utf-8")
        read = tomllib.loads(text)
        assert read["outputs"]["influxdb_v2"][0]["token"] == "@{files:influx_token}"
        assert {"cpu", "mem", "disk", "prometheus"} <= read["inputs"].keys()


def _filled(text: str) -> str:
    return re.sub(r"\$\{[A-Z0-9_]+:-([^}]*)\}", r"\1", text)


class TestOperations:
    def test_every_file_that_the_page_names_exists(self) -> None:
        text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        named = set(re.findall(r"\b(?:provisioning|docs)/[\w./@-]*\w", text))
        assert named
        assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

    def test_every_profile_is_explained(self) -> None:
        text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
        assert {profile for profile in profiles if f"| `{profile}` |" in text} == profiles

"""The browser bundle: pinned, made once, and clear about what to do when it cannot be made."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from console import build

PACKAGE = json.loads((build.HERE / "package.json").read_text())
LOCK = (build.HERE / "package-lock.json").read_text()


def test_versions_are_exact() -> None:
    versions = [*PACKAGE["dependencies"].values(), *PACKAGE["devDependencies"].values()]
    assert all(version.replace(".", "").isdigit() for version in versions)


def test_the_lock_pins_contents_and_names_no_registry() -> None:
    packages = json.loads(LOCK)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert "resolved" not in LOCK
    assert "http" not in LOCK


def test_a_bundle_of_other_sources_is_not_taken_for_ours(tmp_path: Path) -> None:
    assert not build.is_built(tmp_path)
    (tmp_path / "stamp").write_text(build.wanted())
    assert build.is_built(tmp_path)
    (tmp_path / "stamp").write_text("another")
    assert not build.is_built(tmp_path)


def test_what_is_made_depends_on_every_source(tmp_path: Path) -> None:
    sources = tmp_path / "static" / "src"
    sources.mkdir(parents=True)
    shutil.copy(build.HERE / "package-lock.json", tmp_path)
    (sources / "app.js").write_text("1")
    before = build.wanted(tmp_path)
    (sources / "app.js").write_text("2")
    assert build.wanted(tmp_path) != before


def test_nothing_is_done_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "is_built", lambda: True)
    monkeypatch.setattr(build, "build", lambda: pytest.fail("built again"))
    assert build.main([]) == 0


def test_a_failing_npm_names_the_next_step(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> None:
        build._run(["false"], "check the network")

    monkeypatch.setattr(build, "is_built", lambda: False)
    monkeypatch.setattr(build, "build", failing)
    assert build.main([]) == 1
    assert "check the network" in capsys.readouterr().err


def test_an_old_node_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = tmp_path / "node"
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/node")
    monkeypatch.setattr(build, "_version", lambda _node: 16)
    monkeypatch.setattr(build, "_wheel_node", lambda: wheel)
    assert build.find_node() == [str(wheel)]


def test_without_node_the_wheel_is_installed_and_a_failure_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def refuse(command: list[str], **_options: object) -> None:
        asked.append(command)
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(build, "_wheel_node", lambda: None)
    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(build.BuildError, match="install Node 18 or later"):
        build.find_node()
    assert build.WHEEL in asked[0]

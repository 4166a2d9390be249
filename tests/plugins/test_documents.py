"""What is written for plugin authors is true: the tutorial is carried out, the list of devices is up to date."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.catalogue import Catalogue
from plugins.listing import NAMES, TARGET, lost, main, names, render

ROOT = TARGET.parents[1]
TUTORIAL = ROOT / "docs" / "plugin-authors.md"
BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who does what the tutorial says, in an empty folder."""

    def __init__(self, home: Path) -> None:
        """Put a `standpipe` on the path that is this repository's."""
        self.home = home
        self.shown = ""
        self.carried_out = 0
        command = home / "bin" / "standpipe"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m standpipe "$@"\n', encoding="utf-8")
        command.chmod(0o755)
        path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
        self._environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}

    def sh(self, words: str, body: str) -> None:
        """Run the commands; they succeed, unless the block is marked `fails`."""
        done = subprocess.run(
            ["sh", "-ec", body],
            cwd=self.home,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.shown = done.stdout + done.stderr
        assert (done.returncode != 0) == (words.strip() == "fails"), self.shown
        self.carried_out += 1

    def text(self, _words: str, body: str) -> None:
        """Compare with what the last commands showed."""
        assert [line for line in body.splitlines() if line not in self.shown] == [], self.shown

    def file(self, words: str, body: str) -> None:
        """Write the file that the block is named after, or append to it."""
        name, _, append = words.strip().partition(" ")
        path = self.home / (name or "unnamed")
        before = path.read_text(encoding="utf-8") if append else ""
        path.write_text(before + body, encoding="utf-8")


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    does = {"sh": reader.sh, "text": reader.text}
    for language, words, body in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        does.get(language, reader.file)(words, body)
    assert reader.carried_out >= 5


def test_the_list_of_devices_is_what_the_folders_say(catalogue: Catalogue) -> None:
    assert TARGET.read_text(encoding="utf-8") == render(catalogue), "run `python -m plugins.listing`"


@pytest.mark.parametrize("device", sorted(path.parent.name for path in (ROOT / "plugins").glob("*/device.toml")))
def test_every_device_is_in_the_list(device: str) -> None:
    assert f"\n## {device}\n" in TARGET.read_text(encoding="utf-8")


def test_no_field_that_was_ever_shipped_is_gone_or_has_another_unit(catalogue: Catalogue) -> None:
    shipped = NAMES.read_text(encoding="utf-8").splitlines()
    assert lost(shipped, names(catalogue)) == []
    assert set(names(catalogue)) - set(shipped) == set(), "run `python -m plugins.listing`"


def test_a_lost_field_is_named() -> None:
    shipped = ["hydrant.depth m float", "hydrant.pressure kPa float"]
    assert lost(shipped, ["hydrant.depth kPa float", "hydrant.pressure kPa float"]) == ["hydrant.depth m float"]


def test_the_generated_files_pass_their_own_check() -> None:
    assert main(["--check"]) == 0

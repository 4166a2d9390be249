import subprocess
import sys
from pathlib import Path

import pytest

from standpipe.cli import COMMANDS

ROOT = Path(__file__).parents[2]


def standpipe(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "standpipe", *words], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    ran = standpipe(command, "--help")
    assert ran.returncode == 0
    assert f"Example: standpipe {command}" in ran.stdout


def test_a_wrong_word_is_wrong_use() -> None:
    assert standpipe("dance").returncode == 2


def test_a_missing_settings_file_is_named() -> None:
    ran = standpipe("check", "--config", "nowhere.toml")
    assert (ran.returncode, "nowhere.toml: no such file" in ran.stderr) == (1, True)


def test_the_settings_that_come_with_it_pass() -> None:
    ran = standpipe("check", "--config", "provisioning/standpipe.toml")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_all_faults_of_all_files_are_listed_together(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "s.toml").write_text('locale = "en"\n')
    (tmp_path / "sites/a.toml").write_text(
        '[site.a]\nname = { zh = "甲", en = "A" }\n\n'
        '[device.x]\ntype = "no_such_type"\naddress = "device:x"\nsite = "nowhere"\n'
    )
    (tmp_path / "rules/r.toml").write_text('[hydrant.low_pressure]\nmetric = "pressure"\nbelow = 140\nabove = 3\n')
    ran = standpipe("check", "--config", str(tmp_path / "s.toml"))
    assert ran.returncode == 1
    assert "no site 'nowhere'" in ran.stderr
    assert "exactly one of" in ran.stderr
    assert "a.toml:7" in ran.stderr


def test_decode_refuses_a_frame_whose_checksum_is_wrong() -> None:
    frame = (
        "404001000101203A091A090C790300000000385B0100000030000202010101280A0002000200"
        "20202020202020202020202020202020202020202020202020202020202000023A091A090C472323"
    )
    bad = standpipe("decode", "gb26875", "--hex", frame)
    assert bad.returncode == 1
    assert bad.stderr.startswith("bad frame: ")


def test_decode_says_what_a_real_fire_frame_means() -> None:
    frame = (
        "404001000101203A091A090C790300000000385B0100000030000202010101280A0002000200"
        "20202020202020202020202020202020202020202020202020202020202000023A091A090C462323"
    )
    ran = standpipe("decode", "gb26875", "--hex", frame)
    assert ran.returncode == 0, ran.stderr
    assert '"signals":["fire"]' in ran.stdout
    assert "790300000000" in ran.stdout
    assert "2012-09-26T01:58:02" in ran.stdout

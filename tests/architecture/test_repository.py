"""What must stay true of the repository itself, whoever adds to it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
PYTHON = [name for name in FILES if name.endswith(".py")]
SOURCES = [name for name in PYTHON if not name.startswith("tests/") and (ROOT / name).exists()]
ROOMS = [
    "alerting",
    "bench",
    "collector",
    "console",
    "dashboards",
    "docs",
    "plugins",
    "provisioning",
    "standpipe",
    "storage",
    "tests",
]


def test_imports_run_downwards_only() -> None:
    ran = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))


@pytest.mark.parametrize("name", SOURCES)
def test_no_module_is_longer_than_one_subject_needs(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("name", PYTHON)
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    assert Path(name).stem not in {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def test_tests_have_no_packages() -> None:
    assert [name for name in FILES if name.startswith("tests/") and name.endswith("__init__.py")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_readme_tree_names_every_room(room: str) -> None:
    assert re.search(rf"^{room}/", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)


def test_every_top_level_folder_is_a_room_of_the_readme() -> None:
    assert {name.split("/")[0] for name in FILES if "/" in name and not name.startswith(".")} <= set(ROOMS)


@pytest.mark.parametrize("room", ["alerting", "collector", "console", "dashboards", "plugins", "storage"])
def test_every_room_has_a_readme(room: str) -> None:
    assert len((ROOT / room / "README.md").read_text(encoding="utf-8").split()) > 40


def test_no_committed_file_names_a_package_registry() -> None:
    hosts = re.compile(r"registry\.npmjs|pypi\.org/simple|files\.pythonhosted|deb\.debian\.org|\"resolved\": \"http")
    found = [
        name for name in FILES
        if name != "tests/architecture/test_repository.py" and (ROOT / name).is_file()
        and hosts.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]  # fmt: skip
    assert found == []


def test_the_dependencies_are_pinned_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9A-Za-z.!+]+( ;.*)?", line)] == []
    assert len(pins) > 20

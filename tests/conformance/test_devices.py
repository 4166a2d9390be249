"""Every device folder proves itself: one test per device and check, one per device and sample."""

from collections.abc import Callable
from pathlib import Path

import pytest

import plugins
from plugins.catalogue import device_folders
from plugins.conformance import checks
from standpipe.model.errors import Fault

FOLDERS = device_folders(Path(plugins.__file__).parent)
CASES = [
    pytest.param(check, id=f"{folder.name}: {sentence}") for folder in FOLDERS for sentence, check in checks(folder)
]


@pytest.mark.parametrize("check", CASES)
def test_device(check: Callable[[], list[Fault]]) -> None:
    assert [str(fault) for fault in check()] == []


def test_there_are_devices() -> None:
    assert {"gb26875_transmitter", "hydrant_json", "smoke_json"} <= {folder.name for folder in FOLDERS}

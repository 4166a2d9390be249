from pathlib import Path

import pytest

from alerting.notifiers.kinds import build
from standpipe.model.errors import ConfigError
from standpipe.model.settings import Notifier, read_settings


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (Notifier(kind="pager"), "notifier.x.kind: no kind 'pager'; known: webhook, "),
        (Notifier(kind="webhook"), "notifier.x.url: is missing: kind 'webhook' needs it"),
        (Notifier(kind="webhook", url="http://h", sender="me"), "notifier.x.sender: kind 'webhook' does not take it"),
        (Notifier(kind="webhook", url="http://h", window=3), "notifier.x.window: kind 'webhook' does not take it"),
        (Notifier(kind="webhook", url="http://h", token="t", token_file="/f"), "notifier.x.token: stands beside"),
        (Notifier(kind="webhook", url_file="/no/such"), "notifier.x.url_file: no such file: /no/such"),
    ],
)
def test_a_notifier_that_cannot_work_is_refused_with_its_key(entry: Notifier, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build({"x": entry})
    assert fault in str(caught.value)


def test_all_faults_of_all_entries_are_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        build({"a": Notifier(kind="pager"), "b": Notifier(kind="webhook", folder="/f")})
    assert [fault.key for fault in caught.value.faults] == ["notifier.a.kind", "notifier.b.url", "notifier.b.folder"]


def test_secret_files_count_from_the_settings_file_and_are_read_when_the_notifier_is_made(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("http://127.0.0.1:1/secret\n")
    file = tmp_path / "standpipe.toml"
    file.write_text('[notifier.desk]\nkind = "webhook"\nurl_file = "hook"\n')
    settings = read_settings(file, {})
    assert settings.notifier["desk"].url_file == str(tmp_path / "hook")
    assert list(build(settings.notifier)) == ["desk"]

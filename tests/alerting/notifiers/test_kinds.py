from pathlib import Path
from typing import Any

import pytest

from alerting.notifiers.kinds import KINDS, build
from standpipe.model.errors import ConfigError
from standpipe.model.settings import Notifier, read_settings

DOCUMENT = (Path(__file__).parents[3] / "docs/notifiers.md").read_text(encoding="utf-8")


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


def test_a_value_that_a_kind_refuses_is_named_with_its_notifier() -> None:
    values: dict[str, Any] = {"username": "u", "password": "p", "sender": "1069"}
    with pytest.raises(ConfigError) as caught:
        build(
            {
                "a": Notifier(kind="smpp", url="http://h", **values),
                "b": Notifier(kind="mail", url="smtp://h", sender="x"),
            }
        )
    assert [fault.key for fault in caught.value.faults] == ["notifier.a.url", "notifier.b.sender"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_made_and_fits(name: str, tmp_path: Path) -> None:
    for folder in ("outbox", "sent", "error", "inbox"):
        (tmp_path / folder).mkdir()
    urls = {"smpp": "smpp://127.0.0.1:1", "mail": "smtp://127.0.0.1:1", "chat": "json://127.0.0.1:1"}
    values: dict[str, Any] = dict.fromkeys(KINDS[name].needs, "value@example")
    values.update(kind=name, url=urls.get(name, "http://127.0.0.1:1"), folder=str(tmp_path), fields={"to": "{to}"})
    taken = KINDS[name].needs | KINDS[name].takes | {"kind"}
    notifier = build({"x": Notifier(**{key: value for key, value in values.items() if key in taken})})["x"]
    assert notifier.receipts in ("on_sending", "later")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_its_section_in_the_document_with_every_key(name: str) -> None:
    section = DOCUMENT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert [key for key in sorted(KINDS[name].needs | KINDS[name].takes) if f"`{key}`" not in section] == []


def test_secret_files_count_from_the_settings_file_and_are_read_when_the_notifier_is_made(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("http://127.0.0.1:1/secret\n")
    file = tmp_path / "standpipe.toml"
    file.write_text('[notifier.desk]\nkind = "webhook"\nurl_file = "hook"\n')
    settings = read_settings(file, {})
    assert settings.notifier["desk"].url_file == str(tmp_path / "hook")
    assert list(build(settings.notifier)) == ["desk"]

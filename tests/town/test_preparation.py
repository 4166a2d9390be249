"""The demo's configuration is whole, its folder is its own, and a taken port is named."""

import io
import os
import socket
from pathlib import Path

import pytest

from standpipe.commands.configuration import load
from standpipe.model.contacts import read_contacts
from standpipe.model.errors import ConfigError
from standpipe.model.registry import read_registry
from standpipe.model.settings import read_settings
from standpipe.town.fire import COMPONENT
from standpipe.town.life import PANEL
from standpipe.town.network import Town
from standpipe.town.preparation import PROVISIONING, check_ports, doors, gateway_address, holder, make_folder
from standpipe.town.terminal import Mark, Terminal


def test_settings_sites_and_contacts_are_valid_together(tmp_path: Path, town: Town) -> None:
    settings = read_settings(make_folder(tmp_path / "demo"), {})
    registry = read_registry(settings.path(settings.sites))
    contacts = read_contacts(settings.path(settings.contacts), notifiers=frozenset(settings.notifier))
    assert {hydrant.id for hydrant in town.hydrants} <= registry.devices.keys()
    assert COMPONENT in registry.devices[PANEL].components
    assert [step.delay for step in contacts.plan["default"].steps] == [0, 30_000]
    assert gateway_address(settings) == ("127.0.0.1", 8089)
    assert settings.data_dir == tmp_path / "demo"


def test_rules_and_device_types_fit_the_sites(tmp_path: Path) -> None:
    configuration = load(read_settings(make_folder(tmp_path / "demo"), {}))
    shortened = {rule.id: rule.hold for rule in configuration.rules}
    assert shortened["hydrant.low_pressure"] == 8_000


def test_the_committed_settings_are_the_demos_settings(tmp_path: Path) -> None:
    made = read_settings(make_folder(tmp_path / "demo"), {})
    committed = read_settings(PROVISIONING / "settings.toml", {})
    assert doors(made) == doors(committed)
    assert made.path(made.rules) == committed.path(committed.rules)


def test_a_folder_of_an_earlier_demo_is_made_anew(tmp_path: Path) -> None:
    make_folder(tmp_path / "demo")
    (tmp_path / "demo" / "records.db").touch()
    make_folder(tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["settings.toml"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="did not make"):
        make_folder(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_a_taken_port_is_named_with_its_holder_and_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listen = f"127.0.0.1:{port}"
        environ = {f"STANDPIPE_{key}": "127.0.0.1:0" for key in ("TSDB__LISTEN", "COLLECTOR__HTTP__LISTEN")}
        environ |= {"STANDPIPE_COLLECTOR__GB26875__LISTEN": "127.0.0.1:0", "STANDPIPE_ALERTING__LISTEN": listen}
        environ |= {"STANDPIPE_NOTIFIER__SMS__URL": f"http://127.0.0.1:{port}/send"}
        settings = read_settings(make_folder(tmp_path / "demo"), environ)
        with pytest.raises(ConfigError) as raised:
            check_ports(settings)
        assert holder(port).startswith(f"process {os.getpid()} (")
    assert [fault.key for fault in raised.value.faults] == ["alerting.listen", "notifier.sms.url"]
    assert listen in raised.value.faults[0].reason
    assert "STANDPIPE_ALERTING__LISTEN=127.0.0.1:" in raised.value.faults[0].reason


def test_free_ports_pass(tmp_path: Path) -> None:
    keys = ("TSDB__LISTEN", "COLLECTOR__HTTP__LISTEN", "COLLECTOR__GB26875__LISTEN", "ALERTING__LISTEN")
    environ = {f"STANDPIPE_{key}": "127.0.0.1:0" for key in keys}
    environ["STANDPIPE_NOTIFIER__SMS__URL"] = "http://127.0.0.1:0/send"
    check_ports(read_settings(make_folder(tmp_path / "demo"), environ))


def test_the_ledger_is_a_table_of_steps() -> None:
    out = io.StringIO()
    terminal = Terminal(out, clock=lambda: 0)
    marks = [Mark(what="sent", at=1000), Mark(what="received", at=1004), Mark(what="shown", at=None, absent="no wall")]
    terminal.ledger("Ledger", [*marks, Mark(what="delivered", at=1350)])
    rows = [line.split() for line in out.getvalue().splitlines()[3:]]
    assert rows == [
        ["sent", "+0", "ms"],
        ["received", "+4", "ms", "+4", "ms"],
        ["shown", "no", "wall"],
        ["delivered", "+350", "ms", "+346", "ms"],
    ]


def test_an_event_line_is_aligned_whatever_the_script() -> None:
    out = io.StringIO()
    terminal = Terminal(out, clock=lambda: 0)
    terminal.event("SMS", "马值班", latency=12)
    terminal.event("SMS", "Ma", latency=12)
    chinese, latin = out.getvalue().splitlines()
    assert len(latin) - len(chinese) == len("马值班")

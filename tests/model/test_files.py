"""Files that people write: settings, sites, durations. Every fault is said, with file, line, key and the fix."""

from pathlib import Path

import pytest

from standpipe.model.duration import format_duration, parse_duration
from standpipe.model.errors import ConfigError, Fault
from standpipe.model.registry import Registry, read_registry
from standpipe.model.settings import Settings, is_loopback, read_settings, split_listen
from standpipe.model.toml_file import convert, read_toml

SITES = """\
[site.east]
name = { zh = "东仓", en = "East store" }
district = "chengdong"

[zone.zone-1]
site = "east"
name = { en = "hall" }

[device.hy-1]
type = "hydrant_json"
address = "device:HY-1"
site = "east"
zone = "zone-1"

[device.tx-1]
type = "gb26875_transmitter"
address = "gb26875:790300000000"
site = "east"

[device.tx-1.components."1.1.40.131082"]
name = "corridor"
zone = "zone-1"

[device.tx-1.components."1.1.40.2"]
id = "detector-2"
"""


def settings(tmp_path: Path, text: str, **environ: str) -> Settings:
    path = tmp_path / "standpipe.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, environ)


def registry(tmp_path: Path, text: str = SITES) -> Registry:
    folder = tmp_path / "sites"
    folder.mkdir()
    (folder / "east.toml").write_text(text, encoding="utf-8")
    return read_registry(folder)


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path, "").collector.gb26875.listen == "127.0.0.1:26875"


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        '[alerting]\nlisten = "127.0.0.1:9000"\n',
        STANDPIPE_ALERTING__LISTEN="127.0.0.1:9001",
        STANDPIPE_INFLUX__BATCH_LINES="10",
        STANDPIPE_PLUGINS='["/srv/devices"]',
        STANDPIPE_CONFIG="not a key",
        PATH="/bin",
    )
    assert (found.alerting.listen, found.influx.batch_lines, found.plugins) == ("127.0.0.1:9001", 10, ["/srv/devices"])


def test_relative_paths_count_from_the_settings_file(tmp_path: Path) -> None:
    assert settings(tmp_path, 'data = "var"').data_dir == tmp_path / "var"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "[alertin]\n", ":1: alertin: unknown key; did you mean 'alerting'? known: alerting,", id="section"
        ),
        pytest.param(
            "[collector.http]\nlisten = 8087\n",
            ":2: collector.http.listen: Expected `str`, got `int` (found 8087)",
            id="a wrong type",
        ),
        pytest.param(
            "[collector]\n[collector.http]\nmax_bdy = 1\n", ":3: collector.http.max_bdy: unknown key; did you", id="key"
        ),
        pytest.param('locale = "fr"', ":1: locale: Invalid enum value 'fr'", id="not in the list"),
        pytest.param('[tsdb]\nlisten = "8086"\n', "expected host:port, like 127.0.0.1:8080, got '8086'", id="no host"),
        pytest.param(
            '[tsdb]\nlisten = "0.0.0.0:8086"\n', "0.0.0.0 can be reached by others: set tsdb.token", id="open"
        ),
        pytest.param(
            '[alerting]\nlisten = "0.0.0.0:1"\ntoken = "x"\n',
            "set alerting.token and alerting.password",
            id="half open",
        ),
        pytest.param('file = "x"', "file: unknown key", id="a key of ours"),
        pytest.param("a = \n", ":1: not TOML: Invalid value", id="no TOML"),
        pytest.param('[notifier.sms]\nurl = "http://x"\n', "notifier.sms.kind: is missing", id="a key that is needed"),
    ],
)
def test_wrong_settings_are_refused_naming_file_line_key_and_what_was_expected(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "standpipe.toml"))


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, 'locale = "fr"\nplugin = []\n[tsdb]\nlisten = 1\n')
    assert [fault.key for fault in caught.value.faults] == ["locale", "plugin", "tsdb.listen"]


def test_digits_in_the_environment_are_text_where_text_belongs(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        '[notifier.sms]\nkind = "sms_http"\n',
        STANDPIPE_INFLUX__VERSION="1",
        STANDPIPE_INFLUX__PASSWORD="0123456",
        STANDPIPE_NOTIFIER__SMS__TOKEN="99",
        STANDPIPE_TSDB__TOKEN='"quoted"',
    )
    assert (read.influx.version, read.influx.password) == ("1", "0123456")
    assert (read.notifier["sms"].token, read.tsdb.token) == ("99", "quoted")


def test_an_environment_variable_that_names_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="alertin"):
        settings(tmp_path, "", STANDPIPE_ALERTIN__LISTEN="127.0.0.1:1")


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_toml(tmp_path / "none.toml")


def test_a_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml(tmp_path / "x.toml")


def test_a_value_that_fits_is_converted(tmp_path: Path) -> None:
    assert convert({"data": "x"}, Settings, path=tmp_path).data == "x"


@pytest.mark.parametrize(
    ("listen", "pair"),
    [
        pytest.param("127.0.0.1:80", ("127.0.0.1", 80), id="v4"),
        pytest.param("[::1]:80", ("::1", 80), id="v6"),
        pytest.param(":80", ("127.0.0.1", 80), id="port only"),
    ],
)
def test_an_address_comes_apart(listen: str, pair: tuple[str, int]) -> None:
    assert split_listen(listen) == pair


@pytest.mark.parametrize("listen", ["80", "host:", "host:http", "host:65536", "host:-1"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="expected host:port"):
        split_listen(listen)


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_only_loopback_is_closed(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


def test_a_device_is_found_by_its_wire_address(tmp_path: Path) -> None:
    found = registry(tmp_path).by_address("gb26875:790300000000")
    assert found is not None
    assert found[0] == "tx-1"


def test_an_unknown_address_is_nobody(tmp_path: Path) -> None:
    assert registry(tmp_path).by_address("gb26875:000000000000") is None


@pytest.mark.parametrize(
    ("device", "component", "id_", "zone"),
    [
        pytest.param("hy-1", "", "hy-1", "zone-1", id="a device"),
        pytest.param("tx-1", "1.1.40.131082", "tx-1/1.1.40.131082", "zone-1", id="a component with a zone"),
        pytest.param("tx-1", "1.1.40.2", "detector-2", "", id="a component with an id"),
        pytest.param("tx-1", "9.9.9.9", "tx-1/9.9.9.9", "", id="a component that nobody listed"),
    ],
)
def test_a_reading_is_stamped_with_its_place(tmp_path: Path, device: str, component: str, id_: str, zone: str) -> None:
    place = registry(tmp_path).place(device, component)
    assert (place.device, place.zone, place.site, place.district) == (id_, zone, "east", "chengdong")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param('zone = "zone-1"\n\n[dev', 'zone = "zone-9"\n\n[dev', "hy-1.zone: no zone 'zone-9'", id="zone"),
        pytest.param('site = "east"\nzone', 'site = "west"\nzone', "device.hy-1.site: no site 'west'", id="site"),
        pytest.param('"device:HY-1"', '"HY 1"', "expected scheme:value, like", id="address"),
        pytest.param('"device:HY-1"', '"gb26875:790300000000"', "is also the address of hy-1", id="address twice"),
        pytest.param("[device.hy-1]", '[device."hy 1"]', "expected letters, digits, - _ . (64 at most)", id="id"),
        pytest.param('"device:HY-1"', '"device:HY-1"\ninterval = "soon"', "expected a duration", id="interval"),
        pytest.param("[zone.zone-1]\nsite", "[zone.zone-1]\nsiet", "unknown key; did you mean 'site'?", id="a slip"),
    ],
)  # fmt: skip
def test_a_registry_that_does_not_fit_together_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in SITES
    with pytest.raises(ConfigError) as caught:
        registry(tmp_path, SITES.replace(old, new))
    assert says in str(caught.value)


def test_an_id_in_two_files_is_refused_naming_both(tmp_path: Path) -> None:
    registry(tmp_path)
    (tmp_path / "sites" / "more.toml").write_text('[site.east]\nname = { en = "again" }\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"more\.toml.*: site\.east: is also in .*east\.toml"):
        read_registry(tmp_path / "sites")


def test_a_registry_without_a_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder; it holds the site files"):
        read_registry(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "ms"), [("250ms", 250), ("90s", 90_000), ("1h30m", 5_400_000), ("0.5s", 500), ("1w", 604_800_000)]
)
def test_durations_are_read(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "90", "s", "1y", "-1s", "1 m", "1m soon"])
def test_what_is_no_duration_is_refused_saying_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration like 90s, 10m, 2h or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["250ms", "1m30s", "2h", "1d1h"])
def test_durations_are_written_as_they_are_read(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


def test_a_fault_is_written_so_that_an_editor_can_jump_to_it() -> None:
    assert str(Fault("a.toml", "site.x", "is wrong", 3)) == "a.toml:3: site.x: is wrong"

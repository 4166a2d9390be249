"""The catalogue finds folders wherever they are, and refuses the wrong ones with all their faults at once."""

import re
from pathlib import Path

import pytest

from plugins.catalogue import Catalogue, load_catalogue, load_folder
from plugins.scaffold import write_folder
from standpipe.model.errors import ConfigError, DecodeError
from standpipe.model.reading import Uplink


def faults_of(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_folder(folder)
    return str(caught.value)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "vendor_model"
    write_folder(made, kind="hydrant")
    return made


def test_a_folder_outside_the_repository_is_loaded_beside_ours(folder: Path) -> None:
    found = load_catalogue([folder])
    assert {"hydrant_json", "vendor_model"} <= found.types.keys()


def test_a_folder_of_folders_is_searched(folder: Path) -> None:
    assert "vendor_model" in load_catalogue([folder.parent]).types


def test_a_folder_given_twice_is_loaded_once(folder: Path) -> None:
    assert "vendor_model" in load_catalogue([folder, folder.parent]).types


def test_rules_that_several_types_of_a_kind_share_are_there_once(folder: Path) -> None:
    ids = [rule.id for rule in load_catalogue([folder]).rules()]
    assert ids.count("hydrant.low_pressure") == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            'unit = "kPa"', 'unit = "bar"', "metrics.pressure.unit: unknown unit 'bar'; known: kPa,", id="unit"
        ),
        pytest.param("status =", "statuss =", "unknown key; did you mean 'status'?", id="a slip of the keys"),
        pytest.param('kind = "hydrant"', 'kind = "Hydrant"', "kind: 'Hydrant' must be snake_case", id="kind"),
        pytest.param(
            'metric = "pressure"', 'metric = "presure"', "no such metric 'presure'; declared: pressure", id="rule"
        ),
        pytest.param("below = 140", "is = true", "a yes-or-no metric goes with `is`", id="is on a number"),
        pytest.param("clear = 150", "clear = 130", "could never settle", id="clear on the wrong side"),
        pytest.param('source = "GB 55036-2022 3.0.3"', "", "rules.low_pressure.source: is missing", id="no source"),
        pytest.param('zh = "水压", ', "", "metrics.pressure.label: has no zh label", id="no label"),
        pytest.param("below = 140", "below = 140\nabove = 200", "expected exactly one of `below`", id="two limits"),
    ],
)
def test_a_wrong_manifest_is_refused_naming_file_key_and_what_was_expected(
    folder: Path, old: str, new: str, says: str
) -> None:
    replace(folder / "device.toml", old, new)
    said = faults_of(folder)
    assert says in said
    assert re.match(rf"{re.escape(str(folder))}/device\.toml(:\d+)?: ", said)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        pytest.param("import os\n", "import os: may not be imported by a codec; allowed: standpipe.model", id="os"),
        pytest.param("from socket import socket\n", "import socket: may not", id="socket"),
        pytest.param("from . import other\n", "import .: may not", id="relative"),
        pytest.param("from standpipe.model import clock\n", "import standpipe.model.clock: may not", id="clock"),
        pytest.param("import collector.spool\n", "import collector.spool: may not", id="another room"),
        pytest.param("x = open('f')\n", "open: a codec is pure", id="open"),
        pytest.param("import datetime\nx = datetime.datetime.now()\n", "now: a codec has no clock", id="now"),
        pytest.param("def f(:\n", "not Python: ", id="no Python"),
        pytest.param("x = 1 / 0\n", "does not load: ZeroDivisionError", id="fails when loaded"),
    ],
)
def test_a_codec_that_is_not_pure_is_refused_with_file_and_line(folder: Path, source: str, says: str) -> None:
    codec = folder / "codec.py"
    codec.write_text(source + codec.read_text(encoding="utf-8"), encoding="utf-8")
    assert says in faults_of(folder)


def test_a_codec_that_is_not_pure_is_never_run(folder: Path, tmp_path: Path) -> None:
    codec = folder / "codec.py"
    codec.write_text(f"import os\nos.mkdir({str(tmp_path / 'made')!r})\n", encoding="utf-8")
    assert "import os" in faults_of(folder)
    assert not (tmp_path / "made").exists()


def test_a_codec_without_decode_is_refused(folder: Path) -> None:
    (folder / "codec.py").write_text("", encoding="utf-8")
    assert "decode: is missing: write `def decode(uplink: Uplink)" in faults_of(folder)


def test_all_faults_of_all_folders_are_said_at_once(folder: Path) -> None:
    second = folder.parent / "second"
    write_folder(second, kind="tank")
    replace(folder / "device.toml", '"kPa"', '"bar"')
    (folder / "codec.py").write_text("import os\n", encoding="utf-8")
    replace(second / "device.toml", '"m"', '"mm"')
    with pytest.raises(ConfigError) as caught:
        load_catalogue([folder, second])
    assert len(caught.value.faults) >= 4


def test_two_types_of_one_kind_must_agree_on_unit_and_rule(folder: Path) -> None:
    manifest = folder / "device.toml"
    replace(manifest, 'unit = "kPa"', 'unit = "m"')
    replace(manifest, "below = 140", "below = 130")
    with pytest.raises(ConfigError) as caught:
        load_catalogue([folder])
    said = str(caught.value)
    assert re.search(r"\w+ shows hydrant.pressure in kPa \(float\): use that", said)
    assert "differs from the rule hydrant.low_pressure in" in said


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "hydrant_json"
    write_folder(folder, kind="hydrant")
    with pytest.raises(ConfigError, match="the name 'hydrant_json' is taken by"):
        load_catalogue([folder])


def test_an_extra_folder_without_devices_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no device\.toml"):
        load_catalogue([tmp_path])


def test_a_mistake_of_a_codec_is_a_decode_error_so_that_the_collector_lives(folder: Path) -> None:
    replace(folder / "codec.py", "    try:\n", "    raise KeyError('x')\n    try:\n")
    loaded = load_folder(folder)
    uplink = Uplink(source="test", address="device:x", payload=b"{}", received_at=0)
    with pytest.raises(DecodeError, match="mistake in the codec of vendor_model: KeyError"):
        loaded.decode(uplink)


def test_an_installed_package_brings_its_devices_without_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "acme_devices"
    write_folder(package / "acme_hydrant", kind="hydrant")
    (package / "__init__.py").write_text("raise RuntimeError('the package itself is not run')\n", encoding="utf-8")
    info = tmp_path / "acme_devices-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-devices\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[standpipe.devices]\nacme = acme_devices\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "acme_hydrant" in load_catalogue().types


def test_an_entry_point_that_leads_nowhere_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "gone-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gone\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[standpipe.devices]\ngone = no_such_package\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match="entry point gone = no_such_package"):
        load_catalogue()


def test_every_metric_of_a_kind_is_listed(catalogue: Catalogue) -> None:
    assert "pressure" in catalogue.kinds()["hydrant"]
    assert "gas" in catalogue.kinds()["fire_component"]

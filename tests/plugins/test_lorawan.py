"""Importing a catalogue of LoRaWAN devices from a checkout: what becomes a folder, what is left out and why."""

from pathlib import Path

import pytest

from plugins import conformance
from plugins.catalogue import load_catalogue, load_folder
from plugins.guessing import Guess, guess, snake
from plugins.lorawan import Imported, import_catalogue
from plugins.yaml12 import read_yaml
from standpipe.cli import main
from standpipe.model.errors import ConfigError
from standpipe.model.json_table import Scalar

FILES = {
    "index.yaml": "endDevices:\n  - hp1\n  - hp2\n  - counter\n  - wrong\n  - silent\n  - gone\n  - hp1\n  - odd\n",
    "hp1.yaml": "name: HP1\nfirmwareVersions:\n  - version: 1\n    profiles:\n      EU868: {id: p, codec: hp-codec}\n",
    "hp2.yaml": "name: HP2\nfirmwareVersions:\n  - version: 1\n    profiles:\n      EU868: {id: p, codec: hp-codec}\n",
    "hp-codec.yaml": """\
uplinkDecoder:
  fileName: hp.js
  examples:
    - description: all is well
      input: {fPort: 2, bytes: [12, 128, 83]}
      output:
        data: {waterPressure_kPa: 320, battery: 83, state: {valve: on, open: false}, "a.b": 1}
    - description: an empty payload
      input: {fPort: 2, bytes: []}
      output:
        errors: [too short]
""",
    "hp.js": """\
function decodeUplink(input) {
  if (input.bytes.length < 3) return {errors: ['too short']};
  return {data: {waterPressure_kPa: Buffer.from(input.bytes).readUInt16BE(0) / 10, battery: input.bytes[2],
    state: {valve: 'on', open: false}, 'a.b': 1}};
}
""",
    "counter.yaml": "name: C\nfirmwareVersions:\n  - profiles:\n      EU868: {codec: counter-codec}\n",
    "counter-codec.yaml": """\
uplinkDecoder:
  fileName: counter.js
  examples:
    - {description: first, input: {fPort: 1, bytes: [7]}, output: {data: {calls: 1, temp_c: 7}}}
    - {description: also first, input: {fPort: 1, bytes: [8]}, output: {data: {calls: 1, temp_c: 8}}}
""",
    "counter.js": "calls = 0; function Decoder(bytes) { calls++; return {calls: calls, temp_c: bytes[0]} }",
    "wrong.yaml": "name: W\nfirmwareVersions:\n  - profiles:\n      EU868: {codec: wrong-codec}\n",
    "wrong-codec.yaml": """\
uplinkDecoder:
  fileName: wrong.js
  examples:
    - {description: promised, input: {fPort: 1, bytes: [7]}, output: {data: {level_cm: 8}}}
""",
    "wrong.js": "function decodeUplink(input) { return {data: {level_cm: input.bytes[0]}} }",
    "odd.yaml": "name: O\nfirmwareVersions: [one]\n",
    "silent.yaml": "name: S\nfirmwareVersions:\n  - profiles:\n      EU868: {codec: silent-codec}\n",
    "silent-codec.yaml": "uplinkDecoder:\n  fileName: hp.js\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lorawan")
    vendor = made / "checkout" / "vendor" / "acme-water"
    vendor.mkdir(parents=True)
    for name, text in FILES.items():
        (vendor / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def imported(home: Path) -> Imported:
    return import_catalogue(home / "checkout", home / "devices")


def test_devices_that_share_a_codec_become_one_folder_that_conforms(imported: Imported) -> None:
    assert [folder.name for folder in imported.written] == ["acme_water_hp_codec", "acme_water_counter_codec"]
    assert conformance.test_folder(imported.written[0]) == []
    assert load_folder(imported.written[0]).type.models == ("HP1", "HP2")


def test_what_was_imported_loads_beside_everything_else(imported: Imported) -> None:
    assert "acme_water_hp_codec" in load_catalogue(imported.written).types


def test_a_guessed_unit_is_marked_and_no_rule_is_made(imported: Imported) -> None:
    type_ = load_folder(imported.written[0]).type
    assert type_.json is not None
    assert {name: type_.json.field(name).assumed for name in type_.metrics} == {
        "water_pressure_kpa": False,
        "battery": True,
        "state_valve": False,
        "state_open": False,
    }
    assert type_.rules == ()


def test_a_codec_that_remembers_is_found_out(imported: Imported) -> None:
    javascript = load_folder(imported.written[1]).type.javascript
    assert javascript is not None
    assert javascript.stateful


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        pytest.param("wrong-codec.yaml", "fields.level_cm: the codec gives 0.07, not 0.08", id="other results"),
        pytest.param("silent-codec.yaml", "show no data to make fields of", id="no examples"),
        pytest.param("gone.yaml", "cannot be read", id="no such device"),
        pytest.param("odd.yaml", "is not laid out as expected", id="another layout"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_the_reason(imported: Imported, file: str, reason: str) -> None:
    said = [str(fault) for fault in imported.refused if Path(fault.file).name == file]
    assert len(said) == 1
    assert reason in said[0]


def test_what_was_left_out_leaves_no_folder_behind(imported: Imported, home: Path) -> None:
    assert sorted(path.name for path in (home / "devices").iterdir()) == sorted(path.name for path in imported.written)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no folder `vendor`"):
        import_catalogue(tmp_path, tmp_path / "devices")


def test_a_codec_outside_of_the_vendors_folder_is_not_read(tmp_path: Path) -> None:
    vendor = tmp_path / "vendor" / "acme"
    vendor.mkdir(parents=True)
    (vendor / "index.yaml").write_text("endDevices: [hp1]\n", encoding="utf-8")
    (vendor / "hp1.yaml").write_text(FILES["hp1.yaml"], encoding="utf-8")
    (vendor / "hp-codec.yaml").write_text(FILES["hp-codec.yaml"].replace("hp.js", "../../secret.js"), encoding="utf-8")
    (tmp_path / "secret.js").write_text(FILES["hp.js"], encoding="utf-8")
    found = import_catalogue(tmp_path, tmp_path / "devices")
    assert "lies outside of the vendor's folder" in "\n".join(map(str, found.refused))


def test_yaml_is_read_as_version_1_2(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "a: on\nb: no\nc: 012\nd: 0o14\ne: 1e3\nf: ~\ng: true\nh: 12:30\n", encoding="utf-8"
    )
    assert read_yaml(tmp_path / "x.yaml") == {
        "a": "on", "b": "no", "c": 12, "d": 12, "e": 1000.0, "f": None, "g": True, "h": "12:30",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["- 1\n", "a: [\n", "a: !!python/object:os.system x\n", "\t"])
def test_yaml_that_is_no_mapping_or_more_than_data_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"x\.yaml"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("name", "values", "made"),
    [
        pytest.param("battery_mv", [3600], Guess("V", 0.001, assumed=False), id="millivolts"),
        pytest.param("pressure_bar", [3.2], Guess("kPa", 100.0, assumed=False), id="bar"),
        pytest.param("temperature", [21.5], Guess("Cel", 1.0, assumed=True), id="a temperature in what?"),
        pytest.param("open", [True, False], Guess("bool", 1.0, assumed=False), id="yes or no"),
        pytest.param("state", ["on", 3], Guess("text", 1.0, assumed=False), id="words"),
        pytest.param("frobs", [1], Guess("1", 1.0, assumed=True), id="nobody knows"),
    ],
)
def test_a_unit_is_sure_only_where_the_name_says_it(name: str, values: list[Scalar], made: Guess) -> None:
    assert guess(name, values) == made


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("waterPressure_kPa", "water_pressure_kpa"),
        ("batteryMV", "battery_mv"),
        ("currentmA", "current_ma"),
        ("TempC_SHT", "temp_c_sht"),
        ("0.value", "x0_value"),
        ("电压", "x"),
    ],
)
def test_any_name_becomes_snake_case(name: str, made: str) -> None:
    assert snake(name) == made


def test_the_command_says_what_was_written_and_what_was_left_out(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "import", "lorawan", str(home / "checkout"), "--to", str(home / "by_command")]) == 0
    said = capsys.readouterr()
    assert f"wrote {home / 'by_command' / 'acme_water_hp_codec'}" in said.out
    assert "left out: " in said.err

"""A maker's JavaScript codec in a device folder: what it may do, what it may not, and that the worker outlives it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins import certify, conformance
from plugins.catalogue import load_catalogue, load_folder
from plugins.javascript import Worker
from standpipe.model.errors import ConfigError, DecodeError
from standpipe.model.reading import Uplink

NOON = 1_768_435_200_000
CODEC = """\
// A hydrant sensor as its maker publishes it: pressure in 0.1 kPa, battery in %, one alarm bit.
function decodeUplink(input) {
  var bytes = input.bytes;
  if (bytes.length !== 4) return { errors: ['expected 4 bytes, got ' + bytes.length] };
  return { data: { water: { pressure: (bytes[0] << 8 | bytes[1]) / 10 }, batt: bytes[2], burst: !!(bytes[3] & 1) } };
}
"""
MANIFEST = """\
name = "Somebody's hydrant sensor"
kind = "hydrant"
models = ["*"]
status = "bench"
transport = ["lorawan"]
signals = ["supervisory"]

[javascript]
file = "codec.js"

[metrics]
pressure = { unit = "kPa", low = -100, high = 2500, label = { zh = "水压", en = "pressure" } }
battery = { unit = "%", low = 0, high = 100, label = { zh = "电量", en = "battery" } }

[json.fields]
pressure = "water.pressure"
battery = "batt"

[json.signals]
supervisory = "burst"

[rules.burst]
when = "supervisory"
source = "judgement"
"""
SAMPLES = {
    "quiescent": 'hex = "0c 80 53 00"\nfields = { pressure = 320.0, battery = 83.0 }\n',
    "burst": 'hex = "01 f4 53 01"\nfields = { pressure = 50.0, battery = 83.0 }\nsignals = ["supervisory"]\n'
    'raises = ["burst"]\n',
    "malformed": 'hex = "0c 80"\nerror = "expected 4 bytes, got 2"\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "somebodys_hydrant"
    (made / "samples").mkdir(parents=True)
    (made / "device.toml").write_text(MANIFEST, encoding="utf-8")
    (made / "codec.js").write_text(CODEC, encoding="utf-8")
    for name, text in SAMPLES.items():
        (made / "samples" / f"{name}.toml").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def run(worker: Worker, body: str, *, stateful: bool = False, codec: str = "trap") -> dict[str, object]:
    source = f"var count = 0;\nfunction decodeUplink(input) {{ {body} }}"
    text = '{"bytes": [1, 2, 3], "fPort": 1}'
    found: dict[str, object] = json.loads(worker.decode(codec, source, stateful=stateful, text=text, now=NOON))
    return found


def test_a_folder_with_javascript_conforms_and_is_certified(folder: Path) -> None:
    assert conformance.test_folder(folder) == []
    certificate = certify.certify(folder, frames=1000)
    assert certificate.faults == []


def test_thousands_of_decodes_go_through_one_worker(worker: Worker) -> None:
    run(worker, "return {data: {a: input.bytes[0]}}")
    start = time.perf_counter()
    for _ in range(2000):
        run(worker, "return {data: {a: input.bytes[0]}}")
    assert time.perf_counter() - start < 20
    assert worker.killed == 0


@pytest.mark.parametrize(
    ("body", "data"),
    [
        pytest.param("return {data: {a: Buffer.from(input.bytes).readUInt16BE(1)}}", 515, id="Buffer"),
        pytest.param("return {data: {a: new Buffer('AQI=', 'base64').toString('hex')}}", "0102", id="old Buffer"),
        pytest.param("return {data: {a: require('buffer').Buffer.alloc(2).length}}", 2, id="require Buffer"),
        pytest.param("with (input) { return {data: {a: bytes[2]}} }", 3, id="with"),
        pytest.param("a = 010; return {data: {a: a}}", 8, id="octal, and a variable nobody declared"),
        pytest.param("return {data: {a: Date.now()}}", NOON, id="now"),
        pytest.param("return {data: {a: new Date().getTime()}}", NOON, id="a new date"),
        pytest.param("return {data: {a: new Date(5).getTime()}}", 5, id="a date of its own"),
        pytest.param("return {data: {a: input.recvTime.getTime()}}", NOON, id="time of reception"),
        pytest.param("console.log('x'); return {data: {a: 1}}", 1, id="console"),
        pytest.param("return {data: {a: Math.random() === 48271 / 2147483647}}", True, id="chance that repeats itself"),
    ],
)
def test_a_codec_finds_what_the_makers_platforms_give_it(worker: Worker, body: str, data: object) -> None:
    assert run(worker, body) == {"data": {"a": data}}


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        pytest.param("function Decode(fPort, bytes) { return {a: bytes[fPort]} }", {"a": 2}, id="ChirpStack 3"),
        pytest.param("function Decoder(bytes, port) { return {a: bytes[port]} }", {"a": 2}, id="The Things Stack 2"),
        pytest.param("exports.decodeUplink = function (i) { return {data: {a: 2}} }", {"a": 2}, id="exports"),
        pytest.param("module.exports = {decodeUplink: (i) => ({data: {a: 2}})}", {"a": 2}, id="module.exports"),
    ],
)
def test_a_codec_may_be_written_for_another_platform(worker: Worker, source: str, answer: object) -> None:
    text = '{"bytes": [1, 2, 3], "fPort": 1}'
    found = worker.decode("other", source, stateful=False, text=text, now=0)
    assert json.loads(found) == {"data": answer}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param("for (;;) {}", "interrupted|hung", id="endless loop"),
        pytest.param(
            "var a = []; for (;;) a.push(new Array(10000).fill(1))", "interrupted|memory|hung", id="memory bomb"
        ),
        pytest.param("return {data: {a: 'x'.repeat(1e6)}}", "result is too large", id="long answer"),
        pytest.param("return decodeUplink(input)", "Maximum call stack", id="recursion"),
        pytest.param("throw new Error('no such message')", "no such message", id="its own error"),
        pytest.param(
            "return require('fs').readFileSync('/etc/passwd')", "a codec has the language and Buffer", id="files"
        ),
        pytest.param("return fetch('http://example.org')", "fetch is not defined", id="network"),
    ],
)
def test_what_a_codec_may_not_do_is_refused_and_the_next_uplink_is_read(worker: Worker, body: str, says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        run(worker, body)
    assert run(worker, "return {data: {a: 1}}", codec="other") == {"data": {"a": 1}}


def test_a_loop_inside_the_engine_costs_one_uplink_and_one_worker(worker: Worker) -> None:
    with pytest.raises(DecodeError, match="hung or died"):
        run(worker, "var a = [1]; a.length = 4e9; return {data: {a: a.join('x').length + a.indexOf(2)}}")
    assert worker.killed == 1
    with pytest.raises(DecodeError, match="hung within the last 60 s and is not called"):
        run(worker, "return {data: {a: 1}}")
    assert run(worker, "return {data: {a: 1}}", codec="other") == {"data": {"a": 1}}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("Object.prototype.toJSON = function () { return 1 }", id="Object"),
        pytest.param("Array.prototype.map = null; Array.prototype.push = null", id="Array"),
        pytest.param("JSON.stringify = null; JSON.parse = null", id="JSON"),
        pytest.param("Math.random = null; Date.now = null", id="Math and Date"),
    ],
)
def test_no_call_can_change_what_the_next_one_finds(worker: Worker, body: str) -> None:
    body = f"if (input.bytes.length === 3) {{ {body} }} return {{data: {{a: [1].map(x => x + 1)[0]}}}}"
    assert [run(worker, body) for _ in range(2)] == [{"data": {"a": 2}}] * 2


def test_a_codec_that_remembers_forgets_when_it_is_called_stateful(worker: Worker) -> None:
    body = "count += 1; return {data: {a: count}}"
    remembers = [run(worker, body)["data"] for _ in range(2)]
    forgets = [run(worker, body, stateful=True, codec="stateful")["data"] for _ in range(2)]
    assert (remembers, forgets) == ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 1}])


def test_certification_finds_a_codec_that_remembers(folder: Path) -> None:
    (folder / "codec.js").write_text("var count = 0;\n" + CODEC.replace("bytes[2]", "++count"), encoding="utf-8")
    said = "\n".join(str(fault) for fault in certify.certify(folder, frames=10).faults)
    assert "codec.js: decode: gives other readings for the same bytes the second time; set stateful = true" in said


def test_a_guess_never_drives_an_alert(folder: Path) -> None:
    manifest = folder / "device.toml"
    text = manifest.read_text(encoding="utf-8").replace(
        'battery = "batt"', 'battery = { key = "batt", assumed = true }'
    )
    rule = '\n[rules.low_battery]\nmetric = "battery"\nbelow = 20\nsource = "judgement"\n'
    manifest.write_text(text + rule, encoding="utf-8")
    with pytest.raises(ConfigError, match="the rule 'low_battery' would stand on a guess"):
        load_folder(folder)


def test_a_guess_is_not_driven_by_the_rules_of_another_type_of_its_kind(folder: Path) -> None:
    manifest = folder / "device.toml"
    guess = 'pressure = { key = "water.pressure", assumed = true }'
    text = manifest.read_text(encoding="utf-8").replace('pressure = "water.pressure"', guess)
    manifest.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"json.fields.pressure.assumed: the rule hydrant\.\w+ of \w+ would stand on"):
        load_catalogue([folder])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param('file = "codec.js"', 'file = "none.js"', "none.js: cannot be used", id="no such file"),
        pytest.param(
            'pressure = "water', 'presure = "water', "json.fields.presure: no such metric", id="no such metric"
        ),
        pytest.param(
            'supervisory = "burst"', 'fire = "burst"', "json.signals.fire: is not in `signals`", id="no signal"
        ),
    ],
)
def test_a_wrong_table_is_refused(folder: Path, old: str, new: str, says: str) -> None:
    manifest = folder / "device.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_folder(folder)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("given", "port"), [pytest.param(5, 5, id="of the uplink"), pytest.param(0, 1, id="of the manifest")]
)
def test_a_codec_is_told_the_port(folder: Path, given: int, port: int) -> None:
    (folder / "codec.js").write_text("function decodeUplink(i) { return {data: {batt: i.fPort}} }", encoding="utf-8")
    uplink = Uplink(source="mqtt", address="deveui:1", payload=b"\1", received_at=0, port=given)
    assert [one.fields for one in load_folder(folder).decode(uplink)] == [{"battery": port}]


def test_a_payload_longer_than_lorawan_carries_is_refused(folder: Path) -> None:
    uplink = Uplink(source="mqtt", address="deveui:1", payload=bytes(256), received_at=0)
    with pytest.raises(DecodeError, match="256 bytes; LoRaWAN carries 255 at most"):
        load_folder(folder).decode(uplink)

"""Writes a new device folder that explains itself, with one sample that fails on purpose. Overwrites nothing."""

from pathlib import Path

import msgspec

from standpipe.model.device_type import SNAKE
from standpipe.model.errors import ConfigError, Fault


class Preset(msgspec.Struct, frozen=True):
    """What a kind of device most often measures: the metric and the rule that a new folder starts with."""

    metric: str
    unit: str
    zh: str
    en: str
    good: float
    bad: float
    rule: str
    limit: str
    source: str
    rule_zh: str
    rule_en: str


PRESETS = {
    "hydrant": Preset(
        "pressure", "kPa", "水压", "pressure", 320.0, 120.0, "low_pressure",
        'below = 140, clear = 150, for = "10m"', "GB 55036-2022 3.0.3", "水压低", "low pressure",
    ),
    "tank": Preset(
        "level", "m", "水位", "level", 2.5, 0.4, "low_level",
        'below = 0.5, clear = 0.6, for = "5m"', "judgement", "水位低", "low level",
    ),
    "gas": Preset(
        "gas", "%LEL", "可燃气体浓度", "combustible gas", 0.0, 30.0, "gas_low",
        "at_least = 25, clear = 20", "GB/T 50493-2019", "可燃气体低限报警", "combustible gas, low alarm",
    ),
    "electrical": Preset(
        "residual_current", "mA", "剩余电流", "residual current", 80.0, 350.0, "residual_current",
        'at_least = 300, clear = 270, for = "30s"', "GB 50116-2013 9.2.3", "剩余电流超限", "residual current",
    ),
}  # fmt: skip
"""Starting points by kind. The rules are those of the device types that come with Standpipe: a kind has one meaning."""
OTHER = Preset(
    "temperature", "Cel", "温度", "temperature", 21.5, 75.0, "too_hot",
    'above = 70, clear = 65, for = "1m"', "judgement", "温度过高", "too hot",
)  # fmt: skip

_MANIFEST = """\
# {name}/device.toml: the facts. This folder is the whole device type; nothing else has to be edited.
name = "{name}"  # for people
kind = "{kind}"  # the measurement: devices of one kind share charts and rules
models = ["{name}"]  # as printed on the device; "*" for any
status = "bench"  # "field" once a sample was captured from hardware (firmware = "...")
interval = "10m"  # how often it reports
transport = ["http", "mqtt"]
signals = []  # what it can say: fire, gas, fault, test ... (standpipe/model/signal.py)

[metrics]  # units are a closed list; a wrong one is refused with the list
{metric} = {{ unit = "{unit}", label = {{ zh = "{zh}", en = "{en}" }} }}

[rules.{rule}]  # defaults; a site overrides them
metric = "{metric}"
{limit}
signal = "supervisory"  # what the alert is; fire and gas open an incident
source = "{source}"  # standard and clause, or "judgement"
label = {{ zh = "{rule_zh}", en = "{rule_en}" }}
"""

_CODEC = '''\
"""{name}: bytes to observations. Pure: no clock, no file, no socket; imports only what the suite allows."""

import msgspec

from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Uplink
from standpipe.model.wire_time import epoch_ms


class Message(msgspec.Struct, frozen=True):
    """What the device sends. Keys that are not named here are ignored; a key of a wrong type is refused."""

    {metric}: float
    ts: int | float | str | None = None


def decode(uplink: Uplink) -> list[Observation]:
    """Return what the device saw, in the units of device.toml. Raises DecodeError and nothing else."""
    try:
        message = msgspec.json.decode(uplink.payload, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise DecodeError(str(err)) from None
    at = epoch_ms(message.ts, utc_offset=uplink.utc_offset)
    return [Observation(fields={{"{metric}": message.{metric}}}, observed_at=at)]
'''

_SAMPLES = {
    "quiescent": """\
what    = "all is well: raises nothing"
payload = '{{"{metric}": {good}, "ts": "2026-01-15T08:00:00+08:00"}}'
fields  = {{ {metric} = {good} }}
observed_at = 2026-01-15T00:00:00Z
""",
    "{rule}": """\
what    = "the value that raises the rule"
payload = '{{"{metric}": {bad}}}'
fields  = {{ {metric} = {bad} }}
raises  = ["{rule}"]
""",
    "malformed": """\
what    = "cut off on the way"
payload = '{{"{metric}": '
error   = "truncated"
""",
    "from_your_device": """\
# This one fails on purpose. Put a message of your device here: `payload` for text, `hex` for bytes,
# and in `fields` what it means. Then change codec.py until `standpipe plugin test` is content.
what    = "a message of a real device"
payload = '{{"put": "your message here"}}'
fields  = {{ {metric} = {good} }}
""",
}


def write_folder(folder: Path, *, kind: str) -> list[Path]:
    """Write a new device folder, return its files. Raises ConfigError for a name that is not snake_case or is taken."""
    faults = [
        Fault(str(folder), key, f"{word!r} must be snake_case, like vendor_model")
        for key, word in (("name", folder.name), ("kind", kind))
        if not SNAKE.fullmatch(word)
    ]
    if folder.exists():
        faults.append(Fault(str(folder), "", "is there already; choose another name or remove it"))
    if faults:
        raise ConfigError(faults)
    words = msgspec.structs.asdict(PRESETS.get(kind, OTHER)) | {"name": folder.name, "kind": kind}
    words["limit"] = words["limit"].replace(", ", "\n")
    files = {"device.toml": _MANIFEST, "codec.py": _CODEC}
    files |= {f"samples/{name.format(**words)}.toml": text for name, text in _SAMPLES.items()}
    written = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**words), encoding="utf-8")
        written.append(path)
    return written

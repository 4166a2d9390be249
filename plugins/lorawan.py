"""Makes device folders out of a user's own checkout of a LoRaWAN device catalogue. Copies nothing into this project.

The layout is that of TheThingsNetwork/lorawan-devices: vendor/<vendor>/index.yaml names devices, a device's firmware
names a codec for each region's profile, a codec's YAML names its JavaScript and gives examples. The examples become
samples: what the codec gives here must be what its maker says.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from plugins import conformance
from plugins.guessing import Guess, guess, snake
from plugins.javascript import LONGEST
from plugins.yaml12 import read_yaml
from standpipe.model.errors import ConfigError, DecodeError, Fault
from standpipe.model.json_table import Scalar

_DEEP = 6


class Imported(msgspec.Struct, frozen=True):
    """What came of an import."""

    written: list[Path]
    refused: list[Fault]
    """Devices that were left out, with the reason: no JavaScript, no examples, other results than the maker's."""


class Example(msgspec.Struct, frozen=True):
    """One example of a codec's YAML."""

    what: str
    port: int
    payload: bytes
    data: dict[str, Any]
    failed: bool


def import_catalogue(source: Path, target: Path, *, vendor: str = "") -> Imported:
    """Write a folder below `target` for each device of the checkout (of one vendor, where given).

    Devices that share a codec share a folder. Raises ConfigError when `source` is no such checkout.
    """
    if not (source / "vendor").is_dir():
        raise ConfigError(
            [Fault(str(source), "", "holds no folder `vendor`; give the root of the catalogue's checkout")]
        )
    written: list[Path] = []
    refused: list[Fault] = []
    for index in sorted((source / "vendor").glob(f"{vendor or '*'}/index.yaml")):
        for codec, names in _codecs(index, refused).items():
            folder = target / snake(f"{index.parent.name}_{codec.stem}")
            try:
                _write(folder, codec, names)
                written.append(folder)
            except (ConfigError, DecodeError, OSError, ValueError, TypeError, KeyError, AttributeError) as err:
                shutil.rmtree(folder, ignore_errors=True)
                reason = str(err.faults[0]) if isinstance(err, ConfigError) else f"{type(err).__name__}: {err}"
                refused.append(Fault(str(codec), "", reason))
    return Imported(written, refused)


def _codecs(index: Path, refused: list[Fault]) -> dict[Path, list[str]]:
    """Return each codec file of a vendor with the names of the devices that use it."""
    found: dict[Path, list[str]] = {}
    try:
        devices = read_yaml(index).get("endDevices") or []
    except ConfigError as err:
        refused.extend(err.faults)
        return {}
    for device in dict.fromkeys(map(str, devices)):
        path = index.parent / f"{device}.yaml"
        try:
            facts = read_yaml(path)
            versions = facts.get("firmwareVersions") or []
            profiles = [one for version in versions for one in (version.get("profiles") or {}).values()]
            codecs = dict.fromkeys(str(profile["codec"]) for profile in profiles if profile and profile.get("codec"))
        except ConfigError as err:
            refused.extend(err.faults)
            continue
        except (AttributeError, TypeError) as err:
            refused.append(Fault(str(path), "firmwareVersions", f"is not laid out as expected: {err}"))
            continue
        if not codecs:
            refused.append(Fault(str(path), "", "names no codec"))
        for codec in codecs:
            found.setdefault(index.parent / f"{codec}.yaml", []).append(str(facts.get("name") or device))
    return found


def _write(folder: Path, codec: Path, names: list[str]) -> None:
    """Write one device folder and prove it. Raises ConfigError with what keeps it from being used."""
    decoder = read_yaml(codec)["uplinkDecoder"]
    examples = [_example(one) for one in decoder.get("examples") or []]
    if folder.exists():
        raise ConfigError([Fault(str(folder), "", "is there already; remove it to import it again")])
    leaves: dict[str, list[Scalar]] = {}
    for example in examples:
        for path, value in _leaves(example.data, ""):
            leaves.setdefault(path, []).append(value)
    if not leaves:
        raise ConfigError([Fault(str(codec), "uplinkDecoder.examples", "show no data to make fields of")])
    fields = {path: (name, guess(name, values)) for path, (name, values) in _named(leaves).items()}
    (folder / "samples").mkdir(parents=True)
    source = codec.parent / decoder["fileName"]
    if not source.resolve().is_relative_to(codec.parent.resolve()):
        raise ConfigError([Fault(str(codec), "uplinkDecoder.fileName", "lies outside of the vendor's folder")])
    shutil.copyfile(source, folder / "codec.js")
    for stateful in (False, True):
        (folder / "device.toml").write_text(_manifest(folder.name, names, fields, stateful=stateful), encoding="utf-8")
        _write_samples(folder, examples, fields)
        faults = conformance.test_folder(folder)
        if not faults:
            return
    raise ConfigError(faults)


def _example(one: dict[str, Any]) -> Example:
    given, output = one["input"], one.get("output") or {}
    data = output.get("data")
    return Example(
        what=str(one.get("description") or "an example of the maker"),
        port=int(given.get("fPort", 0)),
        payload=bytes(given["bytes"]),
        data=data if isinstance(data, dict) else {},
        failed=bool(output.get("errors")),
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Scalar]]:
    """Yield each plain value of a result with its dotted path. A key with a dot in it cannot be reached."""
    if path.count(".") >= _DEEP:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if "." not in str(key):
                yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{number}" if path else str(number))
    elif value is not None:
        yield path, value


def _named(leaves: dict[str, list[Scalar]]) -> dict[str, tuple[str, list[Scalar]]]:
    """Return each path with a metric name that no other path has."""
    taken: dict[str, int] = {}
    found = {}
    for path, values in leaves.items():
        name = snake(path)
        taken[name] = taken.get(name, 0) + 1
        found[path] = (name if taken[name] == 1 else f"{name}_{taken[name]}", values)
    return found


def _text(value: str) -> str:
    """Return a TOML string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _manifest(name: str, models: list[str], fields: dict[str, tuple[str, Guess]], *, stateful: bool) -> str:
    """Return device.toml. No rules: the kind is the folder's own and the units may be guesses; a person adds them."""
    lines = [
        "# Imported. Look at every `assumed` unit; give it a kind that your other devices share, and rules.",
        f"name = {_text(', '.join(models))}",
        f"kind = {_text(name)}",
        f"models = [{', '.join(map(_text, models))}]",
        'status = "bench"',
        'interval = "1h"',
        'transport = ["lorawan"]',
        "\n[javascript]",
        f"stateful = {'true' if stateful else 'false'}",
        "\n[metrics]",
    ]
    for metric, is_ in fields.values():
        kind = ', type = "float"' if is_.unit == "1" else ""
        label = _text(metric.replace("_", " "))
        lines.append(f'{metric} = {{ unit = "{is_.unit}"{kind}, label = {{ zh = {label}, en = {label} }} }}')
    lines.append("\n[json.fields]")
    for path, (metric, is_) in fields.items():
        more = f", factor = {is_.factor!r}" if is_.factor != 1 else ""
        more += ", assumed = true" if is_.assumed else ""
        lines.append(f"{metric} = {{ key = {_text(path)}{more} }}")
    return "\n".join(lines) + "\n"


def _write_samples(folder: Path, examples: list[Example], fields: dict[str, tuple[str, Guess]]) -> None:
    """Write an example of the maker per sample, and one payload that is none."""
    for number, example in enumerate(examples, 1):
        lines = [f"what = {_text(example.what)}", f'hex = "{example.payload.hex()}"', f"port = {example.port}"]
        values = {path: value for path, value in _leaves(example.data, "") if path in fields}
        if example.failed or not values:
            lines.append(f'error = "{"JavaScript codec says" if example.failed else "holds none of"}"')
        else:
            lines.append("[fields]")
            lines += [f"{fields[path][0]} = {_value(value, fields[path][1])}" for path, value in values.items()]
        (folder / "samples" / f"example_{number}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines = ['what = "longer than LoRaWAN carries"', f'hex = "{"00" * (LONGEST + 1)}"', 'error = "LoRaWAN carries"']
    (folder / "samples" / "malformed.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _value(value: Scalar, is_: Guess) -> str:
    """Return what the table makes of a value, as TOML."""
    if is_.unit == "text":
        return _text(str(value))
    if is_.unit == "bool":
        return "true" if value else "false"
    return repr(round(float(value) * is_.factor, 6))

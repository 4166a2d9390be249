"""Finds every device type there is and loads it: our folders, extra folders, installed packages. Names none of them."""

import importlib.util
from collections.abc import Iterable
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import msgspec

from plugins.javascript import javascript_codec
from plugins.purity import Decode, guarded, load_codec
from plugins.table_codec import table_codec
from standpipe.model.device_type import DeviceType, Metric, read_device_type
from standpipe.model.errors import ConfigError, Fault
from standpipe.model.rule import Rule

GROUP = "standpipe.devices"
"""Entry-point group under which another package offers its device folders."""
HERE = Path(__file__).parent


class LoadedType(msgspec.Struct, frozen=True, kw_only=True):
    """A device type ready to use."""

    type: DeviceType
    decode: Decode
    """Raises DecodeError only: a codec's own mistake has become one."""
    codec: Decode
    """The codec as written, for the conformance suite."""
    fingerprint: str = ""
    """Changes when any file of the folder does."""


class Catalogue(msgspec.Struct, frozen=True):
    """Every device type by folder name. Never changes; a reload makes another one."""

    types: dict[str, LoadedType]

    def rules(self) -> list[Rule]:
        """Return the default rules of all device types, each id once, in the order of the folders."""
        return list({rule.id: rule for loaded in self.types.values() for rule in loaded.type.rules}.values())

    def kinds(self) -> dict[str, dict[str, Metric]]:
        """Return each measurement with the metrics that any device type writes into it."""
        found: dict[str, dict[str, Metric]] = {}
        for loaded in self.types.values():
            for kind in dict.fromkeys((loaded.type.kind, loaded.type.component_kind)):
                found.setdefault(kind, {}).update(loaded.type.metrics)
        return found

    def assumed(self) -> dict[str, dict[str, str]]:
        """Return each measurement's metrics whose unit is a guess in some device type, with that type."""
        found: dict[str, dict[str, str]] = {}
        for loaded in self.types.values():
            for kind in dict.fromkeys((loaded.type.kind, loaded.type.component_kind)):
                for name in guesses(loaded.type):
                    found.setdefault(kind, {})[name] = loaded.type.id
        return found


def guesses(type_: DeviceType) -> list[str]:
    """Return the metrics of a device type whose unit is marked `assumed`: no rule may look at them."""
    return [name for name in type_.json.fields if type_.json.field(name).assumed] if type_.json else []


def load_catalogue(extra: Iterable[Path] = ()) -> Catalogue:
    """Load our folders, installed packages' and `extra` (device folders, or folders of them).

    Raises ConfigError with the faults of all of them at once: manifests, codecs, names used twice, types of one kind
    that do not agree.
    """
    faults: list[Fault] = []
    types: dict[str, LoadedType] = {}
    for folder in find_folders(extra, faults):
        try:
            loaded = load_folder(folder)
        except ConfigError as err:
            faults.extend(err.faults)
            continue
        if loaded.type.id in types:
            other = types[loaded.type.id].type.folder
            faults.append(Fault(str(folder), "", f"the name {loaded.type.id!r} is taken by {other}"))
            continue
        types[loaded.type.id] = loaded
    faults.extend(disagreements(types))
    if faults:
        raise ConfigError(faults)
    return Catalogue(types)


def load_folder(folder: Path) -> LoadedType:
    """Load one device folder. Raises ConfigError with the faults of its manifest and of its codec."""
    faults: list[Fault] = []
    device_type: DeviceType | None = None
    codec: Decode | None = None
    try:
        device_type = read_device_type(folder)
    except ConfigError as err:
        faults.extend(err.faults)
    try:
        codec = _codec(folder, device_type)
    except ConfigError as err:
        faults.extend(err.faults)
    if faults:
        raise ConfigError(faults)
    assert device_type is not None and codec is not None
    return LoadedType(
        type=device_type, decode=guarded(codec, device_type.id), codec=codec, fingerprint=fingerprint(folder)
    )


def _codec(folder: Path, device_type: DeviceType | None) -> Decode:
    """Return the codec of a folder: its codec.py, its table, or a maker's JavaScript behind its table."""
    path = folder / "codec.py"
    if device_type is None or device_type.json is None:
        return load_codec(path, folder.name)
    if path.exists():
        raise ConfigError([Fault(str(path), "", "device.toml has a [json] table: remove one of them")])
    if device_type.javascript is None:
        return table_codec(device_type, device_type.json)
    try:
        return javascript_codec(device_type, device_type.javascript)
    except (OSError, ValueError) as err:
        raise ConfigError([Fault(str(folder / device_type.javascript.file), "", f"cannot be used: {err}")]) from None


def fingerprint(folder: Path) -> str:
    """Return a digest of every file in a device folder."""
    digest = blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def device_folders(folder: Path) -> list[Path]:
    """Return `folder` itself when it holds a device.toml, else those folders in it that do."""
    if (folder / "device.toml").is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob("*/device.toml"))


def find_folders(extra: Iterable[Path], faults: list[Fault]) -> list[Path]:
    """Return every device folder once, in order: ours, installed, extra. Adds to `faults` what leads nowhere."""
    found = device_folders(HERE)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        found.extend(_installed(entry, faults))
    for folder in extra:
        folders = device_folders(folder)
        if not folders:
            faults.append(Fault(str(folder), "", "holds no device.toml, and no folder in it does"))
        found.extend(folders)
    return list({path.resolve(): path for path in found}.values())


def _installed(entry: EntryPoint, faults: list[Fault]) -> list[Path]:
    """Return the device folders of one entry point, found without running the package's own code where possible."""
    where = f"entry point {entry.name} = {entry.value}"
    try:
        spec = importlib.util.find_spec(entry.module)
    except (ImportError, ValueError) as err:
        faults.append(Fault(where, "", f"cannot be found: {err}"))
        return []
    folders = [
        path for root in (spec.submodule_search_locations or () if spec else ()) for path in device_folders(Path(root))
    ]
    if not folders:
        faults.append(Fault(where, "", "is no package with a device.toml in it or one folder below it"))
    return folders


def disagreements(types: dict[str, LoadedType]) -> list[Fault]:
    """Return where device types of one kind disagree: a field has one type and unit, a rule id one meaning."""
    faults: list[Fault] = []
    metrics: dict[tuple[str, str], tuple[Metric, DeviceType]] = {}
    rules: dict[str, tuple[Rule, DeviceType]] = {}
    for loaded in types.values():
        type_ = loaded.type
        path = str(Path(type_.folder) / "device.toml")
        for kind in dict.fromkeys((type_.kind, type_.component_kind)):
            for name, metric in type_.metrics.items():
                first, owner = metrics.setdefault((kind, name), (metric, type_))
                if (first.unit, first.field_type) != (metric.unit, metric.field_type):
                    reason = f"{owner.id} shows {kind}.{name} in {first.unit} ({first.field_type.__name__}): use that"
                    faults.append(Fault(path, f"metrics.{name}.unit", reason))
        for rule in type_.rules:
            known, owner = rules.setdefault(rule.id, (rule, type_))
            if known != rule:
                reason = f"differs from the rule {rule.id} in {owner.folder}: give it the same limits or another name"
                faults.append(Fault(path, f"rules.{rule.id.partition('.')[2]}", reason))
    guessed = Catalogue(types).assumed()
    for rule, owner in rules.values():
        if guesser := guessed.get(rule.kind, {}).get(rule.metric):
            path = str(Path(types[guesser].type.folder) / "device.toml")
            reason = f"the rule {rule.id} of {owner.id} would stand on a guess: settle the unit, or take another kind"
            faults.append(Fault(path, f"json.fields.{rule.metric}.assumed", reason))
    return faults

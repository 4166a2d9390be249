"""What a device folder must prove before it is used: named checks, each returning what is wrong and the fix. Pure."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeAlias

from plugins.catalogue import LoadedType, device_folders, load_catalogue, load_folder
from plugins.comparison import compare
from plugins.samples import Got, Sample, read_samples, run_sample, uplink_of
from standpipe.model.errors import ConfigError, DecodeError, Fault
from standpipe.model.rule import Rule

Check: TypeAlias = tuple[str, Callable[[], list[Fault]]]
"""A sentence that must be true, and what says where it is not. An empty list is a pass."""
RANDOM_PAYLOADS = 500
LONGEST_RANDOM = 300


def test_folder(folder: Path) -> list[Fault]:
    """Return everything that is wrong in a device folder, or in the device folders below it; empty when it conforms."""
    folders = device_folders(folder if folder.name else folder.resolve())
    if not folders:
        return [Fault(str(folder), "", "holds no device.toml; `standpipe plugin new` writes a folder to start from")]
    faults = [fault for one in folders for _, check in checks(one) for fault in check()]
    return faults or _disagreements(folders)


def _disagreements(folders: list[Path]) -> list[Fault]:
    """Return where folders that conform on their own do not go together with the other device types."""
    try:
        load_catalogue(folders)
    except ConfigError as err:
        return [fault for fault in err.faults if any(Path(fault.file).is_relative_to(folder) for folder in folders)]
    return []


def checks(folder: Path) -> list[Check]:
    """Return the checks of one device folder. What cannot be loaded has one check, which says why."""
    try:
        loaded = load_folder(folder)
        samples = read_samples(folder)
    except ConfigError as err:
        faults = err.faults
        return [("device.toml, codec.py and samples can be read", lambda: faults)]
    found: list[Check] = [
        (f"sample {Path(sample.path).stem} becomes what it says", partial(compare, sample, loaded))
        for sample in samples
    ]
    whole = (
        ("every metric is shown by a sample", _metrics_shown),
        ("every signal is on in a sample", _signals_on),
        ("every rule is raised by a sample", _rules_raised),
        ("every limit has a sample on its other side", _rules_quiet),
        ("one sample is quiescent", _quiescent),
        ("one sample is malformed", _malformed),
        ("a field-proven type has samples captured from hardware", _captured),
        ("truncated payloads are refused, never more", _truncated),
        ("random bytes are refused, never more", _random),
    )
    return found + [(name, partial(check, loaded, samples)) for name, check in whole]


def _manifest(loaded: LoadedType, key: str, reason: str) -> Fault:
    return Fault(str(Path(loaded.type.folder) / "device.toml"), key, reason)


def _results(loaded: LoadedType, samples: list[Sample]) -> list[Got]:
    """Return every reading that any sample becomes; one that fails has its own check."""
    found: list[Got] = []
    for sample in samples:
        try:
            found.extend(run_sample(sample, loaded))
        except Exception:  # noqa: S112 - said by the check of that sample
            continue
    return found


def _metrics_shown(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    shown = {name for got in _results(loaded, samples) for name in got.fields}
    return [
        _manifest(loaded, f"metrics.{name}", f"no sample shows it; add it to a file in samples/, or remove {name}")
        for name in loaded.type.metrics
        if name not in shown
    ]


def _signals_on(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    on = {signal for got in _results(loaded, samples) for signal in got.signals}
    return [
        _manifest(loaded, "signals", f"no sample has {signal} on; add one, or remove it from the list")
        for signal in sorted(loaded.type.signals - on)
    ]


def _names(rules: tuple[Rule, ...]) -> dict[str, Rule]:
    """Return rules by their name in device.toml; a rule of a transmitter stands once for each of its two kinds."""
    return {rule.id.partition(".")[2]: rule for rule in rules}


def _rules_raised(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    raised = {name for got in _results(loaded, samples) for name in got.raises}
    return [
        _manifest(loaded, f"rules.{name}", f"no sample raises it; add a sample with {_condition(rule)}")
        for name, rule in _names(loaded.type.rules).items()
        if name not in raised
    ]


def _rules_quiet(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    results = _results(loaded, samples)
    return [
        _manifest(loaded, f"rules.{name}", f"no sample shows {rule.metric} on the good side of its limit; add one")
        for name, rule in _names(loaded.type.rules).items()
        if rule.comparison != "state"
        and not any(rule.metric in got.fields and name not in got.raises for got in results)
    ]


def _condition(rule: Rule) -> str:
    return f"{rule.when} on" if rule.comparison == "state" else f"{rule.metric} {rule.comparison} {rule.limit:g}"


def _quiescent(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    for sample in samples:
        if not sample.error and sample.expected and not any(one.raises or one.signals for one in sample.expected):
            return []
    return [Fault(str(Path(loaded.type.folder) / "samples"), "", "no sample is quiescent: add one that raises nothing")]


def _malformed(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    if any(sample.error for sample in samples):
        return []
    reason = 'no sample is malformed: add one with error = "part of the reason"'
    return [Fault(str(Path(loaded.type.folder) / "samples"), "", reason)]


def _captured(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    if loaded.type.status != "field" or any(sample.firmware for sample in samples):
        return []
    return [_manifest(loaded, "status", 'is "field": add `firmware = "…"` to a captured sample, or write "bench"')]


def _refuses(loaded: LoadedType, sample: Sample, payload: bytes) -> list[Fault]:
    """Return a fault when a payload makes the codec raise anything but DecodeError, or return no list."""
    uplink = uplink_of(sample, loaded, payload)
    try:
        result = loaded.codec(uplink)
    except DecodeError:
        return []
    except Exception as err:
        reason = f"raises {type(err).__name__}: {err} for the bytes {payload[:60].hex()}; let it raise DecodeError"
        return [codec_fault(loaded, reason)]
    if isinstance(result, list):
        return []
    reason = f"returns {type(result).__name__} for the bytes {payload[:60].hex()}; it must return a list"
    return [codec_fault(loaded, reason)]


def codec_fault(loaded: LoadedType, reason: str) -> Fault:
    """Return a fault of the codec, in the file in which its author would look for it."""
    type_ = loaded.type
    name = type_.javascript.file if type_.javascript else "device.toml" if type_.json else "codec.py"
    return Fault(str(Path(type_.folder) / name), "json" if name == "device.toml" else "decode", reason)


def _truncated(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    """Try every shorter beginning of every sample; the first fault of each sample is enough."""
    found: list[Fault] = []
    for sample in samples:
        tries = (fault for end in range(len(sample.bytes)) for fault in _refuses(loaded, sample, sample.bytes[:end]))
        found.extend([fault] if (fault := next(tries, None)) else [])
    return found


def _random(loaded: LoadedType, samples: list[Sample]) -> list[Fault]:
    """Try bytes of chance, the same ones every time."""
    chance = Random(26875)  # noqa: S311 - not a secret
    sample = next(iter(samples), None) or Sample()
    payloads = (chance.randbytes(chance.randrange(LONGEST_RANDOM)) for _ in range(RANDOM_PAYLOADS))
    fault = next((fault for payload in payloads for fault in _refuses(loaded, sample, payload)), None)
    return [fault] if fault else []

"""Compares what a codec makes of a sample with what the sample says, and says every difference with the fix. Pure."""

from pathlib import Path

from plugins.catalogue import LoadedType
from plugins.samples import Expected, Got, Sample, run_sample
from standpipe.model.clock import iso
from standpipe.model.errors import DecodeError, Fault
from standpipe.model.toml_file import line_of


def compare(sample: Sample, loaded: LoadedType) -> list[Fault]:
    """Return every difference between what a sample says and what the codec makes of it, with file and key."""
    path = Path(sample.path)

    def fault(key: str, reason: str) -> Fault:
        return Fault(str(path), key, reason, line_of(path, key.rpartition("].")[2]))

    try:
        got = run_sample(sample, loaded)
    except DecodeError as err:
        if sample.error and sample.error in str(err):
            return []
        wanted = (
            f"the sample says {sample.error!r}" if sample.error else 'change codec.py, or write error = "…" instead'
        )
        return [fault("error" if sample.error else "payload", f"the codec refuses it: {err}; {wanted}")]
    except Exception as err:
        return [fault("payload", f"the codec raises {type(err).__name__}: {err}; it may raise DecodeError only")]
    if sample.error:
        return [fault("error", "the codec accepts it; let it raise DecodeError, or write what it becomes")]
    if len(got) != len(sample.expected):
        return [fault("readings", f"the codec gives {len(got)}, the sample has {len(sample.expected)}")]
    found: list[Fault] = []
    for number, (one, wanted_one) in enumerate(zip(got, sample.expected, strict=True)):
        prefix = "" if sample.readings is None else f"readings[{number}]."
        found.extend(fault(prefix + key, reason) for key, reason in _differences(one, wanted_one))
    undeclared = sorted({signal for one in got for signal in one.signals} - loaded.type.signals)
    found.extend(
        fault("signals", f"{signal} is not in `signals` of device.toml; add it there") for signal in undeclared
    )
    return found


def _differences(got: Got, wanted: Expected) -> list[tuple[str, str]]:
    """Return (key, reason) for each thing that is not as the sample says."""
    found: list[tuple[str, str]] = []
    for name in got.fields.keys() - wanted.fields.keys():
        found.append((f"fields.{name}", f"is missing; the codec gives {got.fields[name]!r}"))
    for name in wanted.fields.keys() - got.fields.keys():
        found.append((f"fields.{name}", "the codec does not give it; remove it, or read it in codec.py"))
    for name in wanted.fields.keys() & got.fields.keys():
        if got.fields[name] != wanted.fields[name]:
            found.append((f"fields.{name}", f"the codec gives {got.fields[name]!r}, not {wanted.fields[name]!r}"))
    pairs: list[tuple[str, object, object]] = [
        ("signals", got.signals, sorted(wanted.signals)),
        ("raises", got.raises, sorted(wanted.raises)),
        ("component", got.component, wanted.component),
        ("quality", got.quality.value, wanted.quality.value),
    ]
    if wanted.text is not None:
        pairs.append(("text", got.text, wanted.text))
    if wanted.observed_at is not None:
        at = None if got.observed_at is None else iso(got.observed_at)
        pairs.append(("observed_at", at, iso(round(wanted.observed_at.timestamp() * 1000))))
    found.extend((key, f"is {here!r}, the sample says {there!r}") for key, here, there in pairs if here != there)
    return sorted(found)

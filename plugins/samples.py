"""The samples of a device: payload, what it must become, which rules it raises. Reads and runs them, judges nothing."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from plugins.catalogue import LoadedType
from plugins.checking import SiteFacts, at_site, check
from plugins.trying import holds, kind_of, read_hex
from standpipe.model.errors import ConfigError, DecodeError, Fault
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.signal import Quality, Signal
from standpipe.model.toml_file import convert, line_of, read_toml


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reading that a sample must become."""

    fields: dict[str, Value] = {}
    """All of them, exactly."""
    signals: list[Signal] = []
    """All that are on."""
    raises: list[str] = []
    """Names of the rules whose condition holds, as in device.toml; `for` is not looked at."""
    component: str = ""
    observed_at: datetime | None = None
    """Compared where given."""
    text: str | None = None
    """Compared where given."""
    quality: Quality = Quality.GOOD


class Sample(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of samples/. Either the keys of one reading, or `readings`, or `error`."""

    what: str = ""
    """For a person: what happened to the device."""
    payload: str = ""
    """Text as the device sends it."""
    hex: str = ""
    """Bytes as the device sends them, in hex digits."""
    error: str = ""
    """Part of the reason for which it must be refused."""
    readings: list[Expected] | None = None
    """For a payload that becomes several readings, or none."""
    received_at: datetime | None = None
    profile: str = ""
    port: int = 0
    """LoRaWAN port."""
    site: SiteFacts | None = None
    """Where the device is mounted, for samples of what the place does to a value."""
    firmware: str = ""
    """Version of the device that this was captured from; empty for one that was made up."""
    path: str = ""
    """Set by `read_samples`."""

    @property
    def expected(self) -> list[Expected]:
        """Return every reading that it must become."""
        return [self] if self.readings is None else self.readings

    @property
    def bytes(self) -> bytes:
        """Return the payload. Raises DecodeError when `hex` is none."""
        return read_hex(self.hex) if self.hex else self.payload.encode()


def read_samples(folder: Path) -> list[Sample]:
    """Return the samples of a device folder by file name. Raises ConfigError with every fault of every file."""
    faults: list[Fault] = []
    found: list[Sample] = []
    for path in sorted((folder / "samples").glob("*.toml")):
        try:
            data = read_toml(path)
            sample = convert({**data, "path": str(path)}, Sample, path=path)
            found.append(sample)
            faults.extend(_contradictions(sample, data, path))
        except ConfigError as err:
            faults.extend(err.faults)
    if faults:
        raise ConfigError(faults)
    return found


def _contradictions(sample: Sample, data: dict[str, Any], path: Path) -> list[Fault]:
    """Return what a sample says twice or not at all."""
    own = sorted(set(Expected.__struct_fields__) & data.keys())
    faults = []
    if ("payload" in data) == ("hex" in data):
        faults.append(Fault(str(path), "payload", "write either `payload` (text) or `hex` (bytes)"))
    if sample.readings is not None and own:
        faults.append(Fault(str(path), own[0], "move it into one of the [[readings]]", line_of(path, own[0])))
    if sample.error and (own or sample.readings is not None):
        faults.append(Fault(str(path), "error", f"a refused payload has no readings: remove {', '.join(own)}"))
    try:
        assert sample.bytes is not None
    except DecodeError as err:
        faults.append(Fault(str(path), "hex", str(err), line_of(path, "hex")))
    return faults


def uplink_of(sample: Sample, loaded: LoadedType, payload: bytes | None = None) -> Uplink:
    """Return the uplink that a sample stands for, with other bytes in it where given; `received_at` 0 if not stated."""
    received = 0 if sample.received_at is None else round(sample.received_at.timestamp() * 1000)
    return Uplink(
        source="sample",
        address=f"device:{loaded.type.id}",
        payload=sample.bytes if payload is None else payload,
        received_at=received,
        device_type=loaded.type.id,
        profile=sample.profile,
        port=sample.port,
    )


class Got(msgspec.Struct, frozen=True):
    """One reading that a sample became, with all that a sample can state about it."""

    fields: dict[str, Value]
    signals: list[Signal]
    raises: list[str]
    component: str
    observed_at: int | None
    text: str
    quality: Quality


def run_sample(sample: Sample, loaded: LoadedType) -> list[Got]:
    """Return what the codec makes of a sample. Raises DecodeError, and whatever a broken codec raises."""
    observations = loaded.codec(uplink_of(sample, loaded))
    if not isinstance(observations, list):
        raise TypeError(f"decode gave {type(observations).__name__}; it must return a list")
    return [_got(observation, sample, loaded) for observation in observations]


def _got(observation: Observation, sample: Sample, loaded: LoadedType) -> Got:
    if sample.site is not None:
        observation = at_site(observation, loaded.type, sample.site)
    fields, quality, _ = check(observation, loaded.type)
    kind = kind_of(observation, loaded)
    return Got(
        fields=fields,
        signals=sorted(observation.signals),
        raises=sorted(
            rule.id.removeprefix(f"{kind}.")
            for rule in loaded.type.rules
            if rule.kind == kind and holds(rule, fields, observation)
        ),
        component=observation.component,
        observed_at=observation.observed_at,
        text=observation.text,
        quality=quality,
    )

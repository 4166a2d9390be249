"""Tries a codec on bytes that a person gives: which readings come out, which rules would fire. Keeps nothing."""

import difflib
from typing import Any

import msgspec

from plugins.catalogue import Catalogue, LoadedType
from plugins.checking import check
from standpipe.model.clock import iso
from standpipe.model.errors import DecodeError
from standpipe.model.gb26875 import frame
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.rule import Rule
from standpipe.model.signal import Quality


class Tried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reading that would be made, as a person wants to see it."""

    device: str
    """Wire address, with `/<component>` behind it where the reading is a component's."""
    kind: str
    observed_at: str | None
    """ISO 8601, UTC; null when the message carries no time."""
    fields: dict[str, Value]
    signals: list[str]
    text: str
    quality: Quality = Quality.GOOD
    faults: list[str] = []
    fires: list[str] = []
    """Ids of the rules whose condition holds; how long it must hold is not looked at."""


def decode_hex(
    type_id: str,
    text: str,
    catalogue: Catalogue,
    *,
    received_at: int = 0,
    utc_offset: int = 28_800,
    profile: str = "",
) -> list[dict[str, Any]]:
    """Return one dict per reading of a frame in hex digits: device, kind, observed_at, fields, signals, text.

    `type_id` is a device type's folder name, or its beginning where that is enough (`gb26875`). `received_at` 0 says
    that the time of reception is not known. Raises DecodeError with the reason, for an unknown device type too.
    """
    payload = read_hex(text)
    loaded = find_type(type_id, catalogue)
    tried = try_payload(loaded, payload, received_at=received_at, utc_offset=utc_offset, profile=profile)
    keep = ("device", "kind", "observed_at", "fields", "signals", "text")
    return [{key: getattr(one, key) for key in keep} for one in tried]


def read_hex(text: str) -> bytes:
    """Return the bytes of hex digits as people paste them. Raises DecodeError naming what is wrong."""
    digits = "".join(text.replace("0x", "").replace(",", " ").replace(":", " ").split())
    wrong = next((char for char in digits if char not in "0123456789abcdefABCDEF"), "")
    if wrong:
        raise DecodeError(f"{wrong!r} is no hex digit")
    if len(digits) % 2:
        raise DecodeError(f"{len(digits)} hex digits; bytes have two each, so one is missing or one too many")
    return bytes.fromhex(digits)


def find_type(type_id: str, catalogue: Catalogue) -> LoadedType:
    """Return the device type of that name, or the only one whose name begins so. Raises DecodeError listing them."""
    if type_id in catalogue.types:
        return catalogue.types[type_id]
    begin = [name for name in catalogue.types if name.startswith(type_id)]
    if len(begin) == 1:
        return catalogue.types[begin[0]]
    near = difflib.get_close_matches(type_id, catalogue.types, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise DecodeError(f"no device type {type_id!r}; {hint}known: {', '.join(sorted(catalogue.types))}")


def try_payload(
    loaded: LoadedType, payload: bytes, *, received_at: int, utc_offset: int = 28_800, profile: str = ""
) -> list[Tried]:
    """Return the readings that one payload would make. Raises DecodeError."""
    address = f"device:{loaded.type.id}"
    if "gb26875" in loaded.type.transport:
        address = frame.decode(payload).address
    uplink = Uplink(
        source="try",
        address=address,
        payload=payload,
        received_at=received_at,
        device_type=loaded.type.id,
        utc_offset=utc_offset,
        profile=profile,
    )
    return [_reading(observation, loaded, address) for observation in loaded.decode(uplink)]


def _reading(observation: Observation, loaded: LoadedType, address: str) -> Tried:
    """Return one observation as a person sees it."""
    fields, quality, faults = check(observation, loaded.type)
    kind = kind_of(observation, loaded)
    return Tried(
        device=f"{address}/{observation.component}" if observation.component else address,
        kind=kind,
        observed_at=None if observation.observed_at is None else iso(observation.observed_at),
        fields=fields,
        signals=sorted(signal.value for signal in observation.signals),
        text=observation.text,
        quality=quality,
        faults=faults,
        fires=[rule.id for rule in loaded.type.rules if rule.kind == kind and holds(rule, fields, observation)],
    )


def kind_of(observation: Observation, loaded: LoadedType) -> str:
    """Return the measurement into which an observation goes."""
    return loaded.type.component_kind if observation.component else loaded.type.kind


def holds(rule: Rule, fields: dict[str, Value], observation: Observation) -> bool:
    """Return whether a rule's condition is met by one reading alone."""
    if rule.comparison == "state":
        return rule.when in observation.signals
    value = fields.get(rule.metric)
    if value is None or isinstance(value, str):
        return False
    return value < rule.limit if rule.comparison == "below" else value > rule.limit

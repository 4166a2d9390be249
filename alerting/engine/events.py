"""What the engine says: an alert fired, an alert resolved. Pure data; the engine never acts on it."""

from typing import TypeAlias

import msgspec

from standpipe.model.rule import Rule


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The road of the reading that made an alert fire; epoch ms, None for what is not known."""

    observed_at: int
    received_at: int | None = None
    stored_at: int | None = None
    accepted_at: int | None = None
    text: str = ""
    """Words of the device; hostile input."""


class AlertFired(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's condition has lasted long enough on one device."""

    key: str
    """`<rule>|<device>|<start of the episode, event time>`: the same episode seen again has the same key."""
    rule: Rule
    device: str
    kind: str
    site: str
    zone: str
    start: int
    value: float | None
    historic: bool
    """The samples are old: record and show, ring nobody."""
    cause: Cause


class AlertResolved(msgspec.Struct, frozen=True, kw_only=True):
    """The condition of a fired alert is no longer met."""

    key: str
    rule: Rule
    device: str
    at: int
    """Event time of the first sample that was clear."""


Event: TypeAlias = AlertFired | AlertResolved

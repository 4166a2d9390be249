"""Several devices of a zone with the same alert within a window: one statement in place of many. Pure."""

import msgspec

from standpipe.model.rule import Rule


class Group(msgspec.Struct, array_like=True):
    """One rule in one zone."""

    members: dict[str, int] = {}
    """Device -> start of its alert."""
    start: int | None = None
    """Start of the announced alert, None while there is none."""


def joins(group: Group, rule: Rule, device: str, start: int) -> int | None:
    """Take a member's alert; return the start of the group's alert if that fires now.

    Members count together when their alerts started within the rule's window of each other.
    """
    group.members[device] = start
    if group.start is not None:
        return None
    near = [at for at in group.members.values() if abs(at - start) <= rule.within]
    if len(near) < rule.limit:
        return None
    group.start = min(near)
    return group.start


def leaves(group: Group, rule: Rule, device: str) -> int | None:
    """Take the end of a member's alert; return the start of the group's alert if that ends now."""
    group.members.pop(device, None)
    if group.start is None or len(group.members) >= rule.limit:
        return None
    ended, group.start = group.start, None
    return ended

"""Absence: registered devices that should have spoken. Pure; who is expected, and the time, are arguments.

The clock of silence is not the wall's: while no collector is in contact, or one is handing over a backlog, nobody's
silence means anything.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from standpipe.model.rule import Rule


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A registered device that speaks every `interval` ms."""

    kind: str
    site: str
    zone: str
    interval: int


class Watch(msgspec.Struct):
    """What is remembered of the expected devices."""

    spoke: dict[str, int] = {}
    """Device -> receive time of the last word of it or of one of its components."""
    since: dict[str, int] = {}
    """Device that was never heard -> since when it is expected."""
    silent: dict[str, int] = {}
    """`<rule>|<device>` -> last word before the silence that was announced."""


def limit_of(rule: Rule, expected: Expected) -> int:
    """Return the silence that is too long, ms."""
    return rule.within or round(rule.limit * expected.interval)


def newly_silent(
    watch: Watch, expected: Mapping[str, Expected], rules: Iterable[Rule], *, now: int
) -> Iterator[tuple[Rule, str, int]]:
    """Yield (rule, device, last word) for every silence that is to be announced, and remember it."""
    by_kind: dict[str, list[Rule]] = {}
    for rule in rules:
        by_kind.setdefault(rule.kind, []).append(rule)
    for device, one in expected.items():
        for rule in by_kind.get(one.kind, ()):
            if rule.sites and one.site not in rule.sites:
                continue
            last = watch.spoke.get(device) or watch.since.setdefault(device, now)
            if now - last > limit_of(rule, one) and f"{rule.id}|{device}" not in watch.silent:
                watch.silent[f"{rule.id}|{device}"] = last
                yield rule, device, last


def heard(watch: Watch, device: str, at: int, rules: Iterable[Rule]) -> list[tuple[Rule, int]]:
    """Take a word of a device; return (rule, start) of the announced silences that it ends."""
    watch.spoke[device] = max(at, watch.spoke.get(device, 0))
    watch.since.pop(device, None)
    if not watch.silent:
        return []
    ended = []
    for rule in rules:
        start = watch.silent.get(f"{rule.id}|{device}")
        if start is not None and at > start:
            del watch.silent[f"{rule.id}|{device}"]
            ended.append((rule, start))
    return ended

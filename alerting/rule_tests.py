"""Runs rule tests: files beside the rules that say what a rule must do on a short series. Reads files, nothing else.

A test file `<name>.test.toml` holds tables `[<kind>.<rule>.<test>]`:

    every  = "5m"                                # between two samples
    pressure = "200 130x3 _ 160"                 # one series per metric; x3 repeats, _ is a missing sample
    signals  = "- fire fire -"                   # or what the device signals, + joins several, - is none
    expect = { 5m = "ok", 15m = "firing", 25m = "ok" }   # ok, pending, firing, at a time after the first sample

For rules about several devices, `[….device.<id>]` tables with series of their own; `silent` rules need `interval`.
"""

import re
from pathlib import Path
from typing import Any

import msgspec

from alerting.engine.engine import Engine
from alerting.engine.silence import Expected
from alerting.engine.track import pending
from alerting.rules_file import TESTS
from standpipe.model.duration import format_duration, parse_duration
from standpipe.model.errors import ConfigError
from standpipe.model.reading import Reading, Value
from standpipe.model.rule import Rule
from standpipe.model.signal import Signal
from standpipe.model.toml_file import read_toml

_START = 1_767_225_600_000
_RUN = re.compile(r"(?P<value>[^x\s]+?)(?:x(?P<times>\d+))?")
_OWN = {"every", "expect", "signals", "interval", "device"}
_STATES = ("ok", "pending", "firing")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one test."""

    file: str
    test: str
    passed: bool
    reason: str = ""

    def __str__(self) -> str:
        """Render as one line."""
        return (
            f"{'ok  ' if self.passed else 'FAIL'} {self.file}: {self.test}{f': {self.reason}' if self.reason else ''}"
        )


def run_rule_tests(folder: Path, rules: list[Rule]) -> list[Outcome]:
    """Run every test of every *.test.toml below `folder` against `rules`. A file that cannot be read is a failure."""
    outcomes: list[Outcome] = []
    by_id = {rule.id: rule for rule in rules}
    for path in sorted(folder.rglob(f"*{TESTS}")) if folder.is_dir() else []:
        name = str(path.relative_to(folder))
        try:
            data = read_toml(path)
        except ConfigError as err:
            outcomes.append(Outcome(file=name, test="", passed=False, reason=str(err)))
            continue
        for kind, tables in data.items():
            for rule_name, tests in tables.items():
                for test, spec in tests.items():
                    title = f"{kind}.{rule_name}.{test}"
                    reason = _run(by_id, f"{kind}.{rule_name}", spec)
                    outcomes.append(Outcome(file=name, test=title, passed=not reason, reason=reason))
    return outcomes


def _run(rules: dict[str, Rule], rule_id: str, spec: dict[str, Any]) -> str:
    """Return why a test fails, empty when it passes."""
    rule = rules.get(rule_id)
    if rule is None:
        return f"no rule {rule_id!r}; known: {', '.join(rules)}"
    try:
        every = parse_duration(spec["every"])
        expected = {parse_duration(at): state for at, state in spec["expect"].items()}
        interval = parse_duration(spec.get("interval", spec["every"]))
        tables = spec.get("device") or {"device": spec}
        series = [reading for id_, table in tables.items() for reading in _readings(rule, id_, table, every)]
    except (KeyError, ValueError, AttributeError) as err:
        return f"cannot be read: {err}"
    if unknown := set(expected.values()) - set(_STATES):
        return f"expected one of {', '.join(_STATES)}, got {', '.join(map(str, unknown))}"
    known = {id_: Expected(kind=rule.kind, site="site", zone="zone", interval=interval) for id_ in tables}
    engine = Engine([rule, *([rules[rule.of]] if rule.of in rules else [])], historic_after=2**60, expected=known)
    return _play(engine, rule, sorted(series, key=lambda reading: reading.observed_at), expected)


def _play(engine: Engine, rule: Rule, series: list[Reading], expected: dict[int, str]) -> str:
    """Show the series to an engine, and compare its state at the expected times; return the first difference."""
    firing: set[str] = set()

    def take(events: list[Any]) -> None:
        for event in events:
            if event.rule.id == rule.id:
                firing.symmetric_difference_update({event.key})

    waiting = list(series)
    for at, state in sorted(expected.items()):
        while waiting and waiting[0].observed_at <= _START + at:
            reading = waiting.pop(0)
            take([*engine.tick(reading.observed_at), *engine.silence(reading.observed_at), *engine.observe(reading)])
        take([*engine.tick(_START + at), *engine.silence(_START + at)])
        tracks = [device.tracks[rule.id] for device in engine.state.devices.values() if rule.id in device.tracks]
        found = "firing" if firing else "pending" if any(pending(track) for track in tracks) else "ok"
        if found != state:
            return f"expected {state} at {format_duration(at)}, found {found}"
    return ""


def _readings(rule: Rule, device: str, table: dict[str, Any], every: int) -> list[Reading]:
    """Return the readings of one device's series."""
    columns = {name: _expand(text) for name, text in table.items() if name not in _OWN}
    signals = _expand(table["signals"]) if "signals" in table else []
    length = max([len(signals), *map(len, columns.values())], default=0)
    if not length:
        raise ValueError('no series: write `<metric> = "…"` or `signals = "…"`')
    found = []
    for index in range(length):
        fields = {
            name: _value(values[index])
            for name, values in columns.items()
            if index < len(values) and values[index] != "_"
        }
        said = signals[index] if index < len(signals) else "_"
        if not fields and said == "_":
            continue
        at = _START + index * every
        on = frozenset(Signal(name) for name in said.split("+")) if said not in ("_", "-") else frozenset()
        found.append(
            Reading(
                device=device, kind=rule.kind, observed_at=at, received_at=at, fields=fields, signals=on,
                reports_signals=said != "_", site="site", zone="zone",
            )
        )  # fmt: skip
    return found


def _expand(text: str) -> list[str]:
    """Return `130x3 _` as its four samples. Raises ValueError for what is no series."""
    found: list[str] = []
    for word in text.split():
        match = _RUN.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no sample: expected a value, `_`, `-`, or a value with x and a number")
        found += [match["value"]] * int(match["times"] or 1)
    return found


def _value(word: str) -> Value:
    return word == "true" if word in ("true", "false") else float(word)

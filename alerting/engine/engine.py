"""The rule engine: `observe(reading) -> events`, `tick(now) -> events`. Pure; reads no clock, file or socket."""

from collections.abc import Callable, Iterable, Mapping

from alerting.engine import state as states
from alerting.engine.change import levels
from alerting.engine.compiled import CHANGE, Classify, compile_rules, with_urgent
from alerting.engine.device_clock import event_time
from alerting.engine.events import AlertFired, AlertResolved, Cause, Event
from alerting.engine.silence import Expected, heard, newly_silent
from alerting.engine.state import DeviceState, EngineState
from alerting.engine.together import Group, joins, leaves
from alerting.engine.track import (
    BREACH,
    CLEAR,
    Fired,
    Resolved,
    Track,
    clear_after,
    fold,
    go_on,
    insert,
    pending,
    quiet,
)
from standpipe.model.reading import Reading
from standpipe.model.rule import Rule
from standpipe.model.signal import URGENT, Lane, Quality

_SLACK = 60_000
"""Least time beyond `for` after which a lone threshold breach fires although no second sample came, ms."""
_MAIN_SIDE = {("hydrant", "pressure")}
"""A riser behind its valve is dry when closed: these metrics mean nothing on the barrel side."""


class Engine:
    """All rules on all devices of one area. Same readings, same answers, in whatever order they came."""

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        historic_after: int,
        barrel_side: frozenset[str] = frozenset(),
        expected: Mapping[str, Expected] | None = None,
        root: Callable[[str], str] = str,
    ) -> None:
        """Take checked rules; `historic_after` in ms; `barrel_side` names hydrants measured behind the valve.

        `expected` are the registered devices, `root` names the one that speaks for a component.
        """
        self._rules = list(rules)
        self._historic_after = historic_after
        self._barrel_side = barrel_side
        self._kinds: dict[str, tuple[list[Rule], Classify]] = {}
        self._pending: set[tuple[str, str]] = set()
        self._expected = expected or {}
        self._root = root
        self._silence = [rule for rule in self._rules if rule.comparison == "silent"]
        self._together: dict[str, list[Rule]] = {}
        for rule in self._rules:
            if rule.comparison == "together":
                self._together.setdefault(rule.of, []).append(rule)
        self.state = EngineState()

    def rules_of(self, kind: str) -> list[Rule]:
        """Return the rules of a kind of reading, with the ones for urgent signals that no file can remove."""
        return self._compiled(kind)[0]

    def observe(self, reading: Reading, *, stored_at: int | None = None, accepted_at: int | None = None) -> list[Event]:
        """Take one reading; return what it made fire or resolve. Times in epoch ms go into the events' causes."""
        device = self._device(reading)
        when = event_time(
            device.clock,
            observed_at=reading.observed_at,
            received_at=reading.received_at,
            historic_after=self._historic_after,
            urgent=reading.lane is Lane.FIRE or not URGENT.isdisjoint(reading.signals),
        )
        self._remember(device, reading, when.at)
        rules, classify = self._compiled(reading.kind)
        verdicts = classify(reading.fields, reading.signals, reading.reports_signals)
        events = self._spoke(reading)
        for index, level, value in verdicts:
            rule = rules[index]
            track = device.tracks.get(rule.id)
            if track is None:
                track = device.tracks[rule.id] = Track()
            elif level != CHANGE and quiet(track, when.at, level):
                continue
            if not self._applies(rule, reading):
                continue
            samples = [(when.at, level, value)] if level != CHANGE else levels(track, rule, when.at, float(value))
            cause = Cause(
                observed_at=reading.observed_at,
                received_at=reading.received_at,
                stored_at=stored_at,
                accepted_at=accepted_at,
                text=reading.text,
            )
            for at, verdict, measured in samples:
                if verdict == BREACH:
                    track.value = float(measured)
                events += self._sample(rule, reading.device, device, track, at, verdict, cause, when.historic)
        return self._with_groups(events)

    def tick(self, now: int) -> list[Event]:
        """Let time pass; return what fires because nothing contrary was heard for long enough."""
        events: list[Event] = []
        for device_id, rule_id in sorted(self._pending):
            device = self.state.devices[device_id]
            rule = next((r for r in self.rules_of(device.kind) if r.id == rule_id), None)
            if rule is None:
                self._pending.discard((device_id, rule_id))
                continue
            track = device.tracks[rule_id]
            fired, resolved = fold(track, hold=rule.hold, slack=_slack(rule), now=now)
            cause = Cause(observed_at=track.runs[-1].times[-1], received_at=device.heard_at)
            historic = device.heard_at - track.runs[-1].times[-1] > self._historic_after
            events += self._events(rule, device_id, device, track, fired, resolved, cause, historic=historic)
        return self._with_groups(events)

    def silence(self, now: int) -> list[Event]:
        """Return an alert for each registered device whose silence has become too long by `now`.

        To be asked only while collectors are in contact and hand over fresh readings.
        """
        return self._with_groups([
            AlertFired(
                key=_key(rule, device, last), rule=rule, device=device, kind=rule.kind,
                site=self._expected[device].site, zone=self._expected[device].zone, start=last, value=None,
                historic=False, cause=Cause(observed_at=last),
            )
            for rule, device, last in newly_silent(self.state.watch, self._expected, self._silence, now=now)
        ])  # fmt: skip

    def clear_point(self, rule_id: str, device_id: str) -> int | None:
        """Return the event time at which a person's reset of this alert belongs, None where nothing is known."""
        device = self.state.devices.get(device_id)
        track = device.tracks.get(rule_id) if device else None
        return clear_after(track) if track else None

    def reset(self, rule_id: str, device_id: str, at: int) -> list[Event]:
        """Take a person's reset: whatever the device says after event time `at` is a new alarm. Idempotent."""
        device = self.state.devices.get(device_id)
        track = device.tracks.get(rule_id) if device else None
        rule = next((r for r in self.rules_of(device.kind) if r.id == rule_id), None) if device else None
        if device is None or track is None or rule is None:
            return []
        insert(track, at, CLEAR)
        fired, resolved = fold(track, hold=rule.hold, slack=_slack(rule))
        cause = Cause(observed_at=at, received_at=device.heard_at)
        historic = device.heard_at - at > self._historic_after
        return self._events(rule, device_id, device, track, fired, resolved, cause, historic=historic)

    def firing(self) -> list[tuple[str, str, str]]:
        """Return (rule, device, key) of every alert that the engine takes to be firing."""
        return [
            (rule_id, device_id, f"{rule_id}|{device_id}|{start}")
            for device_id, device in self.state.devices.items()
            for rule_id, track in device.tracks.items()
            for start in track.open
        ]

    def snapshot(self) -> bytes:
        """Return the whole state as bytes."""
        return states.encode(self.state)

    def restore(self, blob: bytes) -> None:
        """Take back a snapshot; tracks of rules that are gone are dropped."""
        self.state = states.decode(blob)
        known_rules = {rule.id for rule in self._rules}
        for remembered in (self.state.watch.silent, self.state.groups):
            for key in [key for key in remembered if key.partition("|")[0] not in known_rules]:
                del remembered[key]
        self._pending.clear()
        for device_id, device in self.state.devices.items():
            known = {rule.id for rule in self.rules_of(device.kind)}
            device.tracks = {rule_id: track for rule_id, track in device.tracks.items() if rule_id in known}
            self._pending.update((device_id, rule_id) for rule_id, track in device.tracks.items() if pending(track))

    def _spoke(self, reading: Reading) -> list[Event]:
        """Take a device's word as a sign of life; return the silences that it ends."""
        device = self._root(reading.device)
        if device not in self._expected:
            return []
        ended = heard(self.state.watch, device, reading.received_at, self._silence)
        return [
            AlertResolved(key=_key(rule, device, start), rule=rule, device=device, at=reading.received_at)
            for rule, start in ended
        ]

    def _with_groups(self, events: list[Event]) -> list[Event]:
        """Return the events, followed by what they mean for rules about several devices."""
        more: list[Event] = []
        for event in events if self._together else ():
            for rule in self._together.get(event.rule.id, ()):
                more += self._group(rule, event)
        return events + more

    def _group(self, rule: Rule, event: Event) -> list[Event]:
        device = self.state.devices.get(event.device)
        place = self._expected.get(event.device)
        site, zone = (device.site, device.zone) if device else (place.site, place.zone) if place else ("", "")
        if not zone or (rule.sites and site not in rule.sites):
            return []
        group = self.state.groups.setdefault(f"{rule.id}|{site}|{zone}", Group())
        if isinstance(event, AlertResolved):
            ended = leaves(group, rule, event.device)
            key = _key(rule, zone, ended or 0)
            return [] if ended is None else [AlertResolved(key=key, rule=rule, device=zone, at=event.at)]
        start = joins(group, rule, event.device, event.start)
        if start is None:
            return []
        return [
            AlertFired(
                key=_key(rule, zone, start), rule=rule, device=zone, kind=rule.kind, site=site, zone=zone, start=start,
                value=float(len(group.members)), historic=event.historic, cause=event.cause,
            )
        ]  # fmt: skip

    def _compiled(self, kind: str) -> tuple[list[Rule], Classify]:
        entry = self._kinds.get(kind)
        if entry is None:
            rules = with_urgent(kind, self._rules)
            entry = self._kinds[kind] = (rules, compile_rules(rules))
        return entry

    def _device(self, reading: Reading) -> DeviceState:
        device = self.state.devices.get(reading.device)
        if device is None:
            device = DeviceState(reading.kind, reading.site, reading.zone)
            self.state.devices[reading.device] = device
        return device

    def _remember(self, device: DeviceState, reading: Reading, at: int) -> None:
        device.kind, device.site, device.zone = reading.kind, reading.site, reading.zone
        device.heard_at = max(device.heard_at, reading.received_at)
        device.suspect = reading.quality is Quality.SUSPECT
        values = device.values
        for field, value in reading.fields.items():
            old = values.get(field)
            if old is None or at >= old[1]:
                values[field] = (value, at)

    def _applies(self, rule: Rule, reading: Reading) -> bool:
        if rule.sites and reading.site not in rule.sites:
            return False
        return (rule.kind, rule.metric) not in _MAIN_SIDE or reading.device not in self._barrel_side

    def _sample(  # noqa: PLR0913, PLR0917 - the parts of one sample's story, all of them needed
        self,
        rule: Rule,
        device_id: str,
        device: DeviceState,
        track: Track,
        at: int,
        level: int,
        cause: Cause,
        historic: bool,
    ) -> list[Event]:
        if not insert(track, at, level):
            if level != BREACH or rule.hold:
                return []
            fired = [Fired(at, at)]
            return self._events(rule, device_id, device, track, fired, [Resolved(at, at)], cause, historic=historic)
        fired, resolved = fold(track, hold=rule.hold, slack=_slack(rule))
        going_on = None if historic else go_on(track)
        if going_on is not None and level == BREACH:
            assert going_on.key is not None
            going_on.historic = False
            fired.append(Fired(going_on.key, at, again=True))
        return self._events(rule, device_id, device, track, fired, resolved, cause, historic=historic)

    def _events(  # noqa: PLR0913 - as above
        self,
        rule: Rule,
        device_id: str,
        device: DeviceState,
        track: Track,
        fired: list[Fired],
        resolved: list[Resolved],
        cause: Cause,
        *,
        historic: bool,
    ) -> list[Event]:
        if pending(track):
            self._pending.add((device_id, rule.id))
        else:
            self._pending.discard((device_id, rule.id))
        events: list[Event] = []
        for item in fired:
            for run in track.runs:
                if run.key == item.start:
                    run.historic = historic
            events.append(
                AlertFired(
                    key=_key(rule, device_id, item.start) + ("|live" if item.again else ""),
                    rule=rule,
                    device=device_id,
                    kind=device.kind,
                    site=device.site,
                    zone=device.zone,
                    start=item.start,
                    value=track.value,
                    historic=historic,
                    cause=cause,
                )
            )
        events += [
            AlertResolved(key=_key(rule, device_id, item.start), rule=rule, device=device_id, at=item.at)
            for item in resolved
        ]
        return events


def _slack(rule: Rule) -> int:
    """Return for how long beyond `for` a threshold waits for a second sample; a state lasts until it is withdrawn."""
    return 0 if rule.comparison == "state" else max(rule.hold, _SLACK)


def _key(rule: Rule, device: str, start: int) -> str:
    return f"{rule.id}|{device}|{start}"

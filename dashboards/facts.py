"""What manifests, rules and the platform's measurements say, asked as a dashboard asks. Reads no data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboards.text import JsonObject, Text, text_of
from dashboards.units import grafana_unit
from plugins.catalogue import Catalogue
from standpipe.model.device_type import DeviceType, Metric
from standpipe.model.platform import Measurement
from standpipe.model.rule import Rule
from standpipe.model.signal import Signal

DEVICE_TAGS = ("device", "site", "zone", "district")
"""Tags of every reading."""

SIGNAL_COLOURS = {Signal.FIRE: "red", Signal.GAS: "red", Signal.SUPERVISORY: "orange", Signal.FAULT: "yellow"}
"""Colour of a limit by what crossing it means."""

Step = tuple[str, float | None]
"""Colour from this value on; None for minus infinity."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Kinds, metrics, limits and words. `kind` is the measurement."""

    types: tuple[DeviceType, ...]
    rules: tuple[Rule, ...]
    platform: Mapping[str, Measurement]

    @classmethod
    def of(cls, catalogue: Catalogue, platform: Mapping[str, Measurement], rules: Iterable[Rule] = ()) -> "Facts":
        """Take a catalogue and the platform's measurements; `rules` replace the manifests' ones of the same id."""
        merged = {rule.id: rule for rule in [*catalogue.rules(), *rules]}
        return cls(tuple(loaded.type for loaded in catalogue.types.values()), tuple(merged.values()), platform)

    @property
    def kinds(self) -> list[str]:
        """Return the measurements of devices and of their components, in the order of the catalogue."""
        return list(dict.fromkeys(kind for type_ in self.types for kind in (type_.kind, type_.component_kind)))

    def of_kind(self, kind: str) -> list[DeviceType]:
        """Return the device types that write this measurement."""
        return [type_ for type_ in self.types if kind in (type_.kind, type_.component_kind)]

    def metrics(self, kind: str) -> dict[str, Metric]:
        """Return every field of a measurement that some manifest declares; empty for an unknown one."""
        if kind in self.platform:
            return self.platform[kind].fields
        return {name: metric for type_ in self.of_kind(kind) for name, metric in type_.metrics.items()}

    def fields(self, kind: str) -> set[str]:
        """Return every field name of a measurement, the ones that storage adds included."""
        if kind in self.platform:
            return set(self.platform[kind].fields)
        added = {f"signal_{signal}" for signal in self.signals(kind)} | {"suspect"}
        return set(self.metrics(kind)) | added if self.of_kind(kind) else set()

    def tags(self, kind: str) -> set[str]:
        """Return the tag names of a measurement."""
        return set(self.platform[kind].tags) if kind in self.platform else set(DEVICE_TAGS)

    def signals(self, kind: str) -> list[Signal]:
        """Return the signals that devices of a kind can raise, in the trade's order."""
        found = {signal for type_ in self.of_kind(kind) for signal in type_.signals}
        return [signal for signal in Signal if signal in found]

    def label(self, kind: str, field: str = "") -> Text:
        """Return the words for a field, or for the kind itself: the plainest of its device types' names."""
        if field:
            return text_of(self.metrics(kind)[field].label)
        if kind in self.platform:
            return text_of(self.platform[kind].label)
        return min((text_of(type_.labels) for type_ in self.of_kind(kind)), key=lambda label: len(label.en))

    def label_of_kind(self, kind: str) -> Text:
        """Return the words for a kind; the components of a transmitter are told apart from the transmitter."""
        name = self.label(kind)
        components = all(kind != type_.kind for type_ in self.of_kind(kind))
        return Text(f"{name.zh}·部件", f"{name.en}, components") if components else name

    def unit(self, kind: str, field: str) -> str:
        """Return Grafana's unit id of a field; a number with names is shown by its names."""
        return grafana_unit(self.metrics(kind)[field].unit)

    def limits(self, kind: str, field: str) -> list[Rule]:
        """Return the threshold rules on a field."""
        return [
            rule for rule in self.rules if rule.kind == kind and rule.metric == field and rule.comparison != "state"
        ]

    def limit(self, rule_id: str) -> float:
        """Return the limit of one rule. Raises KeyError naming the rule."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule.limit
        raise KeyError(f"no device type has the rule {rule_id}")

    def thresholds(self, kind: str, field: str) -> list[Step]:
        """Return colour steps from the rules on a field: green where no rule minds, deeper with each limit passed."""
        below = sorted((r for r in self.limits(kind, field) if r.comparison == "below"), key=lambda r: r.limit)
        above = sorted((r for r in self.limits(kind, field) if r.comparison == "above"), key=lambda r: r.limit)
        starts = [None, *(_shown(rule) for rule in below)]
        steps: list[Step] = list(zip([*_colours(below[::-1])[::-1], "green"], starts, strict=True))
        return steps + [(colour, _shown(rule)) for colour, rule in zip(_colours(above), above, strict=True)]

    def value_mappings(self, kind: str, field: str, colours: Mapping[str, str]) -> list[JsonObject]:
        """Return Grafana value mappings of a field with named values; `colours` by value, grey for the rest."""
        values = self.metrics(kind)[field].values
        options = {
            value: {"text": text_of(label), "color": colours.get(value, "#8e8e8e"), "index": index}
            for index, (value, label) in enumerate(values.items())
        }
        return [{"type": "value", "options": options}] if options else []


def _shown(rule: Rule) -> float:
    """Return the limit as people wrote it; an included limit is kept as the next number beside it."""
    return round(rule.limit, 6)


def _colours(rules: list[Rule]) -> list[str]:
    """Return a colour per rule of one side, the limit next to normal first: by its signal, then red, then dark red."""
    deeper = ["red", *["dark-red"] * len(rules)]
    return [SIGNAL_COLOURS.get(rules[0].signal, "orange"), *deeper[: len(rules) - 1]] if rules else []

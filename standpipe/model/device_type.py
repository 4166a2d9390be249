"""DeviceType and Metric: what a plugin folder's device.toml says, read and checked. Knows no codec."""

import re
from pathlib import Path
from typing import Literal

import msgspec

from standpipe.model.errors import ConfigError, Fault
from standpipe.model.json_table import JavaScript, JsonTable
from standpipe.model.rule import Rule, RuleSpec, build_rule
from standpipe.model.signal import Signal
from standpipe.model.toml_file import convert, line_of, read_toml
from standpipe.model.units import UNITS

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field that a device can show. Name and unit never change once shipped; metrics are only added."""

    unit: str
    label: dict[str, str]
    low: float | None = None
    high: float | None = None
    """Believable range; a value outside is stored, marked suspect and raises trouble."""
    type_: Literal["float", "int", "bool", "str", ""] = msgspec.field(default="", name="type")
    """Field type in storage. Default by unit: bool -> bool, enum and text -> str, `1` -> int, else float."""
    values: dict[str, dict[str, str]] = {}
    """For unit `enum`: each value with its label by language. For a code (unit `1`): labels of those that have one."""
    reference: Literal["gauge", "differential"] = "gauge"
    """For unit `kPa`: whether the air pressure at the site matters to it (`checking.at_site`)."""

    @property
    def field_type(self) -> type[float] | type[int] | type[bool] | type[str]:
        """Return the Python type to which values of this metric are coerced."""
        by_unit = {"bool": "bool", "enum": "str", "text": "str", "1": "int"}
        return {"float": float, "int": int, "bool": bool, "str": str}[self.type_ or by_unit.get(self.unit, "float")]


class ComponentSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a transmitter's components are called in storage."""

    kind: str


class _Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """device.toml, key for key."""

    name: str
    kind: str
    models: list[str]
    status: Literal["bench", "field"]
    metrics: dict[str, Metric]
    rules: dict[str, RuleSpec] = {}
    signals: list[Signal] = []
    components: ComponentSpec | None = None
    labels: dict[str, str] = {}
    transport: list[str] = []
    interval: str = "10m"
    standard: str = ""
    json: JsonTable | None = None
    javascript: JavaScript | None = None


class DeviceType(msgspec.Struct, frozen=True, kw_only=True):
    """A device type as its folder declares it."""

    id: str
    """Folder name, snake_case: `hydrant_json`."""
    folder: str
    name: str
    kind: str
    """Measurement of the device's own readings."""
    component_kind: str
    """Measurement of its components' readings; the same as `kind` where it has none."""
    models: tuple[str, ...]
    status: str
    metrics: dict[str, Metric]
    rules: tuple[Rule, ...]
    signals: frozenset[Signal]
    """Signals that this type can raise."""
    labels: dict[str, str]
    """Name by language."""
    interval: str
    """How often such a device reports when the registry does not say."""
    transport: tuple[str, ...]
    standard: str
    json: JsonTable | None = None
    """The table that stands in place of codec.py, where there is one."""
    javascript: JavaScript | None = None
    """The maker's codec, whose result that table reads."""


def read_device_type(folder: Path) -> DeviceType:
    """Read and check `folder`/device.toml. Raises ConfigError with every fault."""
    path = folder / "device.toml"
    manifest = convert(read_toml(path), _Manifest, path=path)
    faults: list[Fault] = []

    def fault(key: str, reason: str) -> None:
        faults.append(Fault(str(path), key, reason, line_of(path, key)))

    if not SNAKE.fullmatch(folder.name):
        fault("", f"folder name {folder.name!r} must be snake_case, like hydrant_json")
    component_kind = manifest.components.kind if manifest.components else manifest.kind
    for key, name in (("kind", manifest.kind), ("components.kind", component_kind)):
        if not SNAKE.fullmatch(name):
            fault(key, f"{name!r} must be snake_case: it becomes the measurement name")
    for name, metric in manifest.metrics.items():
        if not SNAKE.fullmatch(name):
            fault(f"metrics.{name}", "must be snake_case: it becomes a field name")
        if metric.unit not in UNITS:
            fault(f"metrics.{name}.unit", f"unknown unit {metric.unit!r}; known: {', '.join(UNITS)}")
        if missing := {"zh", "en"} - metric.label.keys():
            fault(f"metrics.{name}.label", f"has no {' and no '.join(sorted(missing))} label")
    rules: list[Rule] = []
    for name, spec in manifest.rules.items():
        try:
            rules.extend(build_rule(kind, name, spec) for kind in dict.fromkeys((manifest.kind, component_kind)))
        except ValueError as err:
            fault(f"rules.{name}", str(err))
        for key, reason in _rule_faults(spec, manifest):
            fault(f"rules.{name}.{key}", reason)
    for key, reason in _table_faults(manifest):
        fault(f"json.{key}", reason)
    if faults:
        raise ConfigError(faults)
    return DeviceType(
        id=folder.name,
        folder=str(folder),
        name=manifest.name,
        kind=manifest.kind,
        component_kind=component_kind,
        models=tuple(manifest.models),
        status=manifest.status,
        metrics=manifest.metrics,
        rules=tuple(rules),
        signals=frozenset(manifest.signals),
        labels=manifest.labels or {"en": manifest.name},
        interval=manifest.interval,
        transport=tuple(manifest.transport),
        standard=manifest.standard,
        json=manifest.json,
        javascript=manifest.javascript,
    )


def _rule_faults(spec: RuleSpec, manifest: _Manifest) -> list[tuple[str, str]]:
    """Return what a rule names that the manifest does not have, or has as something else: (key, reason) each."""
    found: list[tuple[str, str]] = []
    metric = manifest.metrics.get(spec.metric)
    if spec.metric and metric is None:
        found.append(("metric", f"no such metric {spec.metric!r}; declared: {', '.join(manifest.metrics)}"))
    if metric is not None and (spec.is_ is not None) != (metric.field_type is bool):
        found.append(("metric", "a yes-or-no metric goes with `is`, a number with one of the limits"))
    elif metric is not None and metric.field_type is str:
        found.append(("metric", "is text; a rule compares numbers and yes-or-no metrics"))
    if spec.when is not None and spec.when not in manifest.signals:
        found.append(("when", f"signal {spec.when!r} is not in `signals`"))
    if not spec.source:
        found.append(("source", 'is missing: name the standard and clause, or write "judgement"'))
    return found


def _table_faults(manifest: _Manifest) -> list[tuple[str, str]]:
    """Return what the `[json]` table names that the manifest does not declare, and rules that stand on a guess."""
    table = manifest.json
    if table is None:
        return [("fields", "is missing: it says what [javascript] results are")] if manifest.javascript else []
    found = [
        (f"fields.{name}", f"no such metric; declared: {', '.join(manifest.metrics)}")
        for name in table.fields.keys() - manifest.metrics.keys()
    ]
    found += [
        (f"signals.{name}", f"is not in `signals`; declared: {', '.join(manifest.signals) or 'none'}")
        for name in table.signals.keys() - set(manifest.signals)
    ]
    for name, spec in manifest.rules.items():
        if spec.metric in table.fields and table.field(spec.metric).assumed:
            found.append(
                (f"fields.{spec.metric}.assumed", f"the rule {name!r} would stand on a guess: remove one of them")
            )
    return found

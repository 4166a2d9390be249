"""Rules as people write them, in device manifests and in provisioning/rules: read, checked, never evaluated here."""

import math
from typing import Literal

import msgspec

from standpipe.model.duration import parse_duration
from standpipe.model.signal import Signal


class RuleSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule's table in TOML. Either `metric` with one limit (or `is`), or `when` a signal is on."""

    metric: str = ""
    below: float | None = None
    above: float | None = None
    at_most: float | None = None
    """Like `below`, the limit itself included."""
    at_least: float | None = None
    """Like `above`, the limit itself included."""
    is_: bool | None = msgspec.field(default=None, name="is")
    """For a yes-or-no metric: fires while it has this value."""
    clear: float | None = None
    """Level at which a firing alert resolves; the other side of the limit. Default: the limit itself."""
    for_: str = msgspec.field(default="0s", name="for")
    """How long the condition must last in event time before the alert fires."""
    when: Signal | None = None
    """A state rule: fires while this signal is on."""
    falls: float | None = None
    """Rate of change: fires when `metric` has fallen by this much `within` a time."""
    rises: float | None = None
    """Rate of change, upwards."""
    silent: str = ""
    """Absence: fires when a registered device was not heard for this long; `2.5x` counts its own intervals."""
    of: str = ""
    """Several together: fires when `devices` of a zone have the alert of this rule `within` a time."""
    devices: int = 0
    within: str = ""
    """Time for `falls`, `rises` and `of`."""
    signal: Signal = Signal.SUPERVISORY
    """What the alert is, in the trade's words; fire and gas open an incident."""
    source: str = ""
    """Standard and clause, or `judgement`."""
    label: dict[str, str] = {}
    """Words for a person by language: { zh = "水压低", en = "low pressure" }."""
    enabled: bool = True
    sites: list[str] = []
    """Only these sites; empty for all."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A checked rule. `id` is `<kind>.<name>` and is unique; provisioning/rules replaces a manifest's rule."""

    id: str
    kind: str
    metric: str = ""
    comparison: Literal["below", "above", "state", "falls", "rises", "silent", "together"]
    limit: float = 0.0
    clear: float = 0.0
    hold: int = 0
    """`for`, in ms of event time."""
    when: Signal | None = None
    signal: Signal
    source: str = ""
    label: dict[str, str] = {}
    sites: frozenset[str] = frozenset()
    within: int = 0
    """Window of `falls`, `rises` and `together`, or the silence of `silent`, in ms; 0 for a silence in intervals."""
    of: str = ""
    """Rule whose alerts `together` counts."""


def build_rule(kind: str, name: str, spec: RuleSpec) -> Rule:
    """Return the checked rule. Raises ValueError saying what is wrong and what was expected."""
    hold = parse_duration(spec.for_)
    common = {"id": f"{kind}.{name}", "kind": kind, "hold": hold, "signal": spec.signal, "source": spec.source}
    label, sites = spec.label, frozenset(spec.sites)
    limits = _limits(spec)
    changes = [name for name, value in (("falls", spec.falls), ("rises", spec.rises)) if value is not None]
    kinds = [*changes, *(["silent"] if spec.silent else []), *(["of"] if spec.of else [])]
    if kinds:
        if len(kinds) > 1 or limits or spec.when is not None or spec.clear is not None:
            raise ValueError(f"`{kinds[0]}` stands alone: no second condition, limit or clear goes with it")
        return Rule(label=label, sites=sites, **common, **_over_time(kinds[0], spec))  # type: ignore[arg-type]
    if spec.within or spec.devices:
        raise ValueError("`within` and `devices` go with falls, rises and of")
    if spec.when is not None:
        if spec.metric or limits or spec.clear is not None:
            raise ValueError("`when` is a state rule: metric, limits and clear do not go with it")
        return Rule(comparison="state", when=spec.when, label=label, sites=sites, **common)  # type: ignore[arg-type]
    if not spec.metric:
        raise ValueError('expected `metric` with a limit, or `when = "<signal>"`')
    if len(limits) != 1:
        raise ValueError("expected exactly one of `below`, `above`, `at_most`, `at_least` and `is`")
    comparison, written, limit = limits[0]
    clear = written if spec.clear is None else spec.clear
    if comparison == "below" and clear < written:
        raise ValueError(
            f"`clear` ({clear:g}) must not be under the limit ({written:g}), or the alert could never settle"
        )
    if comparison == "above" and clear > written:
        raise ValueError(
            f"`clear` ({clear:g}) must not be over the limit ({written:g}), or the alert could never settle"
        )
    clear = max(clear, limit) if comparison == "below" else min(clear, limit)
    return Rule(
        metric=spec.metric,
        comparison=comparison,
        limit=limit,
        clear=clear,
        label=label,
        sites=sites,
        **common,  # type: ignore[arg-type]
    )


def _over_time(kind: str, spec: RuleSpec) -> dict[str, object]:
    """Return what a rule over time or over devices has of its own. Raises ValueError for what is missing."""
    if kind == "silent":
        if spec.metric or spec.within or spec.devices:
            raise ValueError("`silent` is about a whole device: metric, within and devices do not go with it")
        if not spec.silent.endswith("x"):
            return {"comparison": "silent", "within": parse_duration(spec.silent)}
        try:
            return {"comparison": "silent", "limit": float(spec.silent[:-1])}
        except ValueError:
            raise ValueError(f"expected a duration, or intervals like 2.5x, got {spec.silent!r}") from None
    if not spec.within:
        raise ValueError(f"`{kind}` needs `within`")
    if kind == "of":
        if spec.metric or spec.devices < 2:
            raise ValueError("`of` needs `devices`, 2 or more, and takes no metric")
        return {
            "comparison": "together",
            "of": spec.of,
            "limit": float(spec.devices),
            "within": parse_duration(spec.within),
        }
    limit = spec.falls if kind == "falls" else spec.rises
    if not spec.metric or limit is None or limit <= 0:
        raise ValueError(f"`{kind}` needs a metric and an amount above 0")
    return {"comparison": kind, "metric": spec.metric, "limit": limit, "within": parse_duration(spec.within)}


def _limits(spec: RuleSpec) -> list[tuple[Literal["below", "above"], float, float]]:
    """Return every limit given: one of the two comparisons that the engine knows, the limit as written, as compared.

    A limit that is itself included becomes the next number beside it: `x >= 25` and `x > 24.999999999999996` are the
    same for floats, and the engine stays as it is. A yes-or-no metric compares as 0 and 1.
    """
    found: list[tuple[Literal["below", "above"], float, float]] = []
    if spec.below is not None:
        found.append(("below", spec.below, spec.below))
    if spec.above is not None:
        found.append(("above", spec.above, spec.above))
    if spec.at_most is not None:
        found.append(("below", spec.at_most, math.nextafter(spec.at_most, math.inf)))
    if spec.at_least is not None:
        found.append(("above", spec.at_least, math.nextafter(spec.at_least, -math.inf)))
    if spec.is_ is not None:
        found.append(("above" if spec.is_ else "below", 0.5, 0.5))
    return found

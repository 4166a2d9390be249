"""Rules as people write them, in device manifests and in provisioning/rules: read, checked, never evaluated here."""

from typing import Literal

import msgspec

from standpipe.model.duration import parse_duration
from standpipe.model.signal import Signal


class RuleSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule's table in TOML. Either `metric` with `below` or `above`, or `when` a signal is on."""

    metric: str = ""
    below: float | None = None
    above: float | None = None
    clear: float | None = None
    """Level at which a firing alert resolves; the other side of the limit. Default: the limit itself."""
    for_: str = msgspec.field(default="0s", name="for")
    """How long the condition must last in event time before the alert fires."""
    when: Signal | None = None
    """A state rule: fires while this signal is on."""
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
    comparison: Literal["below", "above", "state"]
    limit: float = 0.0
    clear: float = 0.0
    hold: int = 0
    """`for`, in ms of event time."""
    when: Signal | None = None
    signal: Signal
    source: str = ""
    label: dict[str, str] = {}
    sites: frozenset[str] = frozenset()


def build_rule(kind: str, name: str, spec: RuleSpec) -> Rule:
    """Return the checked rule. Raises ValueError saying what is wrong and what was expected."""
    hold = parse_duration(spec.for_)
    common = {"id": f"{kind}.{name}", "kind": kind, "hold": hold, "signal": spec.signal, "source": spec.source}
    label, sites = spec.label, frozenset(spec.sites)
    if spec.when is not None:
        if spec.metric or spec.below is not None or spec.above is not None or spec.clear is not None:
            raise ValueError("`when` is a state rule: metric, below, above and clear do not go with it")
        return Rule(comparison="state", when=spec.when, label=label, sites=sites, **common)  # type: ignore[arg-type]
    if not spec.metric:
        raise ValueError('expected `metric` with `below` or `above`, or `when = "<signal>"`')
    if (spec.below is None) == (spec.above is None):
        raise ValueError("expected exactly one of `below` and `above`")
    limit = spec.below if spec.below is not None else spec.above
    assert limit is not None
    clear = limit if spec.clear is None else spec.clear
    if spec.below is not None and clear < limit:
        raise ValueError(f"`clear` ({clear:g}) must not be under `below` ({limit:g}), or the alert could never settle")
    if spec.above is not None and clear > limit:
        raise ValueError(f"`clear` ({clear:g}) must not be over `above` ({limit:g}), or the alert could never settle")
    comparison: Literal["below", "above"] = "below" if spec.below is not None else "above"
    return Rule(
        metric=spec.metric,
        comparison=comparison,
        limit=limit,
        clear=clear,
        label=label,
        sites=sites,
        **common,  # type: ignore[arg-type]
    )

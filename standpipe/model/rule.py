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
    limits = _limits(spec)
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

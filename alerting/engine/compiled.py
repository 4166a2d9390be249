"""Turns checked rules into one Python function per kind of reading, made of the model's names and numbers only."""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from alerting.engine.track import BETWEEN, BREACH, CLEAR
from standpipe.model.device_type import SNAKE
from standpipe.model.rule import Rule
from standpipe.model.signal import URGENT, Signal

Verdicts: TypeAlias = list[tuple[int, int, float]]
"""(index of the rule, BREACH | BETWEEN | CLEAR | CHANGE, value) for every rule of which the reading says something."""
Classify: TypeAlias = Callable[[dict[str, Any], frozenset[Signal], bool], Verdicts]
"""(fields, signals, reports_signals) -> verdicts."""
CHANGE = 0
"""The verdict of a rule about change lies in the samples before and after."""

OPENS_INCIDENT = frozenset({Signal.FIRE, Signal.GAS, Signal.MANUAL_ALARM})
LATCHED = frozenset({Signal.FIRE, Signal.MANUAL_ALARM})
"""Ends by a person's reset, not because the smoke cleared."""
_WORDS: dict[Signal, dict[str, str]] = {
    Signal.FIRE: {"zh": "火警", "en": "fire"},
    Signal.GAS: {"zh": "可燃气体报警", "en": "gas alarm"},
    Signal.MANUAL_ALARM: {"zh": "手动报警", "en": "manual alarm"},
    Signal.DELAY: {"zh": "延时启动", "en": "release delay running"},
}


def with_urgent(kind: str, rules: Iterable[Rule]) -> list[Rule]:
    """Return a kind's rules with one for every urgent signal that none of them covers, state rules first.

    A fire bit never depends on a rule file: a rule covers its signal only when it treats it as seriously, everywhere
    and at once.
    """
    own = [rule for rule in rules if rule.kind == kind]
    covered = {rule.when for rule in own if rule.when is not None and _as_serious(rule) and not rule.sites}
    taken = {rule.id for rule in own}
    for signal in sorted(URGENT - covered):
        name = f"{kind}.{signal}" if f"{kind}.{signal}" not in taken else f"{kind}.{signal}_always"
        own.append(
            Rule(
                id=name,
                kind=kind,
                comparison="state",
                when=signal,
                signal=signal,
                source="every urgent signal is an alert",
                label=_WORDS[signal],
            )
        )
    return sorted(own, key=lambda rule: (rule.when not in URGENT, rule.id))


def _as_serious(rule: Rule) -> bool:
    """Return whether a state rule treats its signal as what it is, at once."""
    return rule.hold == 0 and (
        rule.signal == rule.when or (rule.when in OPENS_INCIDENT and rule.signal in OPENS_INCIDENT)
    )


def compile_rules(rules: list[Rule]) -> Classify:
    """Return the function that classifies one reading against `rules`. Raises ValueError for a rule that is no rule."""
    lines = ["def classify(fields, signals, reports):", "    out = []"]
    metrics: dict[str, list[tuple[int, Rule]]] = {}
    for index, rule in enumerate(rules):
        if rule.comparison == "state":
            assert rule.when is not None
            lines += [
                f"    on = {rule.when.value!r} in signals",
                f"    if on or reports: out.append(({index}, {BREACH} if on else {CLEAR}, on))",
            ]
        elif rule.comparison in ("below", "above"):
            if not SNAKE.fullmatch(rule.metric) or not math.isfinite(rule.limit) or not math.isfinite(rule.clear):
                raise ValueError(f"rule {rule.id}: metric {rule.metric!r} with {rule.limit!r} cannot be compiled")
            metrics.setdefault(rule.metric, []).append((index, rule))
        elif rule.comparison in ("falls", "rises"):
            if not SNAKE.fullmatch(rule.metric):
                raise ValueError(f"rule {rule.id}: metric {rule.metric!r} cannot be compiled")
            lines += [
                f"    v = fields.get({rule.metric!r})",
                f"    if v is not None and v.__class__ is not str: out.append(({index}, {CHANGE}, v))",
            ]
    for metric, group in metrics.items():
        lines += [f"    v = fields.get({metric!r})", "    if v is not None and v.__class__ is not str:"]
        for index, rule in group:
            breach, clear = ("<", ">=") if rule.comparison == "below" else (">", "<=")
            limit, level = float(rule.limit), float(rule.clear)
            verdict = f"{BREACH} if v {breach} {limit!r} else {CLEAR} if v {clear} {level!r} else {BETWEEN}"
            lines.append(f"        out.append(({index}, {verdict}, v))")
    lines.append("    return out")
    namespace: dict[str, Any] = {}
    exec("\n".join(lines), {"__builtins__": {}, "str": str}, namespace)  # noqa: S102 - made above from checked names and numbers
    function: Classify = namespace["classify"]
    return function

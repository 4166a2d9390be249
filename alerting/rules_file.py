"""Reads provisioning/rules: tables by kind, then name, laid over the device types' own rules. Evaluates nothing."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from standpipe.model.errors import ConfigError, Fault
from standpipe.model.rule import Rule, RuleSpec, build_rule
from standpipe.model.signal import URGENT
from standpipe.model.toml_file import convert, line_of, read_toml

TESTS = ".test.toml"
"""Files that hold rule tests in place of rules."""


def read_rules(
    folder: Path,
    catalogue_rules: list[Rule],
    *,
    kinds: Collection[str] = (),
    assumed: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Rule]:
    """Return the rules in force: the device types', replaced and extended by the folder's *.toml.

    `kinds`: the kinds that device types have, beside those that the rules name. `assumed`: by kind, the metrics whose
    unit is a guess and the device type that guesses; no rule may stand on one.

    Raises ConfigError with all faults of all files. A missing folder means no rules of one's own. `enabled = false`
    takes a rule away, unless it is a state rule for an urgent signal: a fire bit depends on no file.
    """
    rules = {rule.id: rule for rule in catalogue_rules}
    known = {*kinds, *(rule.kind for rule in catalogue_rules)}
    origin: dict[str, Path] = {}
    faults: list[Fault] = []
    for path in sorted(folder.rglob("*.toml")) if folder.is_dir() else []:
        if path.name.endswith(TESTS):
            continue
        try:
            data = read_toml(path)
        except ConfigError as err:
            faults.extend(err.faults)
            continue
        for kind, table in data.items():
            if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
                faults.append(Fault(str(path), kind, "expected tables [<kind>.<rule>]", line_of(path, kind)))
                continue
            for name, entry in table.items():
                faults.extend(_lay(rules, known, origin, path, f"{kind}.{name}", entry))
                guesser = (assumed or {}).get(kind, {}).get(str(entry.get("metric", "")))
                if guesser and entry.get("enabled") is not False:
                    where = f"{kind}.{name}.metric"
                    reason = f"its unit is a guess (`assumed` in the device.toml of {guesser}): settle it there first"
                    faults.append(Fault(str(path), where, reason, line_of(path, where)))
    if faults:
        raise ConfigError(faults)
    return list(rules.values())


def _lay(
    rules: dict[str, Rule], kinds: set[str], origin: dict[str, Path], path: Path, id_: str, entry: dict[str, Any]
) -> list[Fault]:
    """Lay one rule over the others; return its faults."""
    kind, _, name = id_.partition(".")

    def fault(key: str, reason: str) -> Fault:
        where = f"{id_}.{key}" if key else id_
        return Fault(str(path), where, reason, line_of(path, where))

    if id_ in origin:
        return [fault("", f"is also in {origin[id_]}")]
    origin[id_] = path
    try:
        spec = convert(entry, RuleSpec, path=path, prefix=f"{id_}.")
    except ConfigError as err:
        return err.faults
    old = rules.get(id_)
    faults = []
    if kinds and kind not in kinds:
        faults.append(fault("", f"no device type has the kind {kind!r}; known: {', '.join(sorted(kinds))}"))
    if old is not None and old.when in URGENT and (not spec.enabled or spec.when != old.when or spec.sites):
        faults.append(fault("", f"the rule for {old.when} may be given other words, not be taken away or narrowed"))
    if not spec.enabled:
        if old is None:
            faults.append(fault("enabled", "takes away a rule that is not there"))
        elif not faults:
            del rules[id_]
        return faults
    try:
        rule = build_rule(kind, name, spec)
    except ValueError as err:
        return [*faults, fault("", str(err))]
    if not spec.source:
        faults.append(fault("source", 'is missing: name the standard and clause, or write "judgement"'))
    if not faults:
        rules[id_] = rule
    return faults

"""Writes docs/devices.md, the list of what is supported, from the device folders themselves. Decides nothing.

`python -m plugins.listing` writes it; `--check` writes nothing and exits 1 when it is out of date. Beside it stands
docs/metric-names.txt, every field that was ever shipped with its unit and type: lines are added, never removed.
"""

import sys
from pathlib import Path

from plugins.catalogue import HERE, Catalogue, LoadedType, device_folders, load_catalogue
from plugins.samples import read_samples
from standpipe.model.device_type import DeviceType, Metric
from standpipe.model.duration import format_duration
from standpipe.model.rule import Rule

TARGET = HERE.parent / "docs" / "devices.md"
NAMES = TARGET.parent / "metric-names.txt"
_HEAD = """\
# Device types

Generated from `plugins/` by `python -m plugins.listing`; do not edit. A site changes limits in `provisioning/rules`.
`bench` means that the samples were made or taken from public documents, `field` that some were captured from hardware.
"""


def render(catalogue: Catalogue) -> str:
    """Return docs/devices.md: a table of all types, then one section for each."""
    ours = {folder.name for folder in device_folders(HERE)}
    types = [loaded for name, loaded in sorted(catalogue.types.items()) if name in ours]
    rows = [_row(one.type) for one in types]
    table = ["| device type | what it is | 名称 | kind | transport | status |", "|---|---|---|---|---|---|", *rows]
    return "\n".join([_HEAD, *table, *(line for one in types for line in _section(one)), ""])


def _row(type_: DeviceType) -> str:
    en, zh = type_.labels.get("en", type_.name), type_.labels.get("zh", "")
    transport = ", ".join(type_.transport)
    return f"| [{type_.id}](#{type_.id}) | {en} | {zh} | {type_.kind} | {transport} | {type_.status} |"


def _section(loaded: LoadedType) -> list[str]:
    type_ = loaded.type
    kinds = f"`{type_.kind}`" + (f", components `{type_.component_kind}`" if type_.component_kind != type_.kind else "")
    facts = [f"kind {kinds}", f"models {', '.join(type_.models)}", f"reports every {type_.interval}"]
    facts += [type_.standard] if type_.standard else []
    facts += [f"{len(read_samples(Path(type_.folder)))} samples"]
    lines = ["", f"## {type_.id}", "", f"{type_.name}.", "", f"{' · '.join(facts)}."]
    if type_.signals:
        lines += ["", f"Signals: {', '.join(sorted(type_.signals))}."]
    lines += ["", "| metric | | 名称 | unit | believable |", "|---|---|---|---|---|"]
    lines += [_metric(name, metric) for name, metric in type_.metrics.items()]
    rules = {rule.id.partition(".")[2]: rule for rule in type_.rules}
    lines += ["", "| rule | | 名称 | when | for | is | source |", "|---|---|---|---|---|---|---|"]
    return lines + [_rule(name, rule, type_.metrics.get(rule.metric)) for name, rule in rules.items()]


def _metric(name: str, metric: Metric) -> str:
    low = "" if metric.low is None else f"{metric.low:g}"
    high = "" if metric.high is None else f"{metric.high:g}"
    believable = f"{low} … {high}" if low or high else ""
    return f"| {name} | {metric.label['en']} | {metric.label['zh']} | {metric.unit} | {believable} |"


def _rule(name: str, rule: Rule, metric: Metric | None) -> str:
    hold = format_duration(rule.hold) if rule.hold else "at once"
    en, zh = rule.label.get("en", ""), rule.label.get("zh", "")
    return f"| {name} | {en} | {zh} | {_condition(rule, metric)} | {hold} | {rule.signal} | {rule.source} |"


def _condition(rule: Rule, metric: Metric | None) -> str:
    if rule.comparison == "state" or metric is None:
        return f"{rule.when} on"
    if metric.field_type is bool:
        return f"{rule.metric} is {'yes' if rule.comparison == 'above' else 'no'}"
    included = f"{rule.limit:g}" != f"{rule.limit!r}".removesuffix(".0")
    words = {("below", False): "<", ("above", False): ">", ("below", True): "≤", ("above", True): "≥"}
    clear = f", clears at {rule.clear:g}" if f"{rule.clear:g}" != f"{rule.limit:g}" else ""
    return f"{rule.metric} {words[rule.comparison, included]} {rule.limit:g} {metric.unit}{clear}"


def names(catalogue: Catalogue) -> list[str]:
    """Return `<kind>.<metric> <unit> <type>` for each field that our device types write."""
    ours = {folder.name for folder in device_folders(HERE)}
    types = [loaded.type for name, loaded in catalogue.types.items() if name in ours]
    return sorted(
        {
            f"{kind}.{name} {metric.unit} {metric.field_type.__name__}"
            for type_ in types
            for kind in (type_.kind, type_.component_kind)
            for name, metric in type_.metrics.items()
        }
    )


def lost(shipped: list[str], now: list[str]) -> list[str]:
    """Return the shipped fields that are gone or have another unit or type: charts and rules of users name them."""
    return [line for line in shipped if line not in set(now)]


def main(arguments: list[str]) -> int:
    """Write or check both files; return the exit status."""
    catalogue = load_catalogue()
    shipped = NAMES.read_text(encoding="utf-8").splitlines() if NAMES.is_file() else []
    now = names(catalogue)
    texts = {TARGET: render(catalogue), NAMES: "\n".join(sorted({*shipped, *now})) + "\n"}
    said = [f"{line}: was shipped, and names only grow; keep it, and add another\n" for line in lost(shipped, now)]
    if arguments == ["--check"]:
        for path, text in texts.items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                said.append(f"{path} is out of date: run `python -m plugins.listing`\n")
    else:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    sys.stderr.writelines(said)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

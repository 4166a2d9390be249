"""Rule files over the device types' rules: replaced, extended, taken away, and every fault named."""

from pathlib import Path

import pytest

from alerting.rules_file import read_rules
from standpipe.model.errors import ConfigError
from standpipe.model.rule import Rule, RuleSpec, build_rule
from standpipe.model.signal import Signal

LOW = build_rule("hydrant", "low", RuleSpec(metric="pressure", below=140, source="s"))
FIRE = build_rule("smoke", "fire", RuleSpec(when=Signal.FIRE, signal=Signal.FIRE, source="s"))


def read(folder: Path, text: str) -> list[Rule]:
    (folder / "rules.toml").write_text(text, encoding="utf-8")
    return read_rules(folder, [LOW, FIRE])


def test_no_folder_means_the_device_types_rules(tmp_path: Path) -> None:
    assert read_rules(tmp_path / "none", [LOW, FIRE]) == [LOW, FIRE]


def test_a_rule_of_the_same_name_replaces_and_another_extends(tmp_path: Path) -> None:
    text = """
    [hydrant.low]
    metric = "pressure"
    below = 120
    source = "judgement"
    [hydrant.flow]
    metric = "flow"
    above = 1
    source = "judgement"
    """
    rules = {rule.id: rule.limit for rule in read(tmp_path, text)}
    assert rules == {"hydrant.low": 120, "smoke.fire": 0, "hydrant.flow": 1}


def test_a_rule_can_be_taken_away(tmp_path: Path) -> None:
    assert [rule.id for rule in read(tmp_path, "[hydrant.low]\nenabled = false\n")] == ["smoke.fire"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[smoke.fire]\nenabled = false\n", r"rules.toml:1: smoke.fire: the rule for fire may be given other words"),
        ('[smoke.fire]\nwhen = "fire"\nsource = "x"\nsites = ["a"]\n', "not be taken away or narrowed"),
        ("[hydrant.none]\nenabled = false\n", "takes away a rule that is not there"),
        ('[hydrant.low]\nmetric = "pressure"\nbelow = 1\n', r"hydrant.low.source: is missing"),
        ('[hydrant.low]\nmetrik = "pressure"\n', "unknown key; did you mean 'metric'"),
        ('[tank.low]\nmetric = "level"\nbelow = 1\nsource = "x"\n', "no device type has the kind 'tank'"),
        ("[hydrant]\nlow = 3\n", "expected tables"),
        ("[hydrant.low\n", "not TOML"),
        ('[hydrant.low]\nmetric = "p"\nbelow = 5\nclear = 4\nsource = "x"\n', "could never settle"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        read(tmp_path, text)


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[hydrant.low]\nmetrik = 1\n", encoding="utf-8")
    (tmp_path / "b.toml").write_text('[hydrant.low]\nmetric = "p"\nbelow = 1\nsource = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_rules(tmp_path, [LOW, FIRE])
    assert len(caught.value.faults) == 2


GUESSED = {"hydrant": {"pressure": "acme_imported"}}
RULE = '[hydrant.mine]\nmetric = "{metric}"\n{condition}\nsource = "judgement"\n'


@pytest.mark.parametrize("condition", ["below = 5", 'falls = 5\nwithin = "5m"', "at_least = 5"])
def test_a_rule_on_a_metric_whose_unit_is_a_guess_is_refused(tmp_path: Path, condition: str) -> None:
    (tmp_path / "mine.toml").write_text(RULE.format(metric="pressure", condition=condition), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine.toml:2: hydrant.mine.metric: its unit is a guess .* acme_imported"):
        read_rules(tmp_path, [FIRE], kinds=["hydrant"], assumed=GUESSED)


def test_a_rule_beside_the_guess_and_of_a_kind_without_rules_is_good(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RULE.format(metric="battery", condition="below = 5"), encoding="utf-8")
    rules = read_rules(tmp_path, [FIRE], kinds=["hydrant"], assumed=GUESSED)
    assert [rule.id for rule in rules] == ["smoke.fire", "hydrant.mine"]

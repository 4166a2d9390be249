"""Rule tests as files: the shipped ones pass, every shipped rule has some, a wrong one fails with a reason."""

from pathlib import Path

import pytest

from alerting.rule_tests import Outcome, run_rule_tests
from alerting.rules_file import read_rules
from plugins.catalogue import load_catalogue
from standpipe.model.rule import Rule

SHIPPED = Path(__file__).parents[2] / "provisioning" / "rules"
RULES: list[Rule] = read_rules(SHIPPED, load_catalogue().rules())
OUTCOMES = run_rule_tests(SHIPPED, RULES)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.test)
def test_a_shipped_rule_does_what_its_test_says(outcome: Outcome) -> None:
    assert outcome.passed, outcome.reason


@pytest.mark.parametrize("rule", read_rules(SHIPPED, []), ids=lambda rule: rule.id)
def test_every_shipped_rule_has_a_test(rule: Rule) -> None:
    assert any(outcome.test.startswith(f"{rule.id}.") for outcome in OUTCOMES)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '[hydrant.low_pressure.t]\nevery = "5m"\npressure = "130x3"\nexpect = {10m = "ok"}',
            "expected ok at 10m, found firing",
        ),
        ('[hydrant.low_pressure.t]\nevery = "5m"\npressure = "130"\nexpect = {0s = "firing"}', "found pending"),
        ('[hydrant.nothing.t]\nevery = "5m"\nexpect = {}', "no rule 'hydrant.nothing'"),
        ('[hydrant.low_pressure.t]\nevery = "5m"\nexpect = {0s = "ok"}', "no series"),
        ('[hydrant.low_pressure.t]\npressure = "1"\nexpect = {0s = "ok"}', "cannot be read: 'every'"),
        ('[hydrant.low_pressure.t]\nevery = "5m"\npressure = "1"\nexpect = {0s = "on"}', "expected one of ok, pending"),
        ("[hydrant", "not TOML"),
    ],
)
def test_a_wrong_test_fails_and_says_why(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.test.toml").write_text(text, encoding="utf-8")
    (outcome,) = run_rule_tests(tmp_path, RULES)
    assert not outcome.passed
    assert reason in str(outcome)


def test_a_folder_without_tests_has_no_outcomes(tmp_path: Path) -> None:
    assert run_rule_tests(tmp_path, RULES) == []

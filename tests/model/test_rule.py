"""Rules as people write them: what each shape of a limit means, and which shapes are refused."""

from typing import Any

import msgspec
import pytest

from standpipe.model.rule import Rule, RuleSpec, build_rule


def rule(**keys: Any) -> Rule:
    return build_rule("hydrant", "some", msgspec.convert(keys, RuleSpec))


def holds(made: Rule, value: float) -> bool:
    return value < made.limit if made.comparison == "below" else value > made.limit


def cleared(made: Rule, value: float) -> bool:
    return value >= made.clear if made.comparison == "below" else value <= made.clear


@pytest.mark.parametrize(
    ("keys", "inside", "outside"),
    [
        pytest.param({"below": 140}, 139.9, 140.0, id="below leaves the limit out"),
        pytest.param({"above": 600}, 600.1, 600.0, id="above leaves the limit out"),
        pytest.param({"at_most": 20}, 20.0, 20.1, id="at most takes the limit in"),
        pytest.param({"at_least": 25}, 25.0, 24.9, id="at least takes the limit in"),
        pytest.param({"is": True}, True, False, id="is yes"),
        pytest.param({"is": False}, False, True, id="is no"),
    ],
)
def test_a_limit_means_what_its_word_says(keys: dict[str, Any], inside: float, outside: float) -> None:
    made = rule(metric="x", **keys)
    assert (holds(made, inside), holds(made, outside)) == (True, False)
    assert (cleared(made, inside), cleared(made, outside)) == (False, True)


@pytest.mark.parametrize(
    ("keys", "firing", "settled"),
    [
        pytest.param({"below": 140, "clear": 150}, 149.9, 150.0, id="below"),
        pytest.param({"at_least": 25, "clear": 20}, 20.1, 20.0, id="at least"),
        pytest.param({"at_most": 20, "clear": 20}, 20.0, 20.1, id="at most, clear at the limit"),
    ],
)
def test_an_alert_settles_at_clear(keys: dict[str, Any], firing: float, settled: float) -> None:
    made = rule(metric="x", **keys)
    assert (cleared(made, firing), cleared(made, settled)) == (False, True)


def test_a_rule_is_known_by_its_kind_and_name() -> None:
    made = rule(metric="x", below=1, **{"for": "10m"})
    assert (made.id, made.kind, made.hold) == ("hydrant.some", "hydrant", 600_000)


def test_a_state_rule_looks_at_a_signal() -> None:
    made = rule(when="fire", signal="fire")
    assert (made.comparison, made.when, made.signal) == ("state", "fire", "fire")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        pytest.param({}, "expected `metric` with a limit, or `when", id="nothing"),
        pytest.param({"metric": "x"}, "expected exactly one of `below`, `above`", id="no limit"),
        pytest.param({"metric": "x", "below": 1, "above": 2}, "expected exactly one of", id="two limits"),
        pytest.param({"when": "fire", "below": 1}, "`when` is a state rule", id="a state with a limit"),
        pytest.param({"metric": "x", "below": 140, "clear": 130}, "could never settle", id="clear under below"),
        pytest.param({"metric": "x", "at_least": 25, "clear": 26}, "could never settle", id="clear over at least"),
        pytest.param({"metric": "x", "below": 1, "for": "soon"}, "expected a duration", id="no duration"),
    ],
)
def test_what_is_no_rule_is_refused_saying_what_was_expected(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rule(**keys)

"""`standpipe rules`: alert rules as files, checked and tested before they ring anybody."""

import argparse
import sys

from standpipe.commands.configuration import add_config, load, load_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("check", "list every fault of the rule files"),
        ("test", "run the rule tests (*.test.toml)"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        add_config(action)
    parser.epilog = "Example: standpipe rules test --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check (faults raise) or test; exit 1 when a test fails."""
    settings = load_settings(options)
    rules = load(settings).rules
    if options.action == "check":
        for rule in rules:
            limit = f"while {rule.when}" if rule.when else f"{rule.comparison} {rule.of} {rule.limit or rule.within:g}"
            print(f"{rule.id:40} {rule.signal:12} {rule.metric} {limit}   [{rule.source}]")
        print(f"{len(rules)} rules, no fault")
        return 0
    from alerting.rule_tests import run_rule_tests

    outcomes = run_rule_tests(settings.path(settings.rules), rules)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in outcomes:
        print(outcome, file=sys.stdout if outcome.passed else sys.stderr)
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not outcomes else 0

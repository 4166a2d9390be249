"""`standpipe doctor`: tests each hop of a running system."""

import argparse
import asyncio

from standpipe.commands.configuration import add_config, load, load_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)
    parser.epilog = "Example: standpipe doctor --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one line per hop; exit 1 when one is broken, with what to change."""
    from standpipe.doctor import examine

    settings = load_settings(options)
    findings = asyncio.run(examine(load(settings)))
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'FAIL'}  {finding.hop:28} {finding.detail}")
        if finding.change:
            print(f"      change: {finding.change}")
    bad = sum(not finding.well for finding in findings)
    print("all hops work" if not bad else f"{bad} of {len(findings)} hops do not work")
    return 1 if bad else 0

"""`standpipe dashboards`: the Grafana dashboards as files."""

import argparse
import sys
from pathlib import Path

FOLDER = "provisioning/grafana/dashboards"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("check", "lint the committed dashboards and compare them with what the code makes"),
        ("generate", "write the dashboards from the device types and rules"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        action.add_argument("folder", nargs="?", type=Path, default=Path(FOLDER), help=f"default {FOLDER}")
    parser.epilog = "Example: standpipe dashboards check"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check or write; exit 1 when something is wrong or stale."""
    from dashboards.generate import write
    from dashboards.linter import check

    if options.action == "generate":
        for name in write(options.folder, check=False):
            print(f"wrote {name}")
        return 0
    stale = write(options.folder, check=True)
    for name in stale:
        print(f"{name}: differs from what the code makes; run: standpipe dashboards generate", file=sys.stderr)
    problems = check(options.folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    if stale or problems:
        return 1
    print("dashboards are current and pass the linter")
    return 0

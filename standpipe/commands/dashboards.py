"""`standpipe dashboards`: the Grafana dashboards as files."""

import argparse
import sys
from pathlib import Path

FOLDER = "provisioning/grafana/dashboards"
GALLERY = "docs/dashboards.md"


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
    from dashboards.gallery import write_gallery
    from dashboards.generate import write
    from dashboards.linter import check

    gallery = Path(GALLERY) if options.folder == Path(FOLDER) and Path(GALLERY).parent.is_dir() else None
    if options.action == "generate":
        written = write(options.folder, check=False) + (write_gallery(gallery, check=False) if gallery else [])
        for name in written:
            print(f"wrote {name}")
        return 0
    stale = write(options.folder, check=True) + (write_gallery(gallery, check=True) if gallery else [])
    for name in stale:
        print(f"{name}: differs from what the code makes; run: standpipe dashboards generate", file=sys.stderr)
    problems = check(options.folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    if stale or problems:
        return 1
    print("dashboards are current and pass the linter")
    return 0

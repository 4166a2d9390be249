"""`standpipe demo`: everything, with a simulated town."""

import argparse
from pathlib import Path

from standpipe.demo import run_demo


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument(
        "--seconds", type=int, metavar="N", help="stop by itself; exit 0 only if the whole story happened"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder for what it writes (default data/demo)")
    parser.epilog = "Example: standpipe demo --seconds 100"
    parser.set_defaults(run=lambda options: run_demo(seconds=options.seconds, data=options.data))

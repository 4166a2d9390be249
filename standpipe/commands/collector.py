"""`standpipe collector`: this process alone, in the foreground."""

import argparse

from standpipe.commands.configuration import add_config, load, load_settings
from standpipe.processes import prepare, run_collector


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    parser.epilog = "Example: standpipe collector --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    prepare(supervised=options.supervised)
    run_collector(load(load_settings(options)))
    return 0

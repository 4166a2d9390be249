"""The command line: names the commands and hands over. Does no work of its own and imports a room only when asked.

Exit codes: 0 done, 1 the answer is no (the reason is on stderr), 2 the command was used wrongly.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from standpipe import __version__
from standpipe.model.errors import ConfigError

COMMANDS = {
    "run": "start every process and keep them running",
    "demo": "run everything with a simulated town, no configuration needed",
    "collector": "run the collector alone",
    "alerting": "run alerting and the console alone",
    "tsdb": "run the embedded time-series database alone",
    "check": "read all configuration and list every fault",
    "doctor": "test each hop of a running system and say what to change",
    "decode": "show what a device's bytes mean",
    "simulate": "play a device against a centre, ours or anybody's",
    "plugin": "make, test and try a device type",
    "rules": "check and test alert rules",
    "devices": "list devices that nobody registered",
    "spool": "list and retry what the collector could not deliver",
    "dashboards": "check or generate the Grafana dashboards",
    "grafana": "set what Grafana cannot take from files, and bring edits back",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="standpipe",
        description="Monitoring stack for fire-safety IoT.",
        epilog="Example: standpipe demo --seconds 100\nHelp on one command: standpipe COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"standpipe {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(
            name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:
            importlib.import_module(f"standpipe.commands.{name}").arguments(sub)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except ConfigError as err:
        for fault in err.faults:
            print(fault, file=sys.stderr)
        print(f"{len(err.faults)} fault(s); nothing was started", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1

"""`standpipe tsdb`: the embedded time-series database alone."""

import argparse
import os

from standpipe.commands.configuration import add_config, load_settings
from standpipe.processes import prepare, run_tsdb


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("--data", metavar="DIR", help="folder of the data (default: from the settings file)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="address to serve on (default 127.0.0.1:8086)")
    add_config(parser)
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    parser.epilog = "Example: standpipe tsdb --data data/tsdb --listen 127.0.0.1:8086"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C. With --data and --listen no settings file is needed."""
    prepare(supervised=options.supervised)
    if options.data:
        token = os.environ.get("STANDPIPE_TSDB__TOKEN", "")
        listen = options.listen or "127.0.0.1:8086"
        run_tsdb(listen=listen, data=options.data, token=token, memory_limit="200MB")
        return 0
    settings = load_settings(options)
    run_tsdb(
        listen=options.listen or settings.tsdb.listen,
        data=str(settings.path(settings.tsdb.data) if settings.tsdb.data else settings.data_dir / "tsdb"),
        token=settings.tsdb.token,
        memory_limit=settings.tsdb.memory_limit,
        keep=settings.tsdb.keep,
    )
    return 0

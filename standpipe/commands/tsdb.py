"""`standpipe tsdb`: the embedded time-series database alone, and the way out of it."""

import argparse
import os
import sys

from standpipe.commands.configuration import add_config, load_settings
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.settings import Settings
from standpipe.processes import prepare, run_tsdb


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument(
        "action", nargs="?", choices=["serve", "export"], default="serve", help="serve (default), or export to InfluxDB"
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data (default: from the settings file)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="address to serve on (default 127.0.0.1:8086)")
    parser.add_argument("--to", choices=["influx"], default="influx", help="export: into the [influx] of the settings")
    add_config(parser)
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    parser.epilog = (
        "Example: standpipe tsdb --data data/tsdb --listen 127.0.0.1:8086\n"
        "Example: STANDPIPE_INFLUX__URL=http://influxdb:8086 standpipe tsdb export --to influx\n"
        "         copies everything while the embedded database runs; run it again to go on where it stopped"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C, or export. With --data no settings file is needed to serve."""
    if options.action == "export":
        return _export(load_settings(options))
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


def _export(settings: Settings) -> int:
    """Copy with progress; exit 1 with the reason and how to go on."""
    import httpx

    from standpipe.model import clock
    from storage.influx.writer import InfluxWriter
    from storage.tsdb.export import Export, Progress

    if not settings.influx.url:
        print("influx.url is not set: it is where the data goes", file=sys.stderr)
        return 2

    def report(step: Progress) -> None:
        print(
            f"{step.measurement:24} {step.copied:>12} points, through {clock.iso(step.through // 1_000_000)}",
            flush=True,
        )

    headers = {"Authorization": f"Token {settings.tsdb.token}"} if settings.tsdb.token else {}
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    writer = InfluxWriter.from_settings(settings, precision="ns")
    source = httpx.Client(base_url=f"http://{settings.tsdb.listen}", headers=headers, timeout=60, trust_env=False)
    try:
        state = settings.data_dir / "tsdb-export.json"
        total = Export(source, settings.influx.bucket, writer, state).run(report)
    except (Retryable, Rejected) as err:
        print(f"stopped: {err}\nwhat was copied is remembered; run the same command again to go on", file=sys.stderr)
        return 1
    print(f"{total} points copied to {settings.influx.url}; run it again for what has come since")
    return 0

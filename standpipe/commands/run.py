"""`standpipe run`: every process, supervised."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from standpipe.commands.configuration import add_config, load, load_settings
from standpipe.model.settings import Settings
from standpipe.supervisor import Supervisor, processes_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)
    parser.epilog = "Example: standpipe run --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the configuration, start all processes, stop them at Ctrl-C or SIGTERM."""
    settings = load_settings(options)
    load(settings)
    return asyncio.run(_supervise(Path(options.config), settings))


async def _supervise(config: Path, settings: Settings) -> int:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Supervisor(config, settings, processes_of(settings)) as supervisor:
        if not await supervisor.ready():
            print(supervisor.trouble(), file=sys.stderr)
            return 1
        print(f"console   http://{settings.alerting.listen}")
        print(
            f"collector GB/T 26875.3 on {settings.collector.gb26875.listen}, HTTP on {settings.collector.http.listen}"
        )
        print(f"storage   {settings.influx_url}")
        print(f"logs      {settings.data_dir / 'logs'}     Ctrl-C stops everything", flush=True)
        await stop.wait()
    return 0

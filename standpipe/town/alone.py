"""The simulated town against a stack that runs elsewhere: `python -m standpipe.town.alone --config FILE`.

The addresses of collector, alerting and SMS gateway are those of the settings, so variables can point it anywhere.
"""

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

from standpipe.model import clock
from standpipe.model.errors import ConfigError
from standpipe.model.registry import read_registry
from standpipe.model.settings import read_settings
from standpipe.town.afterwards import Afterwards
from standpipe.town.life import TownLife
from standpipe.town.preparation import gateway_address
from standpipe.town.sms_gateway import SmsGateway
from standpipe.town.story import Story
from standpipe.town.terminal import Terminal
from standpipe.town.watch import Watch


async def live(config: Path) -> None:
    """Let the town live until cancelled: the story of the demo once, then small things at random."""
    settings = read_settings(config, os.environ)
    registry = read_registry(settings.path(settings.sites))
    terminal = Terminal(sys.stdout, clock=clock.now)
    life = TownLife(settings, registry, clock=clock.now)
    watch = Watch(settings)
    gateway = SmsGateway(host="0.0.0.0", port=gateway_address(settings)[1], clock=clock.now)  # noqa: S104 — a container
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.run())
            tasks.create_task(life.run())
            await Story(life, watch, registry=registry, terminal=terminal).run()
            await Afterwards(life, watch, terminal=terminal).run()
    finally:
        await watch.close()
        life.water.close()


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C; 1 with every fault when the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m standpipe.town.alone", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(live(options.config))
    except ConfigError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`standpipe simulate`: play a device against a centre, ours or anybody's, and say which answers did not come."""

import argparse
import asyncio
import sys

from standpipe.model.settings import split_listen
from standpipe.simulator.gb26875 import simulate
from standpipe.simulator.gb26875_scenarios import SCENARIOS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    unit = kinds.add_parser("gb26875", help="a GB/T 26875.3 user information transmission device")
    unit.add_argument("scenario", nargs="*", help=f"which to play, default all: {', '.join(SCENARIOS)}")
    unit.add_argument("--to", default="127.0.0.1:26875", metavar="HOST:PORT", help="the centre (default %(default)s)")
    unit.add_argument("--address", default="010000000000", help="source address, 12 hex digits in wire order")
    unit.add_argument("--centre", default="000000000000", help="destination address, 12 hex digits in wire order")
    unit.add_argument("--udp", action="store_true", help="over UDP, one frame a datagram")
    parser.epilog = "Example: standpipe simulate gb26875 states resend --to 127.0.0.1:26875 --address 790300000000"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play; 0 when every answer came, 1 when one did not, 2 for a scenario or address that is none."""
    names = options.scenario or list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        print(f"no scenario {', '.join(unknown)}; known: {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    try:
        host, port = split_listen(options.to)
        source, centre = bytes.fromhex(options.address), bytes.fromhex(options.centre)
    except ValueError as err:
        print(err, file=sys.stderr)
        return 2
    if len(source) != 6 or len(centre) != 6:
        print("an address is 12 hex digits", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_play(host, port, source, centre, names, options.udp))
    except OSError as err:
        print(f"{options.to} cannot be reached: {err}", file=sys.stderr)
        return 1


async def _play(host: str, port: int, source: bytes, centre: bytes, names: list[str], udp: bool) -> int:
    failed = 0
    async for name, wrong in simulate(host, port, source=source, centre=centre, names=names, udp=udp):
        print(f"{name:16} {wrong or 'ok'}", flush=True)
        failed += bool(wrong)
    return 1 if failed else 0

"""`standpipe devices`: what the collector heard from senders that nobody registered."""

import argparse
import sys

import httpx

from standpipe.commands.configuration import add_config, load_settings
from standpipe.model import clock


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    unknown = actions.add_parser("unknown", help="list the quarantine: unknown senders and unreadable frames")
    add_config(unknown)
    parser.epilog = "Example: standpipe devices unknown --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the running collector and print a table."""
    settings = load_settings(options)
    url = f"http://{settings.collector.http.listen}/quarantine"
    headers = {"Authorization": f"Bearer {settings.collector.http.token}"} if settings.collector.http.token else {}
    try:
        answer = httpx.get(url, headers=headers, timeout=5, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as err:
        print(f"the collector does not answer at {url}: {err}\nstart it with: standpipe run", file=sys.stderr)
        return 1
    rows = answer.json()
    if not rows:
        print("the quarantine is empty")
        return 0
    for row in rows:
        seen = clock.iso(row["last_seen"])[:19]
        print(f"{row['address']:32} {row['device_type'] or '?':20} {row['count']:6} x  {seen}  {row['reason']}")
        print(f"    last payload {row['payload_hex'][:96]}")
    print("register a device by adding a [device.ID] table with its address to a file in the sites folder")
    return 0

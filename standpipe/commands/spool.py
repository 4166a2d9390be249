"""`standpipe spool`: what the collector could not deliver, and trying it again."""

import argparse
import sys
from typing import Any

import httpx

from standpipe.commands.configuration import add_config, load_settings
from standpipe.model import clock


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    letters = actions.add_parser("dead-letters", help="what an output refused for good, with its words")
    letters.add_argument(
        "what", nargs="?", choices=("list", "export", "retry"), default="list", help="list (default), export, retry"
    )
    letters.add_argument("--output", default="", help="only this output: influxdb or alerting")
    letters.add_argument("--limit", type=int, default=1000, help="most letters at once (default 1000)")
    add_config(letters)
    parser.epilog = "Example: standpipe spool dead-letters retry --output influxdb --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the running collector."""
    settings = load_settings(options)
    token = settings.collector.http.token
    url = f"http://{settings.collector.http.listen}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    query = {"output": options.output, "limit": str(options.limit)}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            if options.what == "retry":
                answer = client.post("/dead-letters/retry", params=query)
            else:
                answer = client.get("/dead-letters", params=query)
            answer.raise_for_status()
    except httpx.HTTPError as err:
        print(f"the collector does not answer at {url}: {err}\nstart it with: standpipe run", file=sys.stderr)
        return 1
    if options.what == "retry":
        print(f"{answer.json()['retried']} dead letter(s) put into the spool again")
        return 0
    _show(answer.json(), bare=options.what == "export")
    return 0


def _show(letters: list[dict[str, Any]], *, bare: bool) -> None:
    """Print letters for a person, or their bodies alone, one a line."""
    for letter in letters:
        if bare:
            print(letter["body"].rstrip("\n"))
            continue
        at = clock.iso(letter["at"])[:19]
        print(f"{letter['id']:8} {at} {letter['output']:9} {letter['lane']:6} {letter['reason']}")
        print(f"         {letter['body'].strip()[:160]}")
    if not letters and not bare:
        print("there are no dead letters")

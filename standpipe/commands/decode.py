"""`standpipe decode`: what a device's bytes mean, as JSON, one object per reading."""

import argparse
import sys

import msgspec

from plugins.catalogue import load_catalogue
from plugins.trying import decode_hex
from standpipe.model.errors import DecodeError

ALIASES = {"gb26875": "gb26875_transmitter"}
"""Protocol names that people know better than the folder's."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("type", metavar="TYPE", help="device type, like gb26875, hydrant_json")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--hex", help="the frame's bytes as hexadecimal; blanks are ignored")
    given.add_argument("--json", help="the payload as JSON text")
    parser.epilog = (
        "Example: standpipe decode gb26875 --hex 404000000101000C110A1400000000000004030201000000000002452323"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one JSON object per reading; exit 1 with the reason on a bad frame."""
    catalogue = load_catalogue([])
    type_id = ALIASES.get(options.type, options.type)
    if type_id not in catalogue.types:
        print(f"no device type {options.type!r}; known: {', '.join(sorted(catalogue.types))}", file=sys.stderr)
        return 2
    text = options.hex if options.hex is not None else options.json.encode().hex()
    try:
        readings = decode_hex(type_id, text, catalogue)
    except DecodeError as err:
        print(f"bad frame: {err}", file=sys.stderr)
        return 1
    if not readings:
        print("a valid frame that carries no reading (a heartbeat, an answer, or a request)", file=sys.stderr)
    for reading in readings:
        print(msgspec.json.encode(reading).decode())
    return 0

"""`standpipe plugin`: the plugin author's commands."""

import argparse
import sys
from pathlib import Path

import msgspec

from standpipe.commands.configuration import add_config, load_settings
from standpipe.model import clock
from standpipe.model.errors import ConfigError, DecodeError, Fault

RELOAD_SECONDS = 600.0
"""How long a reload may take: every changed folder runs its suite, two or three seconds each."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="write a folder that explains itself, with one failing sample")
    new.add_argument("name", help="vendor_model, snake_case; a path puts the folder there")
    new.add_argument("--kind", required=True, help="measurement, like hydrant or smoke")
    test = actions.add_parser("test", help="run the conformance suite on a folder and certify it")
    test.add_argument("folder", type=Path)
    test.add_argument("--quick", action="store_true", help="conformance only, without the 30,000 damaged frames")
    attempt = actions.add_parser("try", help="show the readings of one payload and which rules would fire")
    attempt.add_argument("folder", type=Path)
    given = attempt.add_mutually_exclusive_group(required=True)
    given.add_argument("--hex", help="payload as hexadecimal")
    given.add_argument("--json", help="payload as JSON text")
    bring = actions.add_parser("import", help="make device folders out of your own checkout of a catalogue")
    bring.add_argument("catalogue", choices=["lorawan"], help="its layout: TheThingsNetwork/lorawan-devices")
    bring.add_argument("checkout", type=Path, help="root of the checkout, the folder around vendor/")
    bring.add_argument("--to", type=Path, required=True, help="folder to write the device folders into")
    bring.add_argument("--vendor", default="", help="one vendor only, as its folder is called")
    again = actions.add_parser("reload", help="let the running collector use changed device folders")
    add_config(again)
    parser.epilog = "Example: standpipe plugin new acme_hp100 --kind hydrant && standpipe plugin test acme_hp100"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Hand over to the action; exit 1 when the folder or payload is not right."""
    return {"new": _new, "test": _test, "try": _try, "import": _import, "reload": _reload}[options.action](options)


def _new(options: argparse.Namespace) -> int:
    from plugins.scaffold import write_folder

    target = Path(options.name)
    try:
        for path in write_folder(target, kind=options.kind):
            print(f"wrote {path}")
    except (ConfigError, FileExistsError, ValueError) as err:
        print(err, file=sys.stderr)
        return 1
    print(f"next: standpipe plugin test {target}   (one sample fails until the codec is yours)")
    return 0


def _test(options: argparse.Namespace) -> int:
    from plugins.certify import certify
    from plugins.conformance import test_folder

    problems = test_folder(options.folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"{len(problems)} problem(s) in {options.folder}", file=sys.stderr)
        return 1
    print(f"{options.folder}: conforms")
    if not options.quick:
        certificate = certify(options.folder)
        print(certificate)
        return 0 if certificate.passed else 1
    return 0


def _try(options: argparse.Namespace) -> int:
    from plugins.catalogue import load_folder
    from plugins.trying import try_payload

    try:
        payload = bytes.fromhex(options.hex) if options.hex is not None else options.json.encode()
        for line in try_payload(load_folder(options.folder), payload, received_at=clock.now()):
            print(msgspec.json.encode(line).decode())
    except (DecodeError, ValueError) as err:
        print(f"cannot be read: {err}", file=sys.stderr)
        return 1
    return 0


def _reload(options: argparse.Namespace) -> int:
    import httpx

    settings = load_settings(options)
    token, url = settings.collector.http.token, f"http://{settings.collector.http.listen}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.post(f"{url}/plugins/reload", headers=headers, timeout=RELOAD_SECONDS, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as err:
        print(f"the collector does not answer at {url}: {err}\nstart it with: standpipe run", file=sys.stderr)
        return 1
    found = answer.json()
    for word in ("renewed", "gone"):
        for name in found[word]:
            print(f"{word}: {name}")
    print(f"unchanged: {len(found['unchanged'])}")
    if found["rules_changed"]:
        print(f"rules changed, restart alerting to use them: {', '.join(found['rules_changed'])}")
    refused = msgspec.convert(found["refused"], list[Fault])
    for fault in refused:
        print(f"refused: {fault}", file=sys.stderr)
    return 1 if refused else 0


def _import(options: argparse.Namespace) -> int:
    from plugins.lorawan import import_catalogue

    found = import_catalogue(options.checkout, options.to, vendor=options.vendor)
    for fault in found.refused:
        print(f"left out: {fault}", file=sys.stderr)
    for folder in found.written:
        print(f"wrote {folder}")
    print(f"{len(found.written)} device types, {len(found.refused)} left out; look at every unit marked `assumed`")
    return 0 if found.written else 1

"""`standpipe check`: settings, sites, rules, contacts and device types, read together; every fault is listed."""

import argparse

from standpipe.commands.configuration import add_config, load, load_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)
    parser.epilog = "Example: standpipe check --config provisioning/standpipe.toml"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what was read, and a warning for what is allowed but hardly meant."""
    settings = load_settings(options)
    found = load(settings)
    registry = found.registry
    print(f"settings  {options.config}")
    print(f"devices   {len(registry.devices)} on {len(registry.sites)} sites, {len(registry.zones)} zones")
    print(f"types     {', '.join(sorted(found.catalogue.types))}")
    print(f"rules     {len(found.rules)}")
    print(f"contacts  {len(found.contacts.person)} people, plans: {', '.join(sorted(found.contacts.plan))}")
    print(f"storage   {settings.influx_url}{'' if settings.influx.url else ' (embedded)'}")
    for plan in [name for name, plan in found.contacts.plan.items() if not plan.steps]:
        print(f"warning: plan {plan} has no steps, so an incident under it tells nobody")
    if not settings.notifier:
        print("warning: no [notifier.NAME] is set, so no message can leave this machine")
    print("ok")
    return 0

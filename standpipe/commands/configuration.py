"""Reads everything a person configures, the same way for every command that needs it."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from alerting.notifiers import kinds
from alerting.rules_file import read_rules
from collector import check as collector_check
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model.contacts import Contacts, Plan, read_contacts
from standpipe.model.errors import ConfigError, Fault
from standpipe.model.registry import Registry, read_registry
from standpipe.model.rule import Rule
from standpipe.model.settings import Settings, read_settings

T = TypeVar("T")

DEFAULT = "provisioning/standpipe.toml"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, checked together."""

    settings: Settings
    catalogue: Catalogue
    registry: Registry
    contacts: Contacts
    rules: list[Rule]


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config FILE`."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        default=os.environ.get("STANDPIPE_CONFIG", DEFAULT),
        help=f"settings file (default {DEFAULT}, or the variable STANDPIPE_CONFIG)",
    )


def load_settings(options: argparse.Namespace) -> Settings:
    """Read the settings file named on the command line, with the environment over it."""
    return read_settings(Path(options.config), os.environ)


def load(settings: Settings) -> Configuration:
    """Read catalogue, sites, contacts and rules. Raises ConfigError with the faults of all of them."""
    faults: list[Fault] = []
    catalogue = _gather(faults, lambda: load_catalogue([settings.path(name) for name in settings.plugins]))
    registry = _gather(faults, lambda: read_registry(settings.path(settings.sites)))
    contacts = _gather(faults, lambda: _contacts(settings))
    _gather(faults, lambda: kinds.build(settings.notifier))
    faults.extend(collector_check.faults(settings))
    rules = None
    if catalogue is not None:
        rules = _gather(
            faults,
            lambda: read_rules(
                settings.path(settings.rules), catalogue.rules(), kinds=catalogue.kinds(), assumed=catalogue.assumed()
            ),
        )
    if catalogue is not None and registry is not None:
        faults.extend(
            Fault(
                settings.sites,
                f"device.{id_}.type",
                f"no device type {device.type!r}; known: {', '.join(catalogue.types)}",
            )
            for id_, device in registry.devices.items()
            if device.type not in catalogue.types
        )
    if registry is not None and contacts is not None:
        faults.extend(
            Fault(settings.sites, f"site.{id_}.plan", f"no plan {site.plan!r} in {settings.contacts}")
            for id_, site in registry.sites.items()
            if site.plan and site.plan not in contacts.plan
        )
    if faults or catalogue is None or registry is None or contacts is None or rules is None:
        raise ConfigError(faults)
    return Configuration(settings=settings, catalogue=catalogue, registry=registry, contacts=contacts, rules=rules)


def _contacts(settings: Settings) -> Contacts:
    path = settings.path(settings.contacts)
    if not path.exists() and not settings.notifier:
        return Contacts(plan={"default": Plan(steps=[])})
    return read_contacts(path, notifiers=frozenset(settings.notifier))


def _gather(faults: list[Fault], read: Callable[[], T]) -> T | None:
    """Return what `read` returns, or None with its faults added to the list."""
    try:
        return read()
    except ConfigError as err:
        faults.extend(err.faults)
        return None

"""Person, Step and Plan: who is told, in which order. Read from the contacts file."""

from pathlib import Path

import msgspec

from standpipe.model.duration import parse_duration
from standpipe.model.errors import ConfigError, Fault
from standpipe.model.toml_file import convert, line_of, read_toml


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can be told. The telephone number is personal data: masked in logs and pages."""

    name: str
    phone: str = ""
    locale: str = "zh-CN"
    channels: list[str] = []
    """Names of notifiers, in order of preference; empty for all of the step."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rung: `after` the incident opened, unless somebody acknowledged, tell these people through this notifier."""

    after: str
    notify: list[str]
    channel: str

    @property
    def delay(self) -> int:
        """Return milliseconds after the incident opened."""
        return parse_duration(self.after)


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An escalation plan. It is copied into the incident when that opens; later edits do not touch open incidents."""

    steps: list[Step]


class Contacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contacts file."""

    person: dict[str, Person] = {}
    plan: dict[str, Plan] = {}


def read_contacts(path: Path, *, notifiers: frozenset[str]) -> Contacts:
    """Read and check the contacts file against the configured notifiers. Raises ConfigError with all faults."""
    contacts = convert(read_toml(path), Contacts, path=path)
    faults: list[Fault] = []

    def fault(key: str, reason: str) -> None:
        faults.append(Fault(str(path), key, reason, line_of(path, key)))

    for name, plan in contacts.plan.items():
        for index, step in enumerate(plan.steps):
            key = f"plan.{name}.steps[{index}]"
            try:
                parse_duration(step.after)
            except ValueError as err:
                fault(f"{key}.after", str(err))
            for person in step.notify:
                if person not in contacts.person:
                    fault(f"{key}.notify", f"no person {person!r}; known: {', '.join(contacts.person) or 'none'}")
            if step.channel not in notifiers:
                known = ", ".join(sorted(notifiers)) or "none"
                fault(f"{key}.channel", f"no notifier {step.channel!r} in settings; known: {known}")
    if "default" not in contacts.plan:
        fault("plan.default", "is missing: every site without a plan of its own uses it")
    if faults:
        raise ConfigError(faults)
    return contacts

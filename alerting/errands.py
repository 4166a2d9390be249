"""An errand: one notice on its way to a notifier, with everything its message needs. Pure data and its making."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Row

from alerting.messages import Facts


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """A notice under our lease, and the incident as it stood when it was taken."""

    key: str
    incident: str
    step: int
    person: str
    locale: str
    channel: str
    address: str
    attempts: int
    facts: Facts
    observed_at: int | None
    received_at: int | None
    stored_at: int | None


def columns(row: Row[Any]) -> dict[str, Any]:
    """Return a row as a dictionary by column name."""
    return {str(name): value for name, value in row._mapping.items()}


def errand(notice: Mapping[str, Any], incident: Mapping[str, Any]) -> Errand:
    """Return the errand of a notice row and its incident row."""
    return Errand(
        key=notice["key"],
        incident=incident["id"],
        step=notice["step"],
        person=notice["person"],
        locale=notice["locale"],
        channel=notice["channel"],
        address=notice["address"],
        attempts=notice["attempts"],
        facts=Facts(
            signal=incident["signal"],
            state=incident["state"],
            site=incident["site"],
            zone=incident["zone"],
            device=incident["device"],
            at=incident["opened_at"],
            purpose=notice["purpose"],
        ),
        observed_at=incident["device_at"],
        received_at=incident["received_at"],
        stored_at=incident["stored_at"],
    )

"""The latency ledger of an incident: when its first alarm passed each point of the road. Pure."""

from collections.abc import Iterable
from typing import Any

from alerting.views import LedgerView


def ledger(incident: Any, notices: Iterable[Any]) -> LedgerView:
    """Return the ledger of an incident row and its notice rows; None for what has not happened."""
    rows = list(notices)
    return LedgerView(
        device=incident.device_at,
        received=incident.received_at,
        stored=incident.stored_at,
        accepted=incident.accepted_at,
        opened=incident.opened_at,
        displayed=incident.displayed_at,
        handed_over=min((row.sent_at for row in rows if row.sent_at is not None), default=None),
        delivered=min((row.receipt_at for row in rows if row.receipt_at is not None), default=None),
        acknowledged=incident.acknowledged_at,
        confirmed=incident.confirmed_at,
    )

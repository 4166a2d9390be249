"""Ways to reach people. A file here is a kind; it sends one notice and knows nothing of incidents, steps or retries.

To add a kind: write a file with a class that fits `Notifier`, taking its settings table, and name it in `kinds.py`.
`send` hands one notice to the provider and returns the provider's id for it. It raises Retryable when the same notice
may be tried again (network, 5xx, 429 with its Retry-After), Rejected when that is useless (unknown number, 4xx). It
sends the notice's id along, so that a provider that remembers ids sends a repeated one once. It never logs a telephone
number.
"""

from typing import Literal, Protocol

import msgspec


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person."""

    id: str
    """Idempotency key (incident, step, recipient, channel)."""
    incident: str
    step: int
    person: str
    channel: str
    to: str
    """Telephone number or what the channel takes for one; personal data."""
    title: str
    text: str
    site: str
    zone: str
    state: str
    opened_at: int
    observed_at: int | None
    received_at: int | None
    spooled_at: int | None
    sent_at: int
    receipt_url: str
    """Where the provider may report delivery."""


class Notifier(Protocol):
    """One configured way to reach people."""

    receipts: Literal["on_sending", "later"]
    """Whether taking the notice is the receipt, or one comes to the receipt address."""

    async def send(self, notice: Notice) -> str:
        """Hand the notice over; return the provider's message id. Raises Retryable or Rejected."""

    async def close(self) -> None:
        """Let go of connections."""

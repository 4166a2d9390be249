"""What notifiers hear from outside: receipts and replies. Shapes only; judges nothing and stores nothing.

Two roads lead here. A notifier with a line of its own (SMPP, a modem) fits `Listening`: one task per notifier runs
`listen` for as long as the process lives. A provider that calls back fits `CalledBack`: `POST /receipts/<name>` hands
the body to `heard`. Both give the same `Heard`.

A receipt can arrive before the notice is recorded as sent: whoever takes it must keep a receipt it cannot place yet.
`hear` raises Retryable for what it could not keep: a modem's files stay and are handed over again, a message centre's
words are lost (it was answered already), and the next rung is told for want of the receipt.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message. Final: nothing is heard for messages still on their way."""

    id: str
    """The provider's message id, as `send` returned it; empty where the provider gives back the notice's only."""
    status: Literal["delivered", "failed"]
    at: int
    """Epoch ms; when the provider says it happened, else when we heard."""
    notice: str = ""
    """The notice's id, where the provider gives it back."""
    reason: str = ""
    """Why it failed, in the provider's words; no telephone number."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A message from a person."""

    from_: str
    """Telephone number in international form (`+86…`); personal data. Whether it is known is for others to say."""
    text: str
    at: int
    """Epoch ms."""
    id: str = ""
    """The provider's id of the reply, the same if it is handed over twice; empty where there is none."""


Heard: TypeAlias = Receipt | Reply
Hear: TypeAlias = Callable[[Heard], Awaitable[None]]


@runtime_checkable
class Listening(Protocol):
    """A notifier that hears by itself."""

    async def listen(self, hear: Hear) -> None:
        """Hear until cancelled, connecting anew as needed. What `hear` raises, other than Retryable, ends it."""


@runtime_checkable
class CalledBack(Protocol):
    """A notifier whose provider reports to `POST /receipts/<name>`."""

    answer: tuple[str, bytes]
    """Content type and body with which the provider wants a callback answered (200)."""

    def heard(self, body: bytes, headers: Mapping[str, str], *, query: str = "", now: int) -> list[Heard]:
        """Return what a callback says. `headers` have lower-case names, `query` is the raw query string.

        Raises Rejected when the caller does not prove to be the provider, DecodeError when the body cannot be read.
        """

"""Which parts of which messages a receipt is awaited for; a message is delivered when all its parts are. Pure, bounded.

What is forgotten (a restart, too many) leaves a message without a receipt, and the next rung is told: the safe side.
"""

from collections import OrderedDict
from dataclasses import dataclass

from alerting.notifiers.listening import Receipt
from alerting.notifiers.smpp_receipt import Outcome, spellings


@dataclass(slots=True)
class _Message:
    id: str
    notice: str
    to: str
    missing: set[str]


class Awaited:
    """Parts of messages by the ids the centre gave them, and receipts that came before their message was known."""

    def __init__(self, *, parts: int = 20_000, early: int = 500) -> None:
        """`parts` and `early` are how many parts, and receipts of unknown parts, are remembered."""
        self._limits = parts, early
        self._parts: OrderedDict[str, _Message] = OrderedDict()
        self._early: OrderedDict[str, tuple[Outcome, str, str]] = OrderedDict()

    def sent(self, ids: list[str], *, notice: str, to: str, at: int) -> tuple[str, Receipt | None]:
        """Await receipts for a message's parts. Return its id, and its receipt where the last one came before this."""
        message = _Message("+".join(ids), notice, to, set(ids))
        self._parts.update(dict.fromkeys(ids, message))
        while len(self._parts) > self._limits[0]:
            self._parts.popitem(last=False)
        receipt = None
        for given in [early for early, (_, _, number) in self._early.items() if self._part(early, number) in ids]:
            outcome, reason, number = self._early.pop(given)
            receipt = self.told(given, outcome, reason=reason, number=number, at=at) or receipt
        return message.id, receipt

    def told(self, given: str, outcome: Outcome, *, reason: str, number: str, at: int) -> Receipt | None:
        """Take one part's receipt, about `number`. Return the message's when it is complete; None while parts lack.

        A receipt for a part that is not known is kept for a while, and returned under its own id: after a restart it
        may be that of a message of one part.
        """
        part = self._part(given, number)
        message = self._parts.pop(part, None) if part else None
        if message is None:
            self._early[given] = (outcome, reason, number)
            while len(self._early) > self._limits[1]:
                self._early.popitem(last=False)
            return Receipt(id=given, status=outcome, at=at, reason=reason)
        message.missing.discard(part)
        if outcome == "failed":
            for rest in message.missing:
                self._parts.pop(rest, None)
        elif message.missing:
            return None
        return Receipt(id=message.id, notice=message.notice, status=outcome, at=at, reason=reason)

    def _part(self, given: str, number: str) -> str:
        """Return the id under which a part is awaited; empty for none.

        An id spelled otherwise than on submitting counts only when the receipt is about the number we sent to.
        """
        if given in self._parts:
            return given
        near = number[-7:]
        found = (spelling for spelling in spellings(given) if spelling in self._parts)
        return next((part for part in found if near and self._parts[part].to.endswith(near)), "")

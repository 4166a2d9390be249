"""Reads SMPP delivery receipts, and matches their ids with the ones given on submitting. Pure.

SMPP 3.4, 5.2.28 and appendix B: message state in optional parameters, or in a text of `id:… stat:…` fields.
"""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["delivered", "failed"]
_STATES: dict[str, Outcome] = {
    "DELIVRD": "delivered",
    "EXPIRED": "failed",
    "DELETED": "failed",
    "UNDELIV": "failed",
    "REJECTD": "failed",
}
_NUMBERS = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s*(\w+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*(\w+)", re.IGNORECASE)


def read_receipt(text: str, id_: str | None, state: int | None) -> tuple[str, Outcome, str] | None:
    """Return (message id, outcome, reason); None for states that are not final and for what is no receipt.

    `id_` and `state` are the receipted_message_id and message_state parameters, where sent; they go before the text.
    """
    found = _ID.search(text)
    id_ = id_ or (found[1] if found else "")
    named = _STATE.search(text)
    word = _NUMBERS.get(state, "") if state is not None else named[1].upper() if named else ""
    outcome = _STATES.get(word)
    if not id_ or outcome is None:
        return None
    error = _ERROR.search(text)
    reason = "" if outcome == "delivered" else f"{word} err {error[1]}" if error else word
    return id_, outcome, reason


def spellings(id_: str) -> Iterator[str]:
    """Yield how else a message id may have been written: centres mix decimal and hexadecimal, and pad with zeros."""
    bare = id_.lstrip("0").upper()
    yield bare
    if bare.isascii() and bare.isdigit():
        yield f"{int(bare):X}"
    if re.fullmatch(r"[0-9A-F]{1,16}", bare):
        yield str(int(bare, 16))

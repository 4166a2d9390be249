"""Telephone numbers in one form, so that providers take them and replies find their person. Looks nothing up."""

import re
import unicodedata

from standpipe.model.errors import Rejected

_FORMAT = re.compile(r"[\s().\-/]")


def international(number: str, country: str) -> str:
    """Return a number as `+<calling code><number>`. Raises Rejected, without the number, when it is none.

    A number without a code is of `country` (`86`); trunk zeros are dropped. `0086…` and `86` + 11 digits are read.
    """
    plain = _FORMAT.sub("", unicodedata.normalize("NFKC", number))
    if plain.startswith("+"):
        digits = plain[1:]
    elif plain.startswith("00"):
        digits = plain[2:]
    elif country == "86" and re.fullmatch(r"861\d{10}", plain):
        digits = plain
    else:
        digits = country + plain.lstrip("0")
    if not re.fullmatch(r"[1-9]\d{6,14}", digits):
        raise Rejected("this person has no telephone number" if not plain else "not a telephone number")
    return f"+{digits}"


def sender(number: str, country: str) -> str | None:
    """Return the number a message came from as `international` does; None for a service's name and the like."""
    try:
        return international(number, country)
    except Rejected:
        return None

"""Short messages as octets: UCS-2 parts with their header out, received octets back into text. Pure."""

import zlib

SINGLE = 70
"""UTF-16 units of one short message (3GPP TS 23.040: 140 octets)."""
PART = 66
"""UTF-16 units of a part: 140 octets less the 7 of a header with a 16-bit reference."""
_GSM7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def ucs2_parts(text: str, key: str) -> list[bytes]:
    """Return the user data of each short message: one without a header, or several with a concatenation header.

    The reference comes from `key`, so that a message sent again is put together with what came of it before. No
    character outside the BMP is cut in two. Longer than 255 parts is cut.
    """
    octets = text.encode("utf-16-be", "replace")
    if len(octets) <= SINGLE * 2:
        return [octets]
    bodies = []
    while octets:
        end = PART * 2
        if len(octets) > end and 0xD8 <= octets[end - 2] <= 0xDB:
            end -= 2
        bodies.append(octets[:end])
        octets = octets[end:]
    bodies = bodies[:255]
    reference = zlib.crc32(key.encode()) & 0xFFFF
    head = bytes((6, 8, 4)) + reference.to_bytes(2, "big") + bytes((len(bodies),))
    return [head + bytes((number,)) + body for number, body in enumerate(bodies, 1)]


def text_of(octets: bytes, coding: int, *, header: bool) -> str:
    """Return the text of a received message; `coding` is SMPP's data_coding; a `header` is cut off."""
    if header and octets:
        octets = octets[1 + octets[0] :]
    if coding == 8:
        return octets.decode("utf-16-be", "replace")
    if coding in (0, 1) and all(octet < 128 for octet in octets):
        return octets.decode("ascii") if coding else "".join(_GSM7[octet] for octet in octets)
    return octets.decode("latin-1")
